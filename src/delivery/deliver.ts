/** The worker's half: compose what is due, send it, settle it. At least once, never by two workers at the same time. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, type Context } from '../base/context.js';
import { describeError } from '../base/log.js';
import { open, seal } from '../base/secrets.js';
import { tally } from '../base/tally.js';
import { beginSpan, traced } from '../base/tracing.js';
import { recordEvent } from '../security-events/service.js';
import { renderLetter } from './letters.js';
import {
  claimDue,
  markDead,
  markDone,
  markFailed,
  markPartSent,
  storeComposed,
  type Claimed,
  type Envelope,
  type Message,
} from './outbox.js';
import {
  PermanentDeliveryError,
  TemporaryDeliveryError,
  type EmailMessage,
  type SmsMessage,
  type Transport,
} from './transports.js';

/** Every kind of message the worker can compose, by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- payloads differ; each message knows its own
export type Messages = ReadonlyMap<string, Message<any>>;

/** At once in one process: enough to keep the mail server busy, few enough to leave connections to the requests. */
const PLACES = 10;
const IDLE_MS = 500;

/** As it is called among the jobs of the worker. */
const JOB = 'deliver';

/** Delivers what is due now, and waits until it is settled. @returns how many rows were taken; 0 means nothing is left. */
export async function deliverDue(ctx: Context, messages: Messages, transport: Transport): Promise<number> {
  const claimed = await takeDue(ctx, PLACES);
  await Promise.all(claimed.map((claim) => settle(ctx, messages, transport, claim)));
  return claimed.length;
}

/** Delivers whatever becomes due until told to stop. A letter that hangs keeps its own place, and holds no other up. */
export async function deliverOn(
  ctx: Context,
  messages: Messages,
  transport: Transport,
  stopped: AbortSignal,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  tally('job_failed', JOB, 0);
  const failed = (error: unknown) => {
    tally('job_failed', JOB);
    ctx.log.error({ event: 'job_failed', job: JOB, ...describeError(error) });
  };
  while (!stopped.aborted) {
    const claimed = await takeDue(ctx, PLACES - underWay.size).catch((error: unknown) => (failed(error), []));
    for (const claim of claimed) {
      const letter = settle(ctx, messages, transport, claim).catch(failed);
      underWay.add(letter);
      void letter.then(() => underWay.delete(letter));
    }
    if (underWay.size === PLACES) await Promise.race(underWay);
    else if (claimed.length === 0) await sleep(IDLE_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
  await Promise.all(underWay);
}

const takeDue = (ctx: Context, places: number): Promise<Claimed[]> =>
  traced('outbox claim', 'internal', () => claimDue(ctx, places));

/** What became of a row at this try; `lost` is one whose lease another worker has by now. */
type Outcome = 'sent' | 'failed' | 'given up' | 'lost';

/** Delivers one row, as a trace of its own: named by the message, and never by whom it is for. */
async function settle(ctx: Context, messages: Messages, transport: Transport, claim: Claimed): Promise<void> {
  const { span, within } = beginSpan(`deliver ${claim.message}`, 'internal');
  let outcome: Outcome = 'failed';
  try {
    outcome = await within(() => deliver(ctx, messages, transport, claim));
  } finally {
    const facts = { 'rekey.message': claim.message, 'rekey.attempts': claim.attempts, 'rekey.outcome': outcome };
    span.end(facts, outcome === 'failed' || outcome === 'given up');
  }
}

async function deliver(ctx: Context, messages: Messages, transport: Transport, claim: Claimed): Promise<Outcome> {
  try {
    if (claim.isExpired) return await giveUp(ctx, claim, expiredReason(claim));
    const parts = await composed(ctx, messages, claim);
    if (parts === null) return 'lost';
    const errors = await sendParts(ctx, transport, claim, parts);
    if (errors === null) return 'lost';
    const [error] = errors.sort((one, other) => hope(other) - hope(one));
    if (error) throw error;
    await markDone(ctx, claim);
    return 'sent';
  } catch (error) {
    if (error instanceof PermanentDeliveryError) return giveUp(ctx, claim, error.reason);
    ctx.log.warn({ event: 'delivery_failed', outboxId: claim.id, attempts: claim.attempts, ...describeError(error) });
    const isForeseen = error instanceof TemporaryDeliveryError;
    if (!isForeseen) tally('job_failed', JOB);
    const { reason, isPutOff } = isForeseen ? error : { reason: 'internal failure', isPutOff: false };
    await markFailed(ctx, claim, reason, isPutOff);
    return 'failed';
  }
}

/** Of several parts that failed the one that another try may help most speaks for all: it is what keeps them waiting. */
const hope = (error: Error): number =>
  error instanceof PermanentDeliveryError ? 0 : error instanceof TemporaryDeliveryError && error.isPutOff ? 1 : 2;

/**
 * Tries each part that is not out yet, once. One that cannot be sent moves behind the others: a thief's mailbox that refuses
 * a notice must not keep it from the owner's (R-062). @returns why some failed; null when the lease was lost.
 */
async function sendParts(
  ctx: Context,
  transport: Transport,
  claim: Claimed,
  composed: readonly Composed[],
): Promise<Error[] | null> {
  const errors: Error[] = [];
  let [parts, sent] = [[...composed], claim.sentParts];
  for (let untried = parts.length - sent; untried > 0; untried -= 1) {
    const part = parts[sent] as Composed;
    try {
      await send(transport, part);
      sent += 1;
    } catch (error) {
      errors.push(error as Error);
      if (untried === 1) return errors;
      parts = [...parts.filter((each) => each !== part), part];
      if (!(await storeComposed(ctx, claim, sealParts(ctx, claim, parts)))) return null;
    }
    if (!(await markPartSent(ctx, claim, sent))) return null;
  }
  return errors;
}

/** What is sealed: the letter as it will be read. A retry sends the same, whatever was deployed or configured since. */
type Composed = ({ readonly channel: 'EMAIL' } & EmailMessage) | ({ readonly channel: 'SMS' } & SmsMessage);

/** The letters of this row: composed now, or as they were composed at the first try. Null when the lease was lost. */
async function composed(ctx: Context, messages: Messages, claim: Claimed): Promise<readonly Composed[] | null> {
  if (claim.composed !== null) {
    return JSON.parse(open(ctx.config.secretKeys, `outbox:${claim.id}`, claim.composed)) as Composed[];
  }
  const message = messages.get(claim.message);
  if (!message) throw new PermanentDeliveryError(`no such message: ${claim.message}`);
  return inTransaction(ctx, async (ctx) => {
    const envelopes = await message.compose(ctx, claim.payload);
    const parts = envelopes.map((envelope, part) => layOut(ctx, envelope, messageId(ctx, claim, part)));
    return (await storeComposed(ctx, claim, sealParts(ctx, claim, parts))) ? parts : null;
  });
}

const sealParts = (ctx: Context, { id }: Claimed, parts: readonly Composed[]): string =>
  seal(ctx.config.secretKeys, `outbox:${id}`, JSON.stringify(parts));

function layOut(ctx: Context, envelope: Envelope, messageId: string): Composed {
  const { channel, to } = envelope;
  if (channel === 'SMS') return { channel, to, text: envelope.text.text, messageId };
  const frame = { productName: ctx.config.PRODUCT_NAME, publicUrl: ctx.config.publicUrl };
  return { channel, to, messageId, ...renderLetter(envelope.letter, frame) };
}

/** One that is refused for good is the recipient's affair, and among those given up: it says nothing about the channel. */
async function send(transport: Transport, part: Composed): Promise<void> {
  try {
    await traced(`send ${part.channel}`, 'client', () =>
      part.channel === 'EMAIL' ? transport.sendEmail(part) : transport.sendSms(part),
    );
    tally('delivered', part.channel);
  } catch (error) {
    if (!(error instanceof PermanentDeliveryError)) tally('delivery_failed', part.channel);
    throw error;
  }
}

/** The same for every try of one letter, so that a mail server or reader can drop a repeat. */
function messageId(ctx: Context, claim: Claimed, part: number): string {
  const name = createHash('sha256').update(`${ctx.config.publicUrl}:${claim.id}:${part}`).digest('hex').slice(0, 32);
  return `<${name}@${new URL(ctx.config.publicUrl).hostname}>`;
}

const expiredReason = ({ lastError }: Claimed): string =>
  `expired before it could be sent${lastError === null ? '' : `: ${lastError}`}`;

function giveUp(ctx: Context, claim: Claimed, reason: string): Promise<Outcome> {
  return inTransaction(ctx, async (ctx) => {
    if (!(await markDead(ctx, claim, reason))) return 'lost';
    await recordEvent(ctx, 'message_undeliverable', {
      ...(claim.accountId && { accountId: claim.accountId }),
      details: { message: claim.message, reason },
    });
    return 'given up';
  });
}
