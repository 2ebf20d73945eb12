/**
 * What makes an account worth a look. This list is the policy: what is counted, how much of it within which time, and how
 * urgent it then is. Pure: nothing here reads the database or the clock.
 *
 * No rule changes what the public sees, and none locks anyone: a stranger could shut the owner out with it.
 */
import type { Config, Limit } from '../base/config.js';
import type { EventKind } from '../security-events/service.js';

export type FlagReason =
  | 'CREDENTIAL_STUFFING'
  | 'IMPOSSIBLE_TRAVEL'
  | 'REPEATED_RESET_REQUESTS'
  | 'REPEATED_PASSWORD_RESETS'
  | 'RESET_CAMPAIGN'
  | 'SIGN_IN_CAMPAIGN'
  | 'SECOND_FACTOR_ABUSE'
  | 'OWNER_REPORT'
  | 'MANUAL';

/** From least to most: the place in the list, from 1, is what the database keeps. */
export const severities = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
export type Severity = (typeof severities)[number];

export const severityRank = (severity: Severity): number => severities.indexOf(severity) + 1;
export const severityOfRank = (rank: number): Severity => severities[rank - 1] ?? 'LOW';

type FlagLimit = {
  [N in keyof Config]: Config[N] extends Limit ? (N extends `FLAG_${string}` ? N : never) : never;
}[keyof Config];

/** How urgent so many times the threshold is: the last step reached counts. */
type Steps = readonly (readonly [times: number, severity: Severity])[];

export interface Rule {
  readonly reason: FlagReason;
  /** Whose events are counted together. */
  readonly subject: 'account' | 'network';
  readonly counts: readonly EventKind[];
  /** What must reach the threshold: events, or accounts among them. */
  readonly measure: 'events' | 'accounts';
  /** The threshold and its window, set by the operator. */
  readonly limit: FlagLimit;
  readonly steps: Steps;
  /** A network that is flagged itself does not also raise this for each account it hits. */
  readonly leavesOutCampaigns?: true;
  /** What makes it worse when it comes after the threshold: from a network that was counted, or from elsewhere. */
  readonly worsenedBy?: { readonly kind: EventKind; readonly sameNetwork: Severity; readonly elsewhere: Severity };
}

export const rules: readonly Rule[] = [
  // First, since it takes what it explains off the rules for single accounts. One row for the whole attack.
  {
    reason: 'RESET_CAMPAIGN',
    subject: 'network',
    counts: ['password_reset_requested'],
    measure: 'accounts',
    limit: 'FLAG_CAMPAIGN',
    steps: [
      [1, 'MEDIUM'],
      [10, 'HIGH'],
    ],
  },
  // One password, or one leaked pair, for each of many accounts: no account alone sees enough of it. A right one after it is
  // what it was for; behind a shared address it can also be anyone, so it never stands above what one account shows.
  {
    reason: 'SIGN_IN_CAMPAIGN',
    subject: 'network',
    counts: ['sign_in_failed'],
    measure: 'accounts',
    limit: 'FLAG_SIGN_IN_CAMPAIGN',
    steps: [
      [1, 'MEDIUM'],
      [4, 'HIGH'],
    ],
    worsenedBy: { kind: 'signed_in', sameNetwork: 'HIGH', elsewhere: 'MEDIUM' },
  },
  // Anyone can ask: it tells of interest in the account, and of no harm yet. So it never stands above real harm.
  {
    reason: 'REPEATED_RESET_REQUESTS',
    subject: 'account',
    counts: ['password_reset_requested'],
    measure: 'events',
    limit: 'FLAG_RESET_REQUESTS',
    steps: [
      [1, 'LOW'],
      [4, 'MEDIUM'],
    ],
    leavesOutCampaigns: true,
  },
  // Whoever completes a reset had the mailbox, or the password: two people may be fighting over the account.
  {
    reason: 'REPEATED_PASSWORD_RESETS',
    subject: 'account',
    counts: ['password_reset', 'password_changed'],
    measure: 'events',
    limit: 'FLAG_RESETS',
    steps: [
      [1, 'MEDIUM'],
      [2, 'HIGH'],
      [4, 'CRITICAL'],
    ],
  },
  // Guessing. A right password after it, from where the wrong ones came, is a takeover until shown otherwise.
  {
    reason: 'CREDENTIAL_STUFFING',
    subject: 'account',
    counts: ['sign_in_failed'],
    measure: 'events',
    limit: 'FLAG_FAILED_SIGN_INS',
    steps: [
      [1, 'LOW'],
      [4, 'MEDIUM'],
    ],
    worsenedBy: { kind: 'signed_in', sameNetwork: 'CRITICAL', elsewhere: 'HIGH' },
  },
  // Whoever fails here knows the password already.
  {
    reason: 'SECOND_FACTOR_ABUSE',
    subject: 'account',
    counts: ['second_factor_failed'],
    measure: 'events',
    limit: 'FLAG_SECOND_FACTOR_FAILURES',
    steps: [
      [1, 'HIGH'],
      [4, 'CRITICAL'],
    ],
    worsenedBy: { kind: 'signed_in', sameNetwork: 'CRITICAL', elsewhere: 'CRITICAL' },
  },
];

/** Whether an account can have several such flags: one for each source that hit it first. */
export const isCountedBySource = (reason: FlagReason): boolean =>
  rules.some((rule) => rule.reason === reason && rule.subject === 'network');

/** Enough to fire, whatever the threshold; beyond it no source is worth more rows. */
const MOST_REFUSED = 1000;

/** How much of what was refused at the door is worth keeping: more would not make the flag more urgent. */
export function worthKeeping(reason: FlagReason, config: Config): Limit {
  const rule = rules.find((known) => known.reason === reason);
  if (!rule) return { max: 0, seconds: 0 };
  const { max, seconds } = config[rule.limit];
  const [times] = rule.steps.at(-1) ?? [1];
  return { max: Math.max(max, Math.min(max * times, MOST_REFUSED)), seconds };
}

/** How urgent `count` is where `threshold` raises the flag. It rises with the evidence and never falls. */
export function severityFor(rule: Rule, count: number, threshold: number): Severity {
  const reached = rule.steps.filter(([times]) => count >= times * threshold);
  return reached.at(-1)?.[1] ?? rule.steps[0]?.[1] ?? 'LOW';
}

/** An event as the rules see it. */
export interface Counted {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly accountId: string;
  readonly network: string;
}

/**
 * The moment at which the events of one subject first reached the threshold within its window, or null. Events come in
 * the order of time; two that lie exactly the window apart are within it.
 */
export function firstReached(
  events: readonly Counted[],
  measure: Rule['measure'],
  { max, seconds }: Limit,
): number | null {
  if (max === 0) return null;
  const within = new Map<string, number>();
  let oldest = 0;
  for (const { id, accountId, at } of events) {
    const key = measure === 'accounts' ? accountId : id;
    within.set(key, (within.get(key) ?? 0) + 1);
    for (let left = events[oldest]; left && left.at < at - seconds * 1000; left = events[(oldest += 1)]) {
      const leaving = measure === 'accounts' ? left.accountId : left.id;
      const remaining = (within.get(leaving) ?? 0) - 1;
      if (remaining > 0) within.set(leaving, remaining);
      else within.delete(leaving);
    }
    if (within.size >= max) return at;
  }
  return null;
}
