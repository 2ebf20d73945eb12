/** Counts over time from the flags of a period. Pure; times in seconds since the epoch. */
import type { FlagReason, FlagSummaryFragment } from '../generated/staff/graphql';

export interface Buckets {
  /** The start of each bucket. */
  starts: number[];
  flags: { CRITICAL: number[]; HIGH: number[]; MEDIUM: number[]; LOW: number[] };
  failures: number[];
  resetRequests: number[];
  resets: number[];
}

const failureReasons: FlagReason[] = ['CREDENTIAL_STUFFING', 'SIGN_IN_CAMPAIGN', 'SECOND_FACTOR_ABUSE'];
const requestReasons: FlagReason[] = ['REPEATED_RESET_REQUESTS', 'RESET_CAMPAIGN'];
const resetReasons: FlagReason[] = ['REPEATED_PASSWORD_RESETS'];

/** Sorts flags into buckets by when they were raised, and the events behind them by when the last one came. */
export function countByTime(flags: readonly FlagSummaryFragment[], from: number, until: number, size: number): Buckets {
  const first = Math.floor(from / size) * size;
  const length = Math.max(1, Math.ceil((until - first) / size));
  const empty = () => Array.from({ length }, () => 0);
  const buckets: Buckets = {
    starts: Array.from({ length }, (_, index) => first + index * size),
    flags: { CRITICAL: empty(), HIGH: empty(), MEDIUM: empty(), LOW: empty() },
    failures: empty(),
    resetRequests: empty(),
    resets: empty(),
  };
  const add = (series: number[], instant: string, amount: number) => {
    const index = Math.floor((Date.parse(instant) / 1000 - first) / size);
    if (index >= 0 && index < length) series[index] = (series[index] ?? 0) + amount;
  };
  for (const { reason, severity, flaggedAt, evidence } of flags) {
    add(buckets.flags[severity], flaggedAt, 1);
    if (!evidence) continue;
    const { eventCount, lastEventAt } = evidence;
    if (failureReasons.includes(reason)) add(buckets.failures, lastEventAt, eventCount);
    if (requestReasons.includes(reason)) add(buckets.resetRequests, lastEventAt, eventCount);
    if (resetReasons.includes(reason)) add(buckets.resets, lastEventAt, eventCount);
  }
  return buckets;
}
