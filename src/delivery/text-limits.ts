/** How many text messages are sent: they cost money, and a stranger's number must not be flooded. */
import type { Context } from '../base/context.js';
import { DatabaseHitLog } from '../base/limits.js';
import { rateLimited, type RateLimited } from '../base/problems.js';
import { keyedDigest } from '../base/secrets.js';
import { isAllowedPrefix } from './addresses.js';

const log = new DatabaseHitLog();

/** Asks for one more code for an account. Visible: it tells only what the person did. Null when it may be sent. */
export async function reserveCode(ctx: Context, accountId: string): Promise<RateLimited | null> {
  const wait = await waitFor(ctx, 'LIMIT_SMS_PER_NUMBER', `account\0${accountId}`);
  return wait === null ? null : rateLimited(wait);
}

/**
 * Whether a text may go to this number now, and counts it. Silent, in the worker: who else has the number, and how much
 * is sent in all, is nobody's business.
 */
export async function mayText(ctx: Context, number: string): Promise<boolean> {
  if (!isAllowedPrefix(number, ctx.config.SMS_COUNTRY_PREFIXES)) return false;
  if ((await waitFor(ctx, 'LIMIT_SMS_PER_NUMBER', `number\0${number}`)) !== null) return refuse(ctx, 'number');
  return (await waitFor(ctx, 'LIMIT_SMS_TOTAL', 'all')) === null || refuse(ctx, 'total');
}

function refuse(ctx: Context, limit: 'number' | 'total'): false {
  ctx.log.warn({ event: 'sms_limit_hit', limit, result: 'failure' });
  return false;
}

async function waitFor(ctx: Context, name: 'LIMIT_SMS_PER_NUMBER' | 'LIMIT_SMS_TOTAL', whose: string) {
  const limit = ctx.config[name];
  if (limit.max === 0) return null;
  const key = keyedDigest(ctx.config.secretKeys, 'phone', `${name}\0${whose}`);
  const { before, retryAfterSeconds } = await log.hit(ctx, key, { ...limit, name });
  return before >= limit.max ? retryAfterSeconds : null;
}
