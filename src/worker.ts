/** The clock-driven door: the list of messages and jobs. It works on a steady tick and not as an echo of requests. */
import { setTimeout } from 'node:timers/promises';
import { sql, type SQL } from 'drizzle-orm';
import type { Context } from './base/context.js';
import { rows } from './base/database.js';
import { describeError } from './base/log.js';
import { tally } from './base/tally.js';
import { clock, clockDrift, MOST_DRIFT_SECONDS } from './base/time.js';
import { beginSpan } from './base/tracing.js';
import { eraseClosed } from './accounts/erasure.js';
import { noticeMessage } from './accounts/notices.js';
import { purgeSnapshots } from './accounts/snapshots.js';
import { deliverDue, deliverOn, type Messages } from './delivery/deliver.js';
import type { Transport } from './delivery/transports.js';
import { securedMessage } from './disowned-events/service.js';
import { emailChangeMessage } from './email-changes/service.js';
import { judgeEvents } from './flagged-accounts/detection.js';
import { purgeEvidence } from './flagged-accounts/evidence.js';
import { passwordResetMessage, resetLinkMessage } from './password-resets/service.js';
import { enrolmentCodeMessage } from './second-factors/enrolment.js';
import { challengeCodeMessage } from './second-factors/message-codes.js';
import { phoneCodeMessage } from './second-factors/phone-number.js';
import { purgeRemovedFactors } from './second-factors/removal.js';
import { maintainEvents, purgeEvents } from './security-events/partitions.js';
import { signUpMessage } from './sign-in/sign-up.js';
import { rejectedMessage } from './support-requests/decisions.js';
import { holdNoticeMessage, releaseDueHolds } from './support-requests/hold.js';
import { reminderMessage, remindStaff } from './support-requests/reminders.js';
import { receivedMessage } from './support-requests/requests.js';
import { purgeRequests } from './support-requests/retention.js';

/** Every letter that can be composed. */
const messages: Messages = new Map(
  [
    signUpMessage,
    passwordResetMessage,
    resetLinkMessage,
    challengeCodeMessage,
    enrolmentCodeMessage,
    phoneCodeMessage,
    emailChangeMessage,
    noticeMessage,
    securedMessage,
    receivedMessage,
    rejectedMessage,
    holdNoticeMessage,
    reminderMessage,
  ].map((message) => [message.name, message]),
);

interface Job {
  readonly name: string;
  /** Milliseconds from the end of one run to the start of the next. */
  readonly everyMs: number;
  /** @returns how much was done; the job is run again at once while it is not 0. */
  readonly run: (ctx: Context) => Promise<number>;
}

/** Events in one transaction: many enough to keep up with any day, few enough that staff never wait for it. */
const JUDGED_AT_ONCE = 500;

const jobs: readonly Job[] = [
  { name: 'judge', everyMs: 500, run: (ctx) => judgeEvents(ctx, JUDGED_AT_ONCE) },
  { name: 'release', everyMs: 5_000, run: releaseDueHolds },
  { name: 'remind', everyMs: 60_000, run: remindStaff },
  { name: 'partitions', everyMs: 3_600_000, run: (ctx) => maintainEvents(ctx).then(() => 0) },
  { name: 'erase', everyMs: 600_000, run: eraseClosed },
  { name: 'purge', everyMs: 60_000, run: purgeExpired },
  { name: 'clocks', everyMs: 60_000, run: compareClocks },
];

/** Codes of authenticator apps and every expiry follow the database's clock; logs, traces and signatures the node's. */
async function compareClocks(ctx: Context): Promise<number> {
  const seconds = Math.round(await clockDrift(ctx));
  if (seconds > MOST_DRIFT_SECONDS) ctx.log.warn({ event: 'clock_drift', seconds });
  return 0;
}

/** Runs the jobs until told to stop. @returns a function that stops them and waits for what runs. */
export function startWorker(ctx: Context, transport: Transport): () => Promise<void> {
  const stopped = new AbortController();
  for (const { name } of jobs) tally('job_failed', name, 0);
  const delivering = deliverOn(ctx, messages, transport, stopped.signal);
  const running = [delivering, ...jobs.map((job) => repeat(ctx, job, stopped.signal))];
  return async () => {
    stopped.abort();
    await Promise.all(running);
  };
}

async function repeat(ctx: Context, job: Job, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    try {
      while ((await runJob(ctx, job)) > 0 && !stopped.aborted);
    } catch (error) {
      ctx.log.error({ event: 'job_failed', job: job.name, ...describeError(error) });
    }
    await pause(job.everyMs, stopped);
  }
}

/** One run, as a trace of its own where traces are wanted. A failure is counted. */
async function runJob(ctx: Context, { name, run }: Job): Promise<number> {
  const { span, within } = beginSpan(`job ${name}`, 'internal');
  try {
    const done = await within(() => run(ctx));
    span.end({ 'rekey.job': name, 'rekey.done': done });
    return done;
  } catch (error) {
    span.end({ 'rekey.job': name }, true);
    tally('job_failed', name);
    throw error;
  }
}

/** Node's own timer takes its listener away again: one added by hand for each turn would stay. */
const pause = (ms: number, stopped: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal: stopped }).catch(() => undefined);

/** Runs every job until nothing is left to do: how tests make the worker's turn come. */
export async function runJobsOnce(ctx: Context, transport: Transport): Promise<void> {
  let done: number;
  do {
    done = await deliverDue(ctx, messages, transport);
    for (const job of jobs) done += await runJob(ctx, job);
  } while (done > 0);
}

/** What is past its time; expiry is judged by each statement, so a purge that is late hurts nobody. */
const expiring = [
  'rate_hits',
  'attempt_counters',
  'sign_up_links',
  'password_resets',
  'email_changes',
  'phone_verifications',
  'disown_tokens',
  'cancel_tokens',
  'remembered_devices',
  'passkey_ceremonies',
  'challenges',
  'qr_requests',
  'sessions',
] as const;

/** Kept a while after it lapsed, so that an answer about it stays the same. Seconds. */
const GRACE_SECONDS = 86_400;

/** Rows of one table in one statement: a long absence of the worker must not end in one long statement. */
const PURGED_AT_ONCE = 10_000;

/** A bounded batch of each table. @returns how many tables may hold more, so that no flood outgrows the purge. */
async function purgeExpired(ctx: Context): Promise<number> {
  const past = sql`${clock(ctx)} - ${GRACE_SECONDS} * interval '1 second'`;
  let unfinished = 0;
  const purge = async (name: string, isPast: SQL): Promise<void> => {
    const table = sql.identifier(name);
    const [gone] = await rows<{ n: number }>(
      ctx.db,
      sql`with gone as (
            delete from ${table} where ctid = any (array(select ctid from ${table} where ${isPast} limit ${PURGED_AT_ONCE}::int))
            returning 1
          ) select count(*)::int as n from gone`,
    );
    if (gone?.n === PURGED_AT_ONCE) unfinished += 1;
  };
  for (const name of expiring) await purge(name, sql`expires_at < ${past}`);
  // One that was ended would have had weeks to go, and knows whence it was used.
  await purge('sessions', sql`revoked_at < ${past}`);
  if (await purgeEvents(ctx)) unfinished += 1;
  await purgeEvidence(ctx);
  await purgeSnapshots(ctx);
  await purgeRemovedFactors(ctx);
  await purgeRequests(ctx);
  // A hold asks when its notice went out, for as long as it lasts.
  const isAskedFor = sql`id in (select hold_notice_id from support_requests where status = 'ON_HOLD')`;
  await purge('outbox', sql`done_at < ${past} and ${isAskedFor} is not true`);
  await purge('outbox', sql`dead_at < ${past} - interval '30 days'`);
  await purge('sent_messages', sql`sent_at < ${past} - interval '30 days'`);
  return unfinished;
}
