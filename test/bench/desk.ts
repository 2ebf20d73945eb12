/**
 * `npm run bench:desk`: what the desk and the rules cost at full size, beside a database a thousand times smaller, in turns
 * in one run. Two databases filled by `npm run seed:large`: LARGE_DATABASE_URL, and SMALL_DATABASE_URL (`-- --divide 1000`).
 * Shows the plans, so that it can be seen which index is read. Asserts nothing. Arguments name the parts to run: plans, lists,
 * counts, events.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type SQL } from 'drizzle-orm';
import { loadConfig } from '../../src/base/config.js';
import type { Context } from '../../src/base/context.js';
import { rows } from '../../src/base/database.js';
import { openLog } from '../../src/base/log.js';
import { newId } from '../../src/base/secrets.js';
import { advanceTestClock } from '../../src/base/time.js';
import { openMailbox } from '../../src/delivery/mailbox.js';
import { judgeEvents } from '../../src/flagged-accounts/detection.js';
import { countFlaggedAccounts, flaggedAccounts, type QueueQuery } from '../../src/flagged-accounts/queue.js';
import { closeHashPool } from '../../src/passwords/hash-pool.js';
import { recordEvent } from '../../src/security-events/service.js';
import { openNode } from '../../src/server/node.js';
import { runJobsOnce } from '../../src/worker.js';
import type { App } from '../support/app.js';
import { createClient, type Client } from '../support/client.js';
import { createPerson } from '../support/person.js';
import { staffMember, type StaffMember } from '../support/staff.js';
import { median, quantile } from '../support/statistics.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 200);
const DEEP = 100;

interface Side {
  readonly app: App;
  readonly desk: StaffMember;
}

const QUEUE = `query ($filter: FlaggedAccountFilter, $orderBy: FlaggedAccountOrder, $after: String) {
  flaggedAccounts(filter: $filter, orderBy: $orderBy, after: $after) {
    edges { severity flaggedAt node { id email } matchingFlags { id reason } } pageInfo { endCursor hasNextPage } } }`;
const OPEN = ['OPEN', 'CLAIMED'];
const SEVERITY = { field: 'SEVERITY', direction: 'DESC' };
const TIME = { field: 'FLAGGED_AT', direction: 'ASC' };

const lists: Record<string, { filter: Record<string, unknown>; orderBy: Record<string, string> }> = {
  'by severity': { filter: { statuses: OPEN }, orderBy: SEVERITY },
  'by time': { filter: { statuses: OPEN }, orderBy: TIME },
  'one reason, by severity': { filter: { statuses: OPEN, reasons: ['CREDENTIAL_STUFFING'] }, orderBy: SEVERITY },
  'one reason, by time': { filter: { statuses: OPEN, reasons: ['CREDENTIAL_STUFFING'] }, orderBy: TIME },
  'one reason, decided ones too, by severity': { filter: { reasons: ['CREDENTIAL_STUFFING'] }, orderBy: SEVERITY },
  'one reason, decided ones too, by time': { filter: { reasons: ['CREDENTIAL_STUFFING'] }, orderBy: TIME },
  'claimed by me, by severity': { filter: { claimedByMe: true }, orderBy: SEVERITY },
  'claimed by me, by time': { filter: { claimedByMe: true }, orderBy: TIME },
};

async function openSide(url: string | undefined): Promise<Side> {
  if (!url) throw new Error('Set LARGE_DATABASE_URL and SMALL_DATABASE_URL.');
  const app = await openAt(url);
  const desk = await staffMember(app, 'reviewer', { email: `desk.${newId('x')}@example.org` });
  await claimSome(app.ctx, desk.id);
  return { app, desk };
}

/** The application as `openApp` makes it for tests, on a database that is there already, and outside Jest. */
async function openAt(url: string): Promise<App> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-desk-'));
  const config = loadConfig({
    APP_ENV: 'test',
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    PUBLIC_URL: 'http://localhost:4000',
    LOG_LEVEL: 'error',
    LIMIT_QUERIES_PER_NETWORK: '0',
    LIMIT_REQUESTS_PER_NETWORK: '0',
  });
  const node = await openNode(config, openLog(config.LOG_LEVEL, { write: () => {} }));
  const http = await node.createHttpApp();
  const ctx = node.systemContext('bench');
  const mailbox = openMailbox(config.mailboxFile as string);
  const app: App = {
    config,
    http,
    ctx,
    logLines: [],
    client: (options) => createClient(http, config, options),
    person: (options) => createPerson(app, options),
    work: () => runJobsOnce(ctx, node.transport),
    async mailTo(recipient) {
      await app.work();
      return (await mailbox.list()).filter(({ to }) => to === recipient);
    },
    advance: (seconds) => advanceTestClock(ctx, seconds),
    async close() {
      await http.close();
      await node.close();
      rmSync(dataDir, { recursive: true });
    },
  };
  return app;
}

/** A hundred cases in the hands of the staff member, as far as there are so many. */
const claimSome = (ctx: Context, staffId: string) =>
  ctx.db.execute(sql`update account_flags set status = 'CLAIMED', claimed_by = ${staffId}, claimed_at = now()
    where id in (select id from account_flags where status = 'OPEN' order by id limit 100)`);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The cursor before the hundredth page; of a shorter list, before its last. */
async function deepCursor(client: Client, variables: object): Promise<string | null> {
  let cursor: string | null = null;
  for (let page = 1; page < DEEP; page += 1) {
    const { flaggedAccounts: found } = await client.graphql(QUEUE, { ...variables, after: cursor });
    if (!found.pageInfo.hasNextPage) return cursor;
    cursor = found.pageInfo.endCursor as string;
  }
  return cursor;
}

async function compareLists(large: Side, small: Side): Promise<void> {
  say(`\nThe queue through HTTP, ${ROUNDS} times each, in turns: milliseconds, p50 / p99`);
  for (const [name, variables] of Object.entries(lists)) {
    await Promise.all([large.desk.signsIn(), small.desk.signsIn()]);
    for (const page of ['first', 'hundredth'] as const) {
      const sides = [];
      for (const { desk } of [small, large]) {
        const after = page === 'first' ? null : await deepCursor(desk.client, variables);
        sides.push({ times: [] as number[], ask: () => desk.client.graphql(QUEUE, { ...variables, after }) });
      }
      for (let round = 0; round < ROUNDS; round += 1) for (const side of sides) side.times.push(await timed(side.ask));
      const [few, many] = sides.map(({ times }) => times) as [number[], number[]];
      const factor = quantile(many, 0.99) / quantile(few, 0.99);
      line(`${name}, ${page} page`, `small ${both(few)}   large ${both(many)}   p99 x ${factor.toFixed(2)}`);
    }
  }
}

async function comparePlans(ctx: Context, staffId: string): Promise<void> {
  say('\nWhich index is read (large database, first page)');
  for (const [name, { filter, orderBy }] of Object.entries(lists)) {
    const { claimedByMe, ...rest } = filter;
    const query = { filter: claimedByMe ? { claimedBy: staffId } : rest, order: orderBy, limit: 21, after: null };
    const plan = await planOf(ctx, (explained) => flaggedAccounts(explained, query as unknown as QueueQuery));
    const used = [
      ...new Set(plan.flatMap((text) => /using (\S+)|Bitmap Index Scan on (\S+)/.exec(text)?.slice(1) ?? [])),
    ];
    line(
      name,
      `${used.filter(Boolean).join(', ')}${plan.some((text) => /Seq Scan/.test(text)) ? '  and a whole table' : ''}`,
    );
  }
}

/** The lines of the plan of the one statement that `work` sends. */
async function planOf(ctx: Context, work: (ctx: Context) => Promise<unknown>): Promise<string[]> {
  let plan: string[] = [];
  const execute = async (query: SQL) => {
    const found = await rows<Record<string, string>>(ctx.db, sql`explain (costs off) ${query}`);
    plan = found.flatMap((row) => Object.values(row));
    return [];
  };
  await work({ ...ctx, db: { execute } as unknown as Context['db'] });
  return plan;
}

async function compareCounts(large: Side, small: Side): Promise<void> {
  say('\ntotalCount of the default queue (counted up to 10 000): milliseconds, p50 / p99');
  for (const [name, { app }] of Object.entries({ small, large })) {
    const times = [];
    const filter = { statuses: ['OPEN', 'CLAIMED'] as const };
    for (let round = 0; round < ROUNDS; round += 1)
      times.push(await timed(() => countFlaggedAccounts(app.ctx, filter)));
    line(name, `${both(times)}   counts ${await countFlaggedAccounts(app.ctx, filter)}`);
  }
}

async function compareEvents(large: Side, small: Side): Promise<void> {
  say('\nWriting an event, and judging it: milliseconds an event');
  const sides = [];
  for (const { app } of [small, large]) {
    while ((await judgeEvents(app.ctx, 500)) > 0);
    const [row] = await rows<{ n: number }>(
      app.ctx.db,
      sql`select count(*)::int as n from accounts where email_key like 'p%@large.example'`,
    );
    // From the middle: nobody there has a flag, or more events than others, in either database.
    sides.push({ ctx: app.ctx, from: Math.floor((row?.n ?? 0) / 2), writing: [] as number[], judging: [] as number[] });
  }
  for (let round = 0; round < 40; round += 1) {
    for (const side of sides) {
      for (let n = 0; n < 100; n += 1) {
        const facts = { emailKey: `p${side.from + ((round * 100 + n) % 400)}@large.example` };
        const kind = n % 2 ? 'sign_in_failed' : 'password_reset_requested';
        side.writing.push(await timed(() => recordEvent(withOrigin(side.ctx, n), kind, facts)));
      }
      side.judging.push((await timed(() => judgeEvents(side.ctx, 500))) / 100);
    }
  }
  const [few, many] = sides as [(typeof sides)[0], (typeof sides)[0]];
  for (const what of ['writing', 'judging'] as const) {
    const change = (median(many[what]) / median(few[what]) - 1) * 100;
    line(what, `small ${both(few[what])}   large ${both(many[what])}   median ${change.toFixed(0)} %`);
  }
}

const withOrigin = (ctx: Context, n: number): Context => ({
  ...ctx,
  origin: { requestId: 'bench', ip: `10.9.8.${n}`, network: `10.9.8.${n}`, userAgent: null },
});

const both = (times: readonly number[]): string => `${median(times).toFixed(2)} / ${quantile(times, 0.99).toFixed(2)}`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const line = (what: string, value: string): void => say(`  ${what.padEnd(56)} ${value}`);

const large = await openSide(process.env['LARGE_DATABASE_URL']);
const small = await openSide(process.env['SMALL_DATABASE_URL']);
const parts = process.argv.slice(2);
const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
if (isWanted('plans')) await comparePlans(large.app.ctx, large.desk.id);
if (isWanted('lists')) await compareLists(large, small);
if (isWanted('counts')) await compareCounts(large, small);
if (isWanted('events')) await compareEvents(large, small);
await Promise.all([large.app.close(), small.app.close()]);
await closeHashPool();
