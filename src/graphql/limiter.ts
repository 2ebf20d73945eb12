/** `graphql-rate-limit` over a store whose read is the atomic increment; the library's own stores can be raced. */
import type { GraphQLResolveInfo } from 'graphql';
import { getGraphQLRateLimiter, Store, type Identity } from 'graphql-rate-limit';
import type { Values } from '../base/config-variables.js';
import type { Limit } from '../base/config.js';
import type { Context } from '../base/context.js';
import type { Hit, HitLog, Rule } from '../base/limits.js';

type LimitName = { [N in keyof Values]: Values[N] extends Limit ? N : never }[keyof Values];

/** One limit of a field: which variable sets it, and whose budget it is. Mutations are counted where nodes share it. */
export interface LimitRule {
  readonly limit: LimitName;
  /** `network` (the default) or what the key is made of; never an address that a stranger can choose. */
  readonly by?: (ctx: Context, args: Record<string, unknown>) => string;
  readonly store?: 'shared' | 'process';
}

export interface Limiter {
  /** Counts the call under every rule. @returns seconds to wait where one is full, else null. */
  waitFor(rules: readonly LimitRule[], ctx: Context, args: Record<string, unknown>): Promise<number | null>;
}

/**
 * The read records the hit, atomically; the write does nothing. One store for one call, so that what the log said of the
 * wait is at hand. Not to be used with `readOnly`, `arrayLengthField`, `uncountRejected` or the batch cache.
 */
class AtomicStore extends Store {
  last: Hit = { before: 0, retryAfterSeconds: 1 };

  constructor(
    private readonly log: HitLog,
    private readonly ctx: Context,
    private readonly rule: Rule,
  ) {
    super();
  }

  override async getForIdentity({ contextIdentity }: Identity): Promise<readonly number[]> {
    this.last = await this.log.hit(this.ctx, JSON.stringify([this.rule.name, contextIdentity]), this.rule);
    return new Array<number>(this.last.before).fill(Date.now());
  }

  override setForIdentity(): void {
    // Recorded by the read.
  }
}

export function createLimiter(logs: { readonly shared: HitLog; readonly process: HitLog }): Limiter {
  return {
    async waitFor(rules, ctx, args) {
      let wait: number | null = null;
      for (const { limit, by, store = 'shared' } of rules) {
        const bound = ctx.config[limit];
        if (bound.max === 0) continue;
        const rule: Rule = { ...bound, name: limit };
        const hits = new AtomicStore(logs[store], ctx, rule);
        const key = by ? by(ctx, args) : ctx.origin.network;
        const limiter = getGraphQLRateLimiter({ identifyContext: () => key, store: hits });
        const refused = await limiter(
          { parent: undefined, args, context: ctx, info: NO_INFO },
          { max: bound.max, window: `${bound.seconds}s` },
        );
        if (refused) {
          wait = Math.max(wait ?? 0, hits.last.retryAfterSeconds);
          ctx.log.warn({
            event: 'limit_hit',
            limit,
            requestId: ctx.origin.requestId,
            client: ctx.origin.ip,
            result: 'failure',
          });
        }
      }
      return wait;
    },
  };
}

/** The library builds its key from the field's name; ours is the rule's, so that two doors to one budget share it. */
const NO_INFO = { fieldName: 'limit' } as GraphQLResolveInfo;
