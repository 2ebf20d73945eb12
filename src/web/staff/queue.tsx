import { useQuery } from '@apollo/client/react';
import { useRef, useState } from 'react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { usePresencePolling } from '../account/presence';
import { useAction } from '../account/use-action';
import {
  ClaimFlagDocument,
  FlaggedAccountsDocument,
  ReleaseFlagDocument,
  type FlaggedAccountFilter,
  type FlaggedAccountsQuery,
  type FlagReason,
  type FlagSeverity,
} from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { CheckField, SelectField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { Heading } from '../ui/page';
import { Ago } from '../ui/time';
import { AccountLink, absence, DataTable, Member, nameOf, Pager, SeverityBadge, useKeyset, type Column } from './parts';
import { KeyHelp, useQueueKeys } from './queue-keys';
import { oneOf, useFilters } from './use-filters';

const words = staffTexts.queuePage;
const pageSize = 20;
type Row = NonNullable<FlaggedAccountsQuery['flaggedAccounts']>['edges'][number];
type Flag = Row['matchingFlags'][number];

const severities: FlagSeverity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
const reasons = Object.keys(staffTexts.reasons) as FlagReason[];
const orders = {
  severity: { field: 'SEVERITY', direction: 'DESC' },
  oldest: { field: 'FLAGGED_AT', direction: 'ASC' },
  newest: { field: 'FLAGGED_AT', direction: 'DESC' },
} as const;

/** The review queue: why each account is here, how urgent, for how long, and who works on it. */
export function Queue() {
  const filters = useFilters();
  const keyset = useKeyset(filters.key);
  const query = useQuery(FlaggedAccountsDocument, {
    variables: {
      filter: filterFrom(filters.get),
      orderBy: orders[oneOf(['severity', 'oldest', 'newest'], filters.get('order')) ?? 'severity'],
      first: pageSize,
      after: keyset.after,
    },
    fetchPolicy: 'cache-and-network',
  });
  usePresencePolling(query.refetch);
  const list = query.data?.flaggedAccounts ?? query.previousData?.flaggedAccounts;
  const rows = list?.edges ?? [];
  const [message, setMessage] = useState<string | null>(null);
  const { act, problem } = useAction();
  const place = useRef<HTMLDivElement>(null);

  const claim = async (flagId: string) => {
    setMessage(null);
    const outcome = await act(ClaimFlagDocument, { input: { flagId } });
    if (outcome?.__typename === 'ClaimFlagSuccess') setMessage(words.claimed);
  };
  const release = async (flagId: string) => {
    setMessage(null);
    const outcome = await act(ReleaseFlagDocument, { input: { flagId } });
    if (outcome?.__typename === 'ReleaseFlagSuccess') setMessage(words.released);
  };
  const firstFlag = (accountId: string) => rows.find((row) => row.node.id === accountId)?.matchingFlags[0]?.id;
  const keys = useQueueKeys(place, {
    claim: (row) => void (firstFlag(row) && claim(String(firstFlag(row)))),
    release: (row) => void (firstFlag(row) && release(String(firstFlag(row)))),
    next: () => list?.pageInfo.hasNextPage && list.pageInfo.endCursor && keyset.next(list.pageInfo.endCursor),
    previous: () => keyset.page > 1 && keyset.previous(),
  });

  return (
    <div className="stack">
      <div className="page-head flush">
        <Heading>{staffTexts.queue}</Heading>
        <p className="soft">
          {words.intro} {list && <strong>{words.total(list.totalCount)}</strong>}
        </p>
      </div>
      <Filters {...filters} />
      <KeyHelp isOn={keys.isOn} onToggle={keys.toggle} />
      <div role="status">{message && <Notice tone="success">{message}</Notice>}</div>
      {problem?.code === 'CONFLICT' ? (
        <Notice tone="warning">{words.conflict}</Notice>
      ) : (
        <ProblemNotice problem={problem} />
      )}
      <div ref={place} className="stack">
        {list && rows.length > 0 ? (
          <DataTable label={staffTexts.queue} columns={columns(claim)} rows={rows} rowKey={(row) => row.node.id} />
        ) : (
          absence(query, null, words.empty)
        )}
        {list && <Pager keyset={keyset} pageInfo={list.pageInfo} />}
      </div>
    </div>
  );
}

function filterFrom(get: (name: string, fallback?: string) => string): FlaggedAccountFilter {
  const reason = oneOf(reasons, get('reason'));
  const severity = oneOf(severities, get('severity'));
  const status = oneOf(['OPEN', 'CLAIMED', 'RESOLVED'] as const, get('status'));
  return {
    statuses: status ? [status] : ['OPEN', 'CLAIMED'],
    ...(reason ? { reasons: [reason] } : {}),
    ...(severity ? { minSeverity: severity } : {}),
    ...(get('mine') ? { claimedByMe: true } : {}),
  };
}

const columns = (claim: (flagId: string) => Promise<void>): Column<Row>[] => [
  { name: words.columns.severity, cell: (row) => <SeverityBadge severity={row.severity} /> },
  {
    name: words.columns.account,
    cell: (row) => <AccountLink account={row.node} />,
  },
  { name: words.columns.reason, cell: (row) => <Reasons row={row} /> },
  { name: words.columns.evidence, cell: (row) => <Evidence flag={row.matchingFlags[0]} /> },
  { name: words.columns.age, className: 'nowrap', cell: (row) => <Ago at={row.flaggedAt} /> },
  {
    name: words.columns.owner,
    className: 'nowrap',
    cell: (row) => {
      const flag = row.matchingFlags[0];
      if (!flag || flag.status !== 'OPEN') return <Member person={flag?.claimedBy ?? null} />;
      return (
        <Button
          look="quiet"
          size="small"
          aria-label={`${words.claim}: ${nameOf(row.node)}`}
          onClick={() => void claim(flag.id)}
        >
          {words.claim}
        </Button>
      );
    },
  },
];

function Reasons({ row }: { row: Row }) {
  const [first, ...more] = row.matchingFlags;
  if (!first) return null;
  return (
    <>
      <Link className="row-link" to={`/staff/flags/${first.id}`}>
        {staffTexts.reasons[first.reason] ?? first.reason}
      </Link>
      {more.length > 0 && <div className="soft small">{words.flagsMore(more.length)}</div>}
    </>
  );
}

function Evidence({ flag }: { flag: Flag | undefined }) {
  const evidence = flag?.evidence;
  if (!evidence) return <span className="soft">{flag?.note ?? staffTexts.none}</span>;
  return (
    <>
      {staffTexts.evidence(evidence.eventCount, evidence.distinctSources)}
      <div className="soft small">
        {evidence.affectedAccountCount > 1
          ? staffTexts.affected(evidence.affectedAccountCount)
          : staffTexts.threshold(evidence.thresholdCount, evidence.thresholdWindowSeconds)}
      </div>
    </>
  );
}

function Filters({ get, set }: ReturnType<typeof useFilters>) {
  const { any, statuses, severities: severityNames, reasons: reasonNames } = staffTexts;
  return (
    <div className="filters" id="filters">
      <SelectField
        label={words.status}
        value={get('status')}
        onPick={(value) => set('status', value)}
        options={[['', words.waiting], ...Object.entries(statuses)]}
      />
      <SelectField
        label={words.severity}
        value={get('severity')}
        onPick={(value) => set('severity', value)}
        options={[['', any], ...severities.map((severity) => [severity, severityNames[severity]] as const)]}
      />
      <SelectField
        label={words.reason}
        value={get('reason')}
        onPick={(value) => set('reason', value)}
        options={[['', any], ...Object.entries(reasonNames)]}
      />
      <SelectField
        label={words.order}
        value={get('order')}
        onPick={(value) => set('order', value)}
        options={[
          ['', words.bySeverity],
          ['oldest', words.byAge],
          ['newest', words.byNewest],
        ]}
      />
      <CheckField
        label={words.mine}
        checked={get('mine') === 'yes'}
        onChange={(event) => set('mine', event.target.checked ? 'yes' : '')}
      />
    </div>
  );
}
