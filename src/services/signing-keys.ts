/**
 * The keys that sign what other services are told. A key is published before it signs and after it has signed, so that no
 * verifier meets a signature whose key it could not have read.
 */
import { sql } from 'drizzle-orm';
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { recordAudit } from '../audit/service.js';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId, open, seal } from '../base/secrets.js';
import { clock, fromNow, instant } from '../base/time.js';

/** The one algorithm: nothing else is signed, and nothing else is believed (R-161; RFC 8725 section 3.1). */
export const ALGORITHM = 'EdDSA';

/** How long verifiers may keep what they read. Seconds. */
export const PUBLISHED_FOR = 300;

/** A new key signs only when each verifier has read the keys since: twice their age. Seconds. */
const PUBLISHED_BEFORE = 2 * PUBLISHED_FOR;

/** An old key verifies this much longer than it signs: more than an assertion lives, clocks that differ included. Seconds. */
const PUBLISHED_AFTER = 180;

/** Nobody needs a key's row when it was retired so long ago. Seconds. */
const KEPT_AFTER = 86_400;

/** Any number that nothing else locks. */
const KEYS_LOCK = 7_234_003;

export interface SigningKey {
  readonly id: string;
  readonly privateKey: CryptoKey;
}

/** The key that signs now, made when none was. */
export async function signingKey(ctx: Context): Promise<SigningKey> {
  const key = (await currentKey(ctx)) ?? (await makeFirstKey(ctx));
  const jwk = JSON.parse(open(ctx.config.secretKeys, place(key.id), key.private_jwk)) as JWK;
  return { id: key.id, privateKey: (await importJWK(jwk, ALGORITHM)) as CryptoKey };
}

/** The public keys of every signature that may still be met, and of those to come, as RFC 7517 lists them. */
export async function publishedKeys(ctx: Context): Promise<JWK[]> {
  const found = await readPublished(ctx);
  if (found.length > 0) return found;
  await makeFirstKey(ctx);
  return readPublished(ctx);
}

async function readPublished(ctx: Context): Promise<JWK[]> {
  const found = await rows<{ public_jwk: JWK }>(
    ctx.db,
    sql`select public_jwk from signing_keys where ${isPublished(ctx)} order by active_from desc, id`,
  );
  return found.map(({ public_jwk }) => public_jwk);
}

/**
 * Makes the next key. It signs in ten minutes, and until then the last one does; or at once where the last one is no longer
 * to be trusted: then what it signed is refused by every verifier that reads the keys again.
 */
export async function rotateKeys(
  ctx: Context,
  { atOnce }: { readonly atOnce: boolean },
): Promise<{ readonly id: string }> {
  const key = await newKey(ctx);
  return inTransaction(ctx, async (ctx) => {
    await ctx.db.execute(sql`select pg_advisory_xact_lock(${KEYS_LOCK}::bigint)`);
    const activeIn = atOnce || !(await currentKey(ctx)) ? 0 : PUBLISHED_BEFORE;
    const retire = atOnce ? clock(ctx) : fromNow(ctx, activeIn + PUBLISHED_AFTER);
    await ctx.db.execute(
      sql`update signing_keys set retired_at = ${retire} where retired_at is null or retired_at > ${retire}`,
    );
    await ctx.db.execute(sql`delete from signing_keys where retired_at < ${fromNow(ctx, -KEPT_AFTER)}`);
    await insertKey(ctx, key, activeIn);
    await recordAudit(ctx, { action: 'rotateKeys', details: { key: key.id, atOnce } });
    return { id: key.id };
  });
}

type KeyRow = { id: string; private_jwk: string };

const isPublished = (ctx: Context) => sql`(retired_at is null or retired_at > ${instant(ctx)})`;

/** By this very moment and not the transaction's: who waited for the lock must see what the one before made. */
async function currentKey(ctx: Context): Promise<KeyRow | null> {
  const [row] = await rows<KeyRow>(
    ctx.db,
    sql`select id, private_jwk from signing_keys where active_from <= ${instant(ctx)} and ${isPublished(ctx)}
        order by active_from desc, id limit 1`,
  );
  return row ?? null;
}

/** Of all nodes that need the first key at once, one makes it; the others find it when the lock is theirs. */
async function makeFirstKey(ctx: Context): Promise<KeyRow> {
  const key = await newKey(ctx);
  return inTransaction(ctx, async (ctx) => {
    await ctx.db.execute(sql`select pg_advisory_xact_lock(${KEYS_LOCK}::bigint)`);
    const other = await currentKey(ctx);
    if (other) return other;
    await insertKey(ctx, key, 0);
    return { id: key.id, private_jwk: key.sealed };
  });
}

interface NewKey {
  readonly id: string;
  readonly publicJwk: JWK;
  readonly sealed: string;
}

async function newKey(ctx: Context): Promise<NewKey> {
  const id = newId('key');
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  return {
    id,
    publicJwk: { ...(await exportJWK(publicKey)), kid: id, alg: ALGORITHM, use: 'sig' },
    sealed: seal(ctx.config.secretKeys, place(id), JSON.stringify(await exportJWK(privateKey))),
  };
}

/** Its beginning is rounded down: a key that is to sign now must not lie a fraction of a millisecond ahead. */
async function insertKey(ctx: Context, key: NewKey, activeIn: number): Promise<void> {
  await ctx.db.execute(
    sql`insert into signing_keys (id, public_jwk, private_jwk, created_at, active_from)
        values (${key.id}, ${JSON.stringify(key.publicJwk)}::jsonb, ${key.sealed}, ${clock(ctx)},
          date_trunc('milliseconds', ${fromNow(ctx, activeIn)}))`,
  );
}

const place = (id: string): string => `signing_keys:${id}`;
