/** The staff desk: what its pages share, and the overview. */
import { staffAccounts } from './staff-accounts';
import { staffCases } from './staff-cases';
import { staffSupport } from './staff-support';
import { count, duration } from './language';

export const staffTexts = {
  ...staffAccounts,
  ...staffCases,
  ...staffSupport,

  title: 'Staff desk',
  navigation: 'Staff desk',
  noScopes: 'Your account has no staff role.',
  needsScope: 'Your role does not include this page.',
  overview: 'Overview',
  queue: 'Review queue',
  support: 'Support',
  accounts: 'Accounts',
  audit: 'Audit log',
  nobody: 'Nobody',
  you: 'You',
  unnamed: 'Unnamed account',
  byRule: 'a rule',
  previous: 'Previous',
  next: 'Next',
  page: (n: number) => `Page ${n}`,
  any: 'Any',
  clear: 'Clear filters',
  unknown: 'Unknown',
  never: 'Never',
  none: 'None',
  gone: 'There is nothing with this id.',
  severities: { CRITICAL: 'Critical', HIGH: 'High', MEDIUM: 'Medium', LOW: 'Low' },
  statuses: { OPEN: 'Open', CLAIMED: 'Claimed', RESOLVED: 'Resolved' },

  reasons: {
    CREDENTIAL_STUFFING: 'Many failed sign-ins',
    IMPOSSIBLE_TRAVEL: 'Unlikely place',
    REPEATED_RESET_REQUESTS: 'Many reset requests',
    REPEATED_PASSWORD_RESETS: 'Many password changes',
    RESET_CAMPAIGN: 'Reset campaign',
    SIGN_IN_CAMPAIGN: 'Sign-in campaign',
    SECOND_FACTOR_ABUSE: 'Second-factor failures',
    OWNER_REPORT: 'Reported by owner',
    MANUAL: 'Raised by hand',
  } as Record<string, string>,

  accountStatuses: {
    ACTIVE: 'Active',
    LOCKED: 'Locked',
    PASSWORD_RESET_REQUIRED: 'Reset required',
    CLOSED: 'Closed',
  } as Record<string, string>,

  lockReasons: {
    SUSPECTED_TAKEOVER: 'Suspected takeover',
    ABUSE: 'Abuse by the owner',
    OWNER_REQUEST: 'Asked for by the owner',
  },

  evidence: (events: number, sources: number) => `${count(events, 'event')} from ${count(sources, 'source')}`,
  affected: (accounts: number) => `${count(accounts, 'account')} concerned`,
  windowLength: (seconds: number) => duration(seconds),
  threshold: (events: number, seconds: number) => `Rule: ${events} within ${duration(seconds)}`,

  overviewPage: {
    intro: 'What waits, and how much happened.',
    openFlags: 'Accounts to review',
    criticalFlags: 'High or critical',
    mine: 'Claimed by you',
    supportOpen: 'Support requests',
    supportOverdue: 'Overdue',
    range: 'Time',
    periods: { DAY: '24 hours', WEEK: '7 days', MONTH: '30 days' },
    flagsChart: 'Flags raised',
    failuresChart: 'Failures',
    resetsChart: 'Resets',
    failures: 'Failed sign-ins and codes',
    resetRequests: 'Reset requests',
    resets: 'Resets and changes',
    basis: 'Counted over all accounts, and over addresses that have none.',
    table: 'As a table',
    time: 'Time',
    empty: 'Nothing in this time.',
  },
};
