/**
 * `npm run seed:large`: fills an empty database with a million accounts, ten million events and fifty thousand open flags
 * (and as many decided ones), so that the desk can be tried and measured at full size. DATABASE_URL says which;
 * `-- --divide 1000` makes it a thousand times smaller. Needs PostgreSQL and about 10 GB.
 */
import { sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { migrateDatabase, rows, type Database } from '../../src/base/database.js';
import { Progress } from '../../src/commands/progress.js';

export interface Sizes {
  readonly accounts: number;
  readonly events: number;
  readonly flags: number;
}

export const FULL: Sizes = { accounts: 1_000_000, events: 10_000_000, flags: 50_000 };

export const divided = (by: number): Sizes => ({
  accounts: Math.ceil(FULL.accounts / by),
  events: Math.ceil(FULL.events / by),
  flags: Math.ceil(FULL.flags / by),
});

/** Rows in one statement: few enough that the progress bar moves. */
const BATCH = 25_000;

/** Connections that fill at once. More than the machine has cores would only wait for each other. */
const LANES = 2;

/** An id with the form of a real one, made from a number, so that other tables can refer to it. */
const id = (prefix: string, n: SQL): SQL => sql`${`${prefix}_`} || substr(md5(${prefix} || ${n}::text), 1, 22)`;

/** Months of events, the current one included. */
const MONTHS = 13;

export async function seedLarge(
  db: Database,
  sizes: Sizes,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const total = sizes.accounts + sizes.events + 3 * sizes.flags;
  let done = 0;
  const fill = (count: number, insert: (from: number, to: number) => SQL): Promise<void> =>
    inLanes(count, async (from, to) => {
      await db.execute(insert(from, to));
      onProgress((done += to - from + 1), total);
    });
  await db.execute(
    sql`select ensure_security_events_partition((now() - n * interval '1 month')::date) from generate_series(0, ${MONTHS}::int) n`,
  );
  // Ten million rows into five indexes are slower than five indexes over ten million rows.
  const remade = await dropIndexes(db);
  await fill(sizes.accounts, accountRows);
  await fill(sizes.events, (from, to) => eventRows(from, to, sizes));
  await eachInLanes(remade, (definition) => db.execute(sql.raw(definition)));
  await db.execute(sql`analyze accounts`);
  await fill(sizes.flags, (from, to) => flagRows(from, to, sizes, true));
  await fill(sizes.flags, (from, to) => flagRows(from, to, sizes, false));
  await db.execute(sql`analyze account_flags`);
  await fill(sizes.flags, evidenceRows);
  await db.execute(storedTimes);
  // What the server would otherwise begin on by itself, in the middle of a measurement.
  await eachInLanes(await tablesToVacuum(db), (table) =>
    db.execute(sql`vacuum (analyze, parallel 0) ${sql.identifier(table)}`),
  );
  await db.execute(sql`analyze security_events`);
}

/** Each lane has a stretch of its own, in order: two lanes never wait for one page. */
async function inLanes(count: number, batch: (from: number, to: number) => Promise<void>): Promise<void> {
  const stretch = Math.ceil(count / LANES);
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const last = Math.min(count, (lane + 1) * stretch);
      for (let from = lane * stretch + 1; from <= last; from += BATCH) {
        await batch(from, Math.min(last, from + BATCH - 1));
      }
    }),
  );
}

async function eachInLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Those of accounts and events, but for the primary keys. @returns the statements that make them again. */
async function dropIndexes(db: Database): Promise<string[]> {
  const found = await rows<{ name: string; definition: string }>(
    db,
    sql`select c.relname as name, pg_get_indexdef(c.oid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid in ('security_events'::regclass, 'accounts'::regclass) and not i.indisprimary
        order by i.indrelid = 'accounts'::regclass, c.relname`,
  );
  for (const { name } of found) await db.execute(sql`drop index ${sql.identifier(name)}`);
  return found.map(({ definition }) => definition.replace(' ON ONLY ', ' ON '));
}

/** The partitions and the tables beside them; the largest first, so that the lanes end together. */
async function tablesToVacuum(db: Database): Promise<string[]> {
  const found = await rows<{ name: string }>(
    db,
    sql`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
          and (relname ~ '^security_events_' or relname in ('accounts', 'account_flags', 'flag_events', 'flag_actions'))
        order by relpages desc`,
  );
  return found.map(({ name }) => name);
}

const accountRows = (from: number, to: number): SQL => sql`
  insert into accounts (id, email, email_key, display_name, sessions_valid_after, created_at, locked_at, lock_reason)
  select ${id('acct', sql`n`)}, 'p' || n || '@large.example', 'p' || n || '@large.example', 'Person ' || n, now(),
    now() - n * interval '20 seconds', case when n % 5000 = 0 then now() end, case when n % 5000 = 0 then 'ABUSE' end
  from generate_series(${from}::int, ${to}::int) n`;

/** In the order of time, as they would have come; most of them sign-ins, and for a few accounts very many. */
const eventRows = (from: number, to: number, { accounts, events }: Sizes): SQL => sql`
  insert into security_events (id, kind, occurred_at, account_id, email_key, request_id, ip, network, user_agent)
  select ${id('evt', sql`n`)},
    (array['signed_in', 'signed_in', 'signed_in', 'sign_in_failed', 'password_reset_requested', 'password_reset', 'password_changed', 'session_revoked'])[1 + n % 8],
    now() - (${events}::int - n + 1) * (interval '390 days' / ${events}::int), account.id, account.email_key,
    'seed', address, address, 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  from generate_series(${from}::int, ${to}::int) n
  cross join lateral (select 1 + (n::bigint * 7919) % (case when n % 20 = 0 then greatest(1, ${accounts}::int / 1000) else ${accounts}::int end) as number) owner
  cross join lateral (select ${id('acct', sql`owner.number`)} as id, 'p' || owner.number || '@large.example' as email_key) account
  cross join lateral (select '10.' || (n % 200) || '.' || (n / 200 % 250) || '.' || (n / 50000 % 250) as address) source`;

/**
 * Nine of ten accounts in the queue have one open flag, the others two. Decided flags lie on the same accounts and on
 * others. Severities as an attack leaves them: mostly low.
 */
const flagRows = (from: number, to: number, { accounts, flags }: Sizes, isOpen: boolean): SQL => sql`
  insert into account_flags (id, account_id, reason, severity, status, note, flagged_at, account_flagged_since, reason_flagged_since,
    decision, resolved_at, resolved_by, event_count, first_event_at, last_event_at, distinct_sources, affected_account_count,
    threshold_count, threshold_window_seconds)
  select ${isOpen ? id('flag', sql`n`) : sql`'flag_' || substr(md5('decided' || n::text), 1, 22)`}, owner.id,
    (array['REPEATED_RESET_REQUESTS', 'CREDENTIAL_STUFFING', 'REPEATED_PASSWORD_RESETS', 'MANUAL', 'SECOND_FACTOR_ABUSE'])[1 + owner.reason],
    (array[1, 1, 1, 1, 1, 1, 2, 2, 3, 4])[1 + (n * 13) % 10], ${isOpen ? 'OPEN' : 'RESOLVED'}, null, at, at, at,
    ${isOpen ? null : 'DISMISS'}, ${isOpen ? sql`null::timestamptz` : sql`at + interval '1 hour'`},
    ${isOpen ? null : 'acct_desk'}, 5, at - interval '1 hour', at, 3, 1, 5, 3600
  from generate_series(${from}::int, ${to}::int) n
  cross join lateral (
    select ${id('acct', sql`(1 + ((n - 1) % greatest(1, ${flags}::int * 9 / 10)) % ${accounts}::int)`)} as id,
      ((n - 1) % 5 + (n - 1) / greatest(1, ${flags}::int * 9 / 10)) % 5 as reason) owner
  cross join lateral (
    select now() - ((n::bigint * 104729) % 2592000) * interval '1 second' - ${isOpen ? 0 : 60}::int * interval '1 day' as at) raised`;

const evidenceRows = (from: number, to: number): SQL => sql`
  with flags as (
      select f.id, f.flagged_at, f.account_id from generate_series(${from}::int, ${to}::int) n
      join account_flags f on f.id = ${id('flag', sql`n`)}),
    actions as (
      insert into flag_actions (id, flag_id, kind, at)
      select 'fact_' || substr(md5(id), 1, 22), id, 'RAISED', flagged_at from flags)
  insert into flag_events (flag_id, event_id, occurred_at, network, account_id)
  select id, 'evt_' || substr(md5(id || k), 1, 22), flagged_at - k * interval '1 minute', '10.0.0.' || k, account_id
  from flags cross join generate_series(1, 5) k`;

/** The times that a flag keeps of its account's others, as raising them one by one leaves them. */
const storedTimes = sql`
  update account_flags f set reason_flagged_since = t.reason_since, account_flagged_since = t.account_since
  from (
    select id, min(flagged_at) over (partition by account_id, reason) as reason_since,
      coalesce(min(flagged_at) filter (where status <> 'RESOLVED') over (partition by account_id), flagged_at) as account_since
    from account_flags) t
  where f.id = t.id and (f.reason_flagged_since, f.account_flagged_since) is distinct from (t.reason_since, t.account_since)`;

async function main(): Promise<void> {
  const url = process.env['DATABASE_URL'];
  const by = Number(process.argv[process.argv.indexOf('--divide') + 1] ?? 1) || 1;
  if (!url) throw new Error('Set DATABASE_URL to an empty PostgreSQL database.');
  await migrateDatabase({ databaseUrl: url, migrateDatabaseUrl: null, dataDir: '' });
  // Not the program's own connections: theirs give up on a statement after five seconds.
  const client = postgres(url, {
    max: LANES,
    onnotice: () => {},
    connection: {
      statement_timeout: 0,
      synchronous_commit: 'off',
      maintenance_work_mem: '512MB',
      // The lanes are all the cores there are.
      max_parallel_maintenance_workers: 0,
    },
  });
  const db = drizzle({ client });
  try {
    const [found] = await rows<{ n: number }>(
      db,
      sql`select count(*)::int as n from (select 1 from accounts limit 1) one`,
    );
    if (found?.n) throw new Error('That database has accounts: this is for an empty one.');
    const progress = new Progress(1);
    let inserted = 0;
    await seedLarge(db, divided(by), (done, total) => progress.update(done / total, (inserted = done)));
    progress.end(1, inserted);
  } finally {
    await client.end();
  }
}

if (process.argv[1]?.endsWith('seed-large.ts')) await main();
