/** What every service function gets: capabilities and facts, never services. A seventh field must argue for itself. */
import type { Config } from './config.js';
import type { Database } from './database.js';
import type { Log } from './log.js';
import type { Clock } from './time.js';

/** Who acts. Ids and facts only, so that `base/` needs no feature. */
export type Actor = Nobody | Person | Service | System;

export interface Nobody {
  readonly kind: 'nobody';
}

export interface Person {
  readonly kind: 'person';
  readonly accountId: string;
  readonly sessionId: string;
  /** The credential epoch that the session was issued under. */
  readonly epoch: number;
  readonly emailKey: string;
  readonly transport: 'COOKIE' | 'BEARER';
  /** Whether the session proved a second factor. */
  readonly twoFactor: boolean;
  /** Whether the session's proof included a passkey. */
  readonly usedPasskey: boolean;
  /** Whether a proof is recent enough for sensitive actions (`REAUTH_TTL`). */
  readonly isFresh: boolean;
  readonly role: StaffRole | null;
  /** How the account was reached when the session was read; absent where no session was. */
  readonly contact?: { readonly email: string; readonly channel: 'EMAIL' | 'SMS' };
}

/** Another service, known by a client credential. */
export interface Service {
  readonly kind: 'service';
  readonly name: string;
  readonly scopes: readonly string[];
}

/** The worker, or an operator at the command line. */
export interface System {
  readonly kind: 'system';
  readonly name: string;
}

export type StaffRole = 'support' | 'reviewer' | 'admin';

/** Where the request came from, as this server saw it. */
export interface Origin {
  readonly requestId: string;
  readonly ip: string | null;
  /** The address grouped for limits: IPv4 whole, IPv6 by /64. */
  readonly network: string;
  readonly userAgent: string | null;
}

export interface Context {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly actor: Actor;
  readonly origin: Origin;
}

/** A context whose actor is a person signed in. */
export type PersonContext = Context & { readonly actor: Person };

/**
 * Runs `work` in a transaction, on the same context with another `db`. Name the inner one `ctx` too: it shadows the
 * outer, which must not be used inside (on the embedded database it would wait for itself).
 */
export function inTransaction<C extends Context, T>(ctx: C, work: (ctx: C) => Promise<T>): Promise<T> {
  return ctx.db.transaction((db) => work({ ...ctx, db }));
}

/**
 * As `inTransaction`, for work that finds out half-way that it came too late: what comes to null is rolled back, and has
 * cost nobody anything.
 */
export async function allOrNothing<C extends Context, T extends object>(
  ctx: C,
  work: (ctx: C) => Promise<T | null>,
): Promise<T | null> {
  const tooLate = new Error('rolled back');
  try {
    return await inTransaction(ctx, async (ctx) => {
      const done = await work(ctx);
      if (done === null) throw tooLate;
      return done;
    });
  } catch (error) {
    if (error === tooLate) return null;
    throw error;
  }
}

/** The context of work that no request caused. */
export function systemContext(capabilities: Pick<Context, 'config' | 'db' | 'clock' | 'log'>, name: string): Context {
  return {
    ...capabilities,
    actor: { kind: 'system', name },
    origin: { requestId: name, ip: null, network: name, userAgent: null },
  };
}
