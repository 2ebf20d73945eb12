/**
 * What staff, services and operators did or looked up. Each entry carries the hash of the one before, so that a changed,
 * missing or reordered row shows. Credential events are plain rows elsewhere: one chain for everything would
 * be a lock that everyone waits for.
 */
import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId } from '../base/secrets.js';
import { instant } from '../base/time.js';

export interface AuditFacts {
  /** The name of the operation, such as `lockAccount`. */
  readonly action: string;
  readonly subjectAccountId?: string | null;
  /** Why, as the person wrote it. */
  readonly note?: string | null;
  /** Facts for those who oversee: ids, decisions, counts. Never a secret. */
  readonly details?: Record<string, unknown>;
}

/** What the hash of an entry covers: every column but the hash itself. */
export interface ChainedEntry {
  readonly sequence: number;
  readonly id: string;
  readonly action: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly byAccountId: string | null;
  readonly byService: string | null;
  readonly subjectAccountId: string | null;
  readonly note: string | null;
  readonly requestId: string;
  readonly details: Record<string, unknown> | null;
  readonly previousHash: string;
}

/** Any number that nothing else locks. */
const CHAIN_LOCK = 7_234_002;

/** What stands before the first entry. */
export const NO_HASH = '0'.repeat(64);

/**
 * Appends an entry in the caller's transaction: what was done and its record stand or fall together.
 *
 * Call it last. The head of the chain is held until the transaction ends; whoever took another lock after it could wait
 * for someone who waits for the chain. Only writers of the audit ever wait here.
 */
export const recordAudit = (ctx: Context, facts: AuditFacts): Promise<void> => recordAudits(ctx, [facts]);

/** Several entries, in this order: as `recordAudit`, and as long as one. */
export async function recordAudits(ctx: Context, list: readonly AuditFacts[]): Promise<void> {
  await ctx.db.execute(sql`select pg_advisory_xact_lock(${CHAIN_LOCK}::bigint)`);
  // A statement of its own: only now does its snapshot hold what the writer before us committed.
  const [head] = await rows<{ sequence: string | null; hash: string | null; ms: string }>(
    ctx.db,
    sql`select (extract(epoch from date_trunc('milliseconds', ${instant(ctx)})) * 1000)::bigint as ms, last.sequence, last.hash
        from (values (1)) one left join lateral (
          select sequence, hash from audit_entries order by sequence desc limit 1) last on true`,
  );
  const entries: HashedEntry[] = [];
  let last = { sequence: Number(head?.sequence ?? 0), hash: head?.hash ?? NO_HASH };
  for (const facts of list) {
    const entry = { ...entryOf(ctx, facts, Number(head?.ms)), sequence: last.sequence + 1, previousHash: last.hash };
    last = { sequence: entry.sequence, hash: hashOf(entry) };
    entries.push({ ...entry, hash: last.hash });
  }
  await insert(ctx, entries);
  for (const { action, sequence, hash, requestId } of entries) {
    // A copy outside the database: who cuts the chain's end off there cannot cut it off here.
    ctx.log.info({ event: 'audit', action, sequence, hash, requestId });
  }
}

type HashedEntry = ChainedEntry & { readonly hash: string };

const entryOf = (
  { actor, origin }: Context,
  { action, subjectAccountId, note, details }: AuditFacts,
  at: number,
): Omit<ChainedEntry, 'sequence' | 'previousHash'> => ({
  id: newId('aud'),
  action,
  at,
  byAccountId: actor.kind === 'person' ? actor.accountId : null,
  byService: actor.kind === 'service' || actor.kind === 'system' ? actor.name : null,
  subjectAccountId: subjectAccountId ?? null,
  note: note ?? null,
  requestId: origin.requestId,
  // As the database will give it back.
  details: details ? (JSON.parse(JSON.stringify(details)) as Record<string, unknown>) : null,
});

async function insert(ctx: Context, entries: readonly HashedEntry[]): Promise<void> {
  const list = entries.map(({ at, ...entry }) => ({ ...entry, at: new Date(at).toISOString() }));
  await ctx.db.execute(
    sql`insert into audit_entries (sequence, id, action, at, by_account_id, by_service, subject_account_id, note, request_id,
          details, previous_hash, hash)
        select * from jsonb_to_recordset(${JSON.stringify(list)}::jsonb) as x(sequence bigint, id text, action text,
          at timestamptz, "byAccountId" text, "byService" text, "subjectAccountId" text, note text, "requestId" text,
          details jsonb, "previousHash" text, hash text)`,
  );
}

/** SHA-256 over the entry in one fixed form: a JSON array, objects with their keys in order. */
export function hashOf(entry: ChainedEntry): string {
  const { sequence, id, action, at, byAccountId, byService, subjectAccountId, note, requestId, details } = entry;
  const facts = [sequence, id, action, at, byAccountId, byService, subjectAccountId, note, requestId, ordered(details)];
  return createHash('sha256')
    .update(`rekey:audit:1:${entry.previousHash}:${JSON.stringify(facts)}`)
    .digest('hex');
}

/** The database keeps an object's keys in its own order: the hash must not depend on it. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, ordered(inner)]);
}

export interface AuditFault {
  readonly sequence: number;
  readonly what: 'missing' | 'changed' | 'reordered';
}

export interface AuditVerdict {
  readonly entries: number;
  /** The last entry that is as it was: keep it elsewhere, and give it as `known` the next time. */
  readonly head: { readonly sequence: number; readonly hash: string };
  readonly fault: AuditFault | null;
}

const PAGE = 1000;

/**
 * Walks the whole chain, in constant memory, to the first fault. The chain alone cannot tell that its end was cut
 * off: `known`, an entry noted earlier (from the log, or from the last verdict), can.
 */
export async function verifyAudit(
  ctx: Context,
  known: { readonly sequence: number; readonly hash: string } | null = null,
): Promise<AuditVerdict> {
  let head = { sequence: 0, hash: NO_HASH };
  // From below the first number: what was slipped in before it shows as well.
  for (let after = Number.MIN_SAFE_INTEGER; ; after = head.sequence) {
    const page = await entriesAfter(ctx, after);
    for (const { hash, ...entry } of page) {
      const fault = faultOf(entry, hash, head, known);
      if (fault) return { entries: head.sequence, head, fault };
      head = { sequence: entry.sequence, hash };
    }
    if (page.length < PAGE) break;
  }
  const isCutOff = known !== null && known.sequence > head.sequence;
  return {
    entries: head.sequence,
    head,
    fault: isCutOff ? { sequence: head.sequence + 1, what: 'missing' } : null,
  };
}

function faultOf(
  entry: ChainedEntry,
  hash: string,
  before: AuditVerdict['head'],
  known: AuditVerdict['head'] | null,
): AuditFault | null {
  const { sequence } = entry;
  if (sequence !== before.sequence + 1) return { sequence: before.sequence + 1, what: 'missing' };
  if (hash !== hashOf(entry)) return { sequence, what: 'changed' };
  if (entry.previousHash !== before.hash) return { sequence, what: 'reordered' };
  return known?.sequence === sequence && known.hash !== hash ? { sequence, what: 'changed' } : null;
}

type Row = {
  sequence: string;
  id: string;
  action: string;
  at_ms: string;
  by_account_id: string | null;
  by_service: string | null;
  subject_account_id: string | null;
  note: string | null;
  request_id: string;
  details: Record<string, unknown> | null;
  previous_hash: string;
  hash: string;
};

async function entriesAfter(ctx: Context, sequence: number): Promise<(ChainedEntry & { hash: string })[]> {
  const found = await rows<Row>(
    ctx.db,
    sql`select sequence, id, action, (extract(epoch from at) * 1000)::bigint as at_ms, by_account_id, by_service, subject_account_id,
          note, request_id, details, previous_hash, hash
        from audit_entries where sequence > ${sequence} order by sequence limit ${PAGE}::int`,
  );
  return found.map((row) => ({
    sequence: Number(row.sequence),
    id: row.id,
    action: row.action,
    at: Number(row.at_ms),
    byAccountId: row.by_account_id,
    byService: row.by_service,
    subjectAccountId: row.subject_account_id,
    note: row.note,
    requestId: row.request_id,
    details: row.details,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}
