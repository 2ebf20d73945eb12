/** Which schemes and costs the stored passwords have: what an unknown address must cost, too (decision 2). */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { keyedDigest } from '../base/secrets.js';
import { decoyHash, type CostShare } from './hashing.js';

/** The mix moves with many accounts, not with one: a minute late is right, and a count for each sign-in is not. */
const REFRESH_MS = 60_000;

const known = new WeakMap<object, { readonly mix: Promise<CostShare[]>; readonly readAt: number }>();

/** A hash that no password matches, as costly as the one this address would have if it had an account. */
export async function decoyFor(ctx: Context, emailKey: string): Promise<string> {
  return decoyHash(emailKey, await currentMix(ctx), keyedDigest(ctx.config.secretKeys, 'attempt', 'decoy'));
}

/** The mix as last read; refreshed behind the answer, so that no sign-in waits for the count. */
function currentMix(ctx: Context): Promise<CostShare[]> {
  const last = known.get(ctx.config);
  if (last && performance.now() - last.readAt < REFRESH_MS) return last.mix;
  const mix = readMix(ctx);
  mix.then(
    () => known.set(ctx.config, { mix, readAt: performance.now() }),
    () => undefined,
  );
  return last?.mix ?? mix;
}

async function readMix(ctx: Context): Promise<CostShare[]> {
  const counted = await rows<{ cost_class: string; n: number }>(
    ctx.db,
    sql`select cost_class, count(*)::int as n from passwords group by cost_class`,
  );
  const total = counted.reduce((sum, { n }) => sum + n, 0);
  return counted.map(({ cost_class, n }) => ({ costClass: cost_class, share: n / total }));
}
