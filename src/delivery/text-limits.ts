/** How many text messages are sent: they cost money, and a stranger's number must not be flooded. */
import type { Limit } from '../base/config.js';
import type { Context } from '../base/context.js';
import { DatabaseHitLog } from '../base/limits.js';
import { rateLimited, type RateLimited } from '../base/problems.js';
import { keyedDigest } from '../base/secrets.js';
import { tally } from '../base/tally.js';
import { isAllowedPrefix } from './addresses.js';

const log = new DatabaseHitLog();

/** As a limit that is switched off. */
const NO_LIMIT: Limit = { max: 0, seconds: 1 };

/** Asks for one more code for an account. Visible: it tells only what the person did. Null when it may be sent. */
export async function reserveCode(ctx: Context, accountId: string): Promise<RateLimited | null> {
  const wait = await waitFor(ctx, ctx.config.LIMIT_SMS_PER_NUMBER, `account\0${accountId}`);
  if (wait === null) return null;
  tally('limit', 'LIMIT_SMS_PER_NUMBER');
  return rateLimited(wait);
}

/**
 * What a text is for. Each has a budget of its own for a number: a stranger who has codes sent to it, to put it on an
 * account of theirs, must not use up what its owner signs in with.
 */
export type TextPurpose =
  /** To a number that nobody has proven yet. */
  | 'verification'
  /** To the number of the account that asks. */
  | 'code'
  | 'notice'
  /** A link: paced by its account, so that its owner is never without one. */
  | 'link';

/** So many notices an hour: whoever gets more was told enough, and each can be sent on as e-mail too. */
const NOTICES: Limit = { max: 20, seconds: 3600 };

/**
 * Whether a text may go to this number now, and counts it. Silent, in the worker: who else has the number, and how much
 * is sent in all, is nobody's business.
 */
export async function mayText(ctx: Context, number: string, purpose: TextPurpose): Promise<boolean> {
  return (await textable(ctx, [number], purpose)).has(number);
}

/** Those of the numbers that a text may go to now. In one order, the total last: two workers never wait for each other. */
export async function textable(ctx: Context, numbers: string[], purpose: TextPurpose): Promise<ReadonlySet<string>> {
  const { LIMIT_SMS_PER_NUMBER, LIMIT_SMS_TOTAL, SMS_COUNTRY_PREFIXES } = ctx.config;
  const ofNumber = purpose === 'notice' ? NOTICES : purpose === 'link' ? NO_LIMIT : LIMIT_SMS_PER_NUMBER;
  const within: string[] = [];
  for (const number of [...numbers].sort()) {
    if (!isAllowedPrefix(number, SMS_COUNTRY_PREFIXES)) continue;
    if ((await waitFor(ctx, ofNumber, `${purpose}\0${number}`)) === null) within.push(number);
    else {
      if (ofNumber === LIMIT_SMS_PER_NUMBER) tally('limit', 'LIMIT_SMS_PER_NUMBER');
      warn(ctx, 'number');
    }
  }
  const sendable = new Set<string>();
  for (const number of within) {
    if ((await waitFor(ctx, LIMIT_SMS_TOTAL, 'all')) === null) sendable.add(number);
    else {
      tally('limit', 'LIMIT_SMS_TOTAL');
      warn(ctx, 'total');
    }
  }
  return sendable;
}

function warn(ctx: Context, limit: 'number' | 'total'): void {
  ctx.log.warn({ event: 'sms_limit_hit', limit, result: 'failure' });
}

async function waitFor(ctx: Context, limit: Limit, whose: string): Promise<number | null> {
  if (limit.max === 0) return null;
  const key = keyedDigest(ctx.config.secretKeys, 'phone', `texts\0${whose}`);
  const { before, retryAfterSeconds } = await log.hit(ctx, key, { ...limit, name: 'texts' });
  return before >= limit.max ? retryAfterSeconds : null;
}
