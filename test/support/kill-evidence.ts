/** Each deed told has what it must leave, and there is no more of that than deeds told or cut off. */
import type postgres from 'postgres';
import { evidenceOf } from './kill-errands.js';
import type { Life } from './kill-life.js';

/** How much of each kind there is, by whose account or by whose hand it is. */
const EVIDENCE = `
  select account_id as who, case when details ? 'cancelled' then 'manual_reset_cancelled'
      when kind = 'password_reset_requested' then 'password_reset_link_asked' else kind end as what, count(*)::int as n
    from security_events where account_id is not null and not by_staff
      and (kind <> 'password_reset_requested' or session_id is not null) group by 1, 2
  union all select by_account_id, action, count(*)::int from audit_entries where by_account_id is not null group by 1, 2
  union all select account_id, message, count(*)::int from outbox where message = 'challenge_code' group by 1, 2
  union all select a.id, 'manual_reset_filed', count(*)::int
    from support_requests r join accounts a on a.email_key = r.email_key group by 1`;

/** Deeds by what they leave: several leave the same. */
const deedsThatLeave = new Map<string, string[]>();
for (const [deed, kinds] of evidenceOf) {
  for (const kind of kinds) deedsThatLeave.set(kind, [...(deedsThatLeave.get(kind) ?? []), deed]);
}

/** Whose account is whose, of those who have not been told themselves. */
async function findAccounts(db: postgres.TransactionSql, { everyone }: Life): Promise<void> {
  const unknown = everyone.filter(({ accountId }) => accountId === null);
  const found = await db<{ id: string; email: string }[]>`
    select id, email from accounts where email = any (${unknown.flatMap(({ addresses }) => addresses)})`;
  for (const citizen of unknown) {
    citizen.accountId = found.find(({ email }) => citizen.addresses.includes(email))?.id ?? null;
  }
}

export async function lacksEvidence(db: postgres.TransactionSql, life: Life): Promise<string[]> {
  await findAccounts(db, life);
  const rows = await db.unsafe<{ who: string; what: string; n: number }[]>(EVIDENCE);
  const count = new Map(rows.map(({ who, what, n }) => [`${who} ${what}`, n]));
  return life.everyone.flatMap(({ name, accountId, told, maybe }) =>
    [...deedsThatLeave].flatMap(([kind, deeds]) => {
      const least = deeds.reduce((sum, deed) => sum + told.of(deed), 0);
      const most = deeds.reduce((sum, deed) => sum + maybe.of(deed), least);
      const n = count.get(`${accountId} ${kind}`) ?? 0;
      return n >= least && n <= most ? [] : [`${name}: told ${least} of ${kind} (at most ${most}), there are ${n}`];
    }),
  );
}

/** Columns that people set, by the name or the row that `holds` knows them by. */
const COLUMNS = `select id as who, 'display name' as what, display_name as value from accounts
  union all select account_id, id, label from passkeys where removed_at is null`;

/** What was told to be written is there, and nothing that was never asked for. */
export async function holdsOther(db: postgres.TransactionSql, { everyone }: Life): Promise<string[]> {
  const rows = await db.unsafe<{ who: string; what: string; value: string | null }[]>(COLUMNS);
  const value = new Map(rows.map((row) => [`${row.who} ${row.what}`, row.value]));
  return everyone.flatMap(({ name, accountId, holds, isGone }) =>
    [...holds].flatMap(([what, expected]) => {
      const key = `${accountId} ${what}`;
      // What was taken off since has no value.
      const isAllowed = isGone || !value.has(key) || expected.includes(value.get(key) ?? '');
      return isAllowed ? [] : [`${name}: ${what} is ${value.get(key)}, told ${expected.join(' or ')}`];
    }),
  );
}
