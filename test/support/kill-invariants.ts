/** What must hold in the database whenever the program was killed, and what its people were told. */
import type postgres from 'postgres';
import { errands } from './kill-errands.js';
import type { Life } from './kill-life.js';
import type { Program } from './program.js';

/** Rows that only exist together, since one transaction writes them. Each answers accounts or counts that break that. */
const together: Record<string, string> = {
  'an account without a password': `select id from accounts a where not exists (select 1 from passwords p where p.account_id = a.id)`,
  'an account that is not created exactly once': `select a.id from accounts a where 1 <> (
    select count(*) from security_events e where e.account_id = a.id and e.kind = 'account_created')`,
  'an epoch raised without its event, or an event without its epoch': `select a.id from accounts a
    where a.closed_at is null and a.credential_epoch - 1 <> (select count(*) from security_events e
      where e.account_id = a.id and (e.kind in ('password_changed', 'password_reset') or e.details ? 'sessions'))`,
  'a change without its notice': `select e.id from security_events e
    where e.kind in ('password_changed', 'password_reset')
      and 1 > (select count(*) from outbox o where o.account_id = e.account_id and o.message = 'security_notice'
        and (o.done_at is not null or o.payload->>'eventId' = e.id))`,
  'requests and letters that do not match': `select 1 from (select
      (select count(*) from security_events where kind = 'password_reset_requested') as events,
      (select count(*) from outbox where message = 'password_reset') as letters) n where n.events <> n.letters`,
  'a session of a later epoch than its account': `select s.id from sessions s join accounts a on a.id = s.account_id where s.epoch > a.credential_epoch`,
  'a closed account without its event, or the other way round': `select a.id from accounts a
    where (a.closed_at is not null) <> exists (select 1 from security_events e where e.account_id = a.id and e.kind = 'account_closed')`,
  'a session that ended without its event': `select s.id from sessions s where s.revoked_at is not null and not exists (
    select 1 from security_events e where e.account_id = s.account_id and e.occurred_at = s.revoked_at)`,
  'passkeys that do not match their events': `select a.id from accounts a where a.closed_at is null
    and (select count(*) from passkeys p where p.account_id = a.id and p.removed_at is null) <> (select coalesce(sum(case e.kind
      when 'passkey_added' then 1 when 'passkey_removed' then -1 else 0 end), 0) from security_events e where e.account_id = a.id)`,
  'second factors that do not match their events': `select a.id from accounts a where a.closed_at is null
    and (select count(*) from second_factors f where f.account_id = a.id and f.confirmed_at is not null and f.removed_at is null)
      <> (select coalesce(sum(case e.kind when 'second_factor_added' then 1 when 'second_factor_removed' then -1 else 0 end), 0)
          from security_events e where e.account_id = a.id)`,
  'a dead letter': `select id from outbox where dead_at is not null`,
};

/** The event of each deed. */
const eventOf: readonly (readonly [deed: string, event: string])[] = [
  ['completeSignUp', 'account_created'],
  ['changePassword', 'password_changed'],
  ['completePasswordReset', 'password_reset'],
  ...errands.flatMap(({ mutation, event }) => (event === null ? [] : [[mutation, event] as const])),
];
/** @param program at the end, when nothing waits any more: then every letter promised must have arrived. */
export async function checkInvariants(db: postgres.Sql, life: Life, program?: Program): Promise<string[]> {
  const broken = life.broken.splice(0);
  for (const [what, statement] of Object.entries(together)) {
    const found = await db.unsafe(statement);
    if (found.length > 0) broken.push(`${what} (${found.length})`);
  }
  broken.push(...(await deedsAgainstEvents(db, life)));
  if (program) broken.push(...(await lettersArrived(db, life, program)));
  return broken;
}

/** Each deed told has its event, and there are no more events than deeds told or cut off: nothing lost, no second winner. */
async function deedsAgainstEvents(db: postgres.Sql, life: Life): Promise<string[]> {
  const kinds = [...new Set(eventOf.map(([, kind]) => kind))];
  const counts = await db<{ email: string; kind: string; n: number }[]>`
    select coalesce(a.email, a.id) as email, e.kind, count(*)::int as n
    from security_events e join accounts a on a.id = e.account_id where e.kind = any (${kinds}) group by 1, 2`;
  const count = new Map(counts.map(({ email, kind, n }) => [`${email} ${kind}`, n]));
  return life.citizens.flatMap(({ email, told, maybe }) =>
    kinds.flatMap((kind) => {
      const deeds = eventOf.filter(([, event]) => event === kind).map(([deed]) => deed);
      const least = deeds.reduce((sum, deed) => sum + told.of(deed), 0);
      const most = deeds.reduce((sum, deed) => sum + maybe.of(deed), least);
      const n = count.get(`${email} ${kind}`) ?? 0;
      // Three browsers use a link at once: of those that were cut off one may have won.
      return n >= least && n <= most ? [] : [`${email}: told ${least} of ${kind} (at most ${most}), events ${n}`];
    }),
  );
}

async function lettersArrived(db: postgres.Sql, life: Life, program: Program): Promise<string[]> {
  const [waiting] = await db<{ n: number }[]>`
    select count(*)::int as n from outbox where done_at is null and dead_at is null`;
  const broken = waiting?.n ? [`${waiting.n} letters are still waiting`] : [];
  await life.readLetters(program);
  for (const { email, told } of life.citizens) {
    for (const [deed, page] of [
      ['signUp', 'sign-up'],
      ['requestPasswordReset', 'reset-password'],
    ] as const) {
      const arrived = life.letters(email, page);
      if (arrived < told.of(deed)) broken.push(`${email}: ${told.of(deed)} times ${deed}, ${arrived} letters`);
    }
  }
  return broken;
}
