/** Accounts in batches: one statement for all that one request refers to. */
import DataLoader from 'dataloader';
import { accountFaces, accountFiles, type AccountFace, type AccountFile } from '../accounts/directory.js';
import { recordAudits } from '../audit/service.js';
import { inTransaction, type Context } from '../base/context.js';
import { activeSessionCounts, confirmedFactors } from '../flagged-accounts/standing.js';
import type { SecondFactorMethod } from '../second-factors/tables.js';
import { beforeGuarded } from './access.js';

export interface AccountLoaders {
  /** What anyone may see. */
  readonly face: DataLoader<string, AccountFace | null>;
  /** For staff: load it behind the check only. */
  readonly file: DataLoader<string, AccountFile | null>;
  readonly factors: DataLoader<string, SecondFactorMethod[]>;
  readonly sessionCount: DataLoader<string, number>;
  /** Puts on record that staff look at it, once for each request. */
  readonly lookUp: DataLoader<string, void>;
}

const MOST_AT_ONCE = 500;

const loadersOf = new WeakMap<Context, AccountLoaders>();

/** The loaders of this request; its context is their only key, so that nothing outlives it. */
export function accountLoaders(ctx: Context): AccountLoaders {
  const known = loadersOf.get(ctx);
  if (known) return known;
  const loaders: AccountLoaders = {
    face: batched((ids) => accountFaces(ctx, ids), null),
    file: batched((ids) => accountFiles(ctx, ids), null),
    factors: batched((ids) => confirmedFactors(ctx, ids), []),
    sessionCount: batched((ids) => activeSessionCounts(ctx, ids), 0),
    lookUp: new DataLoader((ids) => recordLookUps(ctx, ids), { maxBatchSize: MOST_AT_ONCE }),
  };
  loadersOf.set(ctx, loaders);
  return loaders;
}

/** An account that another service refers to: what staff read of it is on record, as when they ask for it here. */
export const referredAccount = (ctx: Context, id: string) => ({
  id,
  [beforeGuarded]: () => accountLoaders(ctx).lookUp.load(id),
});

async function recordLookUps(ctx: Context, ids: readonly string[]): Promise<void[]> {
  const facts = ids.map((subjectAccountId) => ({ action: 'account', subjectAccountId }));
  await inTransaction(ctx, (ctx) => recordAudits(ctx, facts));
  return ids.map(() => undefined);
}

function batched<T>(load: (ids: readonly string[]) => Promise<Map<string, T>>, missing: T): DataLoader<string, T>;
function batched<T>(
  load: (ids: readonly string[]) => Promise<Map<string, T>>,
  missing: null,
): DataLoader<string, T | null>;
function batched<T>(load: (ids: readonly string[]) => Promise<Map<string, T>>, missing: T | null) {
  return new DataLoader<string, T | null>(
    async (ids) => {
      const found = await load(ids);
      return ids.map((id) => found.get(id) ?? missing);
    },
    { maxBatchSize: MOST_AT_ONCE },
  );
}
