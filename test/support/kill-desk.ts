/** Errands of the staff: they take flags and requests from one board, two of them at the same ones. */
import type { Errand, World } from './kill-errand.js';
import type { Citizen, Outcome } from './kill-people.js';

export interface Case {
  readonly id: string;
  readonly accountId: string | null;
  status: string;
  claimedBy: string | null;
  decidedBy: string | null;
}

/** What the staff saw when they last looked; each works on it as long as an answer does not say otherwise. */
export interface Desk {
  /** Accounts of the watched. */
  readonly watched: string[];
  flags: Case[];
  requests: Case[];
  readonly locked: Set<string>;
  /**
   * The account that each of the staff is about to lock or unlock. Nobody else does meanwhile: of one's two calls at once
   * both would be right if another undid the first in between.
   */
  readonly hands: Map<string, string>;
}

const isFree = ({ hands }: Desk, { name }: Citizen, accountId: string): boolean =>
  [...hands].every(([holder, held]) => holder === name || held !== accountId);

export const LOOK = `{
  flaggedAccounts(first: 30) { nodes { flags(first: 5, statuses: [OPEN, CLAIMED]) {
    nodes { id status claimedBy { id } account { id } } } } }
  supportRequests(first: 50, filter: { statuses: [OPEN, CLAIMED, AWAITING_CONFIRMATION] }) {
    nodes { id status claimedBy { id } account { id } resolution { decidedBy { id } } } }
  accounts(first: 50, filter: { statuses: [LOCKED] }) { nodes { id } } }`;

/** Puts on the board what the staff see. */
export function look(desk: Desk, data: Outcome): void {
  const toCase = (node: Outcome): Case => ({
    id: node['id'],
    accountId: node['account']?.id ?? null,
    status: node['status'],
    claimedBy: node['claimedBy']?.id ?? null,
    decidedBy: node['resolution']?.decidedBy.id ?? null,
  });
  desk.flags = data['flaggedAccounts'].nodes.flatMap((account: Outcome) => account['flags'].nodes.map(toCase));
  desk.requests = data['supportRequests'].nodes.map(toCase);
  for (const { id } of data['accounts'].nodes) desk.locked.add(id);
}

const staff = { kinds: ['staff'], needs: 'session' } as const;
const oneOf = <T>(list: readonly T[], random: () => number): T | undefined => list[Math.floor(random() * list.length)];

const flagOf = ({ notes }: Citizen, { desk }: World) => desk.flags.find(({ id }) => id === notes.inHand);
const requestOf = ({ notes }: Citizen, { desk }: World) => desk.requests.find(({ id }) => id === notes.inHand);

/** Takes a case in hand, so that what follows the answer knows which it was about. */
function take(citizen: Citizen, found: Case | undefined): Case | undefined {
  citizen.notes.inHand = found?.id ?? '';
  return found;
}

/** It is not as it was on the board. */
const drop = (citizen: Citizen, { desk }: World): void => {
  const gone = citizen.notes.inHand;
  desk.flags = desk.flags.filter(({ id }) => id !== gone);
  desk.requests = desk.requests.filter(({ id }) => id !== gone);
};
const overtaken = (citizen: Citizen, _outcome: Outcome, world: World): void => drop(citizen, world);

const flags: readonly Errand[] = [
  {
    ...staff,
    mutation: 'flagAccount',
    evidence: ['flagAccount'],
    selection: '... on FlagAccountSuccess { flag { id status claimedBy { id } account { id } } }',
    input(_citizen, { desk, random }) {
      const accountId = desk.flags.length < 10 ? oneOf(desk.watched, random) : undefined;
      return accountId === undefined
        ? undefined
        : { accountId, reason: 'MANUAL', severity: random() < 0.5 ? 'HIGH' : 'LOW' };
    },
    then(_citizen, { flag }, { desk }) {
      if (desk.flags.some(({ id }) => id === flag.id)) return;
      const { id, status, claimedBy, account } = flag;
      desk.flags.push({ id, status, claimedBy: claimedBy?.id ?? null, accountId: account.id, decidedBy: null });
    },
  },
  {
    ...staff,
    mutation: 'claimFlag',
    evidence: ['claimFlag'],
    input(citizen, { desk, random }) {
      const open = desk.flags.filter(({ status }) => status === 'OPEN');
      const flag = take(citizen, oneOf(open, random));
      return flag && { flagId: flag.id };
    },
    then(citizen, _outcome, world) {
      const flag = flagOf(citizen, world);
      if (flag) Object.assign(flag, { status: 'CLAIMED', claimedBy: citizen.accountId });
    },
    refused: overtaken,
    lost: drop,
  },
  {
    ...staff,
    mutation: 'releaseFlag',
    evidence: ['releaseFlag'],
    atOnce: 2,
    input(citizen, { desk, random }) {
      const mine = desk.flags.filter(({ claimedBy }) => claimedBy === citizen.accountId);
      const flag = random() < 0.3 ? take(citizen, oneOf(mine, random)) : undefined;
      return flag && { flagId: flag.id };
    },
    then(citizen, _outcome, world) {
      const flag = flagOf(citizen, world);
      if (flag) Object.assign(flag, { status: 'OPEN', claimedBy: null });
    },
    refused: overtaken,
    lost: drop,
  },
  {
    ...staff,
    mutation: 'resolveFlag',
    evidence: ['resolveFlag'],
    atOnce: 2,
    input(citizen, { desk, random }) {
      const mine = desk.flags.filter(({ claimedBy }) => claimedBy === citizen.accountId);
      const flag = take(citizen, oneOf(mine, random));
      if (!flag) return undefined;
      const { accountId } = flag;
      const isWatched = accountId !== null && desk.watched.includes(accountId) && isFree(desk, citizen, accountId);
      const decision = oneOf(['DISMISS', 'REVOKE_SESSIONS', 'FORCE_PASSWORD_RESET', 'LOCK_ACCOUNT'], random);
      desk.hands.set(citizen.name, isWatched ? accountId : '');
      return { flagId: flag.id, decision: isWatched ? decision : 'DISMISS', note: 'Looked at the events.' };
    },
    then: overtaken,
    refused: overtaken,
    lost: drop,
  },
];

const requests: readonly Errand[] = [
  {
    ...staff,
    mutation: 'claimSupportRequest',
    soon: true,
    evidence: ['claimSupportRequest'],
    input(citizen, { desk, random }) {
      const open = desk.requests.filter(({ status }) => status === 'OPEN');
      const request = take(citizen, oneOf(open, random));
      return request && { supportRequestId: request.id };
    },
    then(citizen, _outcome, world) {
      const request = requestOf(citizen, world);
      if (request) Object.assign(request, { status: 'CLAIMED', claimedBy: citizen.accountId });
    },
    refused: overtaken,
    lost: drop,
  },
  {
    ...staff,
    mutation: 'decideSupportRequest',
    soon: true,
    evidence: ['decideSupportRequest'],
    atOnce: 2,
    selection: '... on DecideSupportRequestSuccess { supportRequest { status } }',
    input(citizen, { desk, random }) {
      const mine = desk.requests.filter(
        ({ status, claimedBy }) => status === 'CLAIMED' && claimedBy === citizen.accountId,
      );
      const request = take(citizen, oneOf(mine, random));
      if (!request) return undefined;
      const how = oneOf(
        [
          { decision: 'REJECT' },
          { decision: 'APPROVE', deliverTo: 'EMAIL' },
          { decision: 'APPROVE', deliverTo: 'REQUEST_CONTACT' },
          { decision: 'APPROVE', deliverTo: 'REQUEST_CONTACT' },
        ],
        random,
      );
      return { supportRequestId: request.id, note: 'Knew the last orders.', ...how };
    },
    then(citizen, { supportRequest }, world) {
      const request = requestOf(citizen, world);
      if (request) Object.assign(request, { status: supportRequest.status, decidedBy: citizen.accountId });
    },
    refused: overtaken,
    lost: drop,
  },
  {
    ...staff,
    mutation: 'confirmSupportDecision',
    soon: true,
    evidence: ['confirmSupportDecision'],
    atOnce: 2,
    input(citizen, { desk, random }) {
      const waiting = desk.requests.filter(
        ({ status, decidedBy }) => status === 'AWAITING_CONFIRMATION' && decidedBy !== citizen.accountId,
      );
      const request = take(citizen, oneOf(waiting, random));
      return request && { supportRequestId: request.id, confirm: random() < 0.8, note: 'Called back.' };
    },
    then: overtaken,
    refused: overtaken,
    lost: drop,
  },
];

/** Errands on an account: which one is noted in hand. */
function onWatched(mutation: string, chance: number, input: object = {}): Errand {
  const isUnlock = mutation === 'unlockAccount';
  const settle = (citizen: Citizen, { desk }: World): void => {
    if (isUnlock) desk.locked.delete(citizen.notes.inHand);
    if (mutation === 'lockAccount') desk.locked.add(citizen.notes.inHand);
    desk.hands.delete(citizen.name);
  };
  const settled = (citizen: Citizen, _outcome: Outcome, world: World): void => settle(citizen, world);
  return {
    ...staff,
    mutation,
    evidence: [mutation],
    ...((isUnlock || mutation === 'lockAccount') && { atOnce: 2 as const }),
    input(citizen, { desk, random }) {
      const accountId = random() < chance ? oneOf(isUnlock ? [...desk.locked] : desk.watched, random) : undefined;
      if (accountId === undefined || !isFree(desk, citizen, accountId)) return undefined;
      citizen.notes.inHand = accountId;
      desk.hands.set(citizen.name, accountId);
      return { accountId, ...input };
    },
    then: settled,
    refused: settled,
    lost: settle,
  };
}

const accounts: readonly Errand[] = [
  onWatched('lockAccount', 0.15, { reason: 'ABUSE' }),
  onWatched('unlockAccount', 0.8),
  onWatched('forcePasswordReset', 0.1),
  onWatched('revokeAllSessions', 0.1),
];

export const deskErrands: readonly Errand[] = [...flags, ...requests, ...accounts];
