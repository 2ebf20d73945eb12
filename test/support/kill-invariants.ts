/** What must hold in the database whenever the program was killed, and what its people were told. */
import type postgres from 'postgres';
import { holdsOther, lacksEvidence } from './kill-evidence.js';
import type { Life } from './kill-life.js';
import { together } from './kill-together.js';
import type { Program } from './program.js';

/** One look at one moment: the program goes on beside it. @param program at the end, when nothing waits any more. */
export async function checkInvariants(db: postgres.Sql, life: Life, program?: Program): Promise<string[]> {
  const broken = life.broken.splice(0);
  await db.begin('isolation level repeatable read read only', async (db) => {
    for (const [what, statement] of Object.entries(together)) {
      const found = await db.unsafe(statement);
      if (found.length > 0) broken.push(`${what} (${found.length}): ${JSON.stringify(found.slice(0, 3))}`);
    }
    broken.push(...(await lacksEvidence(db, life)), ...(await holdsOther(db, life)));
    if (program) broken.push(...(await lettersArrived(db, life, program)));
  });
  return broken;
}

/** Every letter that was promised must have arrived. */
async function lettersArrived(db: postgres.TransactionSql, life: Life, program: Program): Promise<string[]> {
  const [waiting] = await db<{ n: number }[]>`
    select count(*)::int as n from outbox where done_at is null and dead_at is null`;
  const broken = waiting?.n ? [`${waiting.n} letters are still waiting`] : [];
  await life.letters.read(program.url);
  for (const { name, kind, told, addresses, references, isGone } of life.everyone) {
    const count = (page: string) => life.letters.countLeadingTo(page, addresses);
    // Whoever is gone or locked gets no link, and who has moved is not at the address of a moment before.
    const asked = isGone || kind === 'moving' || kind === 'watched' ? 0 : told.of('requestPasswordReset');
    if (count('sign-up') < told.of('signUp'))
      broken.push(`${name}: ${told.of('signUp')} times signUp, too few letters`);
    if (count('reset-password') < asked) broken.push(`${name}: ${asked} resets, ${count('reset-password')} letters`);
    const texts = addresses.flatMap((to) => life.letters.to(to)).map(({ text }) => text);
    for (const reference of references) {
      if (!isGone && !texts.some((text) => text.includes(reference)))
        broken.push(`${name}: no letter names ${reference}`);
    }
  }
  return broken;
}
