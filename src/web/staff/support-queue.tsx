import { useQuery } from '@apollo/client/react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { usePresencePolling } from '../account/presence';
import { relativeTime } from '../core/time';
import {
  SupportRequestsDocument,
  type SupportRequestStatus,
  type SupportSummaryFragment,
} from '../generated/staff/graphql';
import { CheckField, Field, SelectField } from '../ui/field';
import { Heading } from '../ui/page';
import { absence, DataTable, Member, Pager, useKeyset, type Column } from './parts';
import { oneOf, useFilters } from './use-filters';

const words = staffTexts.supportPage;
const statuses = Object.keys(words.statuses) as SupportRequestStatus[];
const undecided = ['OPEN', 'CLAIMED'];

/** Whether the answer is late, in words and in red. */
export function Due({ request }: { request: Pick<SupportSummaryFragment, 'dueAt' | 'isOverdue' | 'status'> }) {
  if (request.isOverdue) return <strong className="overdue">{words.overdue(relativeTime(request.dueAt))}</strong>;
  return (
    <span className={undecided.includes(request.status) ? '' : 'soft'}>{words.due(relativeTime(request.dueAt))}</span>
  );
}

const columns: Column<SupportSummaryFragment>[] = [
  {
    name: words.columns.reference,
    className: 'nowrap',
    cell: (request) => (
      <Link className="mono" to={`/staff/support/${request.id}`}>
        {request.reference}
      </Link>
    ),
  },
  { name: words.columns.email, cell: (request) => request.claimedEmail },
  { name: words.columns.status, cell: (request) => <SupportStatus status={request.status} /> },
  { name: words.columns.due, cell: (request) => <Due request={request} /> },
  { name: words.columns.owner, className: 'nowrap', cell: (request) => <Member person={request.claimedBy} /> },
];

export function SupportStatus({ status }: { status: SupportRequestStatus }) {
  const look =
    status === 'APPROVED'
      ? 'good'
      : status === 'OPEN' || status === 'CLAIMED'
        ? 'info'
        : status === 'AWAITING_CONFIRMATION' || status === 'ON_HOLD'
          ? 'warning'
          : '';
  return <span className={`badge ${look}`}>{words.statuses[status] ?? status}</span>;
}

/** Requests of people without a way in, the one due first at the top. */
export function SupportQueue() {
  const { get, set, key } = useFilters();
  const keyset = useKeyset(key);
  const status = oneOf(statuses, get('status'));
  const reference = get('reference').trim();
  const query = useQuery(SupportRequestsDocument, {
    variables: {
      filter: {
        ...(get('status') === 'ALL' || reference
          ? {}
          : { statuses: status ? [status] : ['OPEN', 'CLAIMED', 'AWAITING_CONFIRMATION'] }),
        ...(get('overdue') ? { isOverdue: true } : {}),
        ...(get('mine') ? { claimedByMe: true } : {}),
        ...(reference ? { reference } : {}),
      },
      orderBy: { field: 'DUE_AT', direction: 'ASC' },
      after: keyset.after,
    },
    fetchPolicy: 'cache-and-network',
  });
  usePresencePolling(query.refetch);
  const list = query.data?.supportRequests ?? query.previousData?.supportRequests;
  return (
    <div className="stack">
      <div className="page-head flush">
        <Heading>{words.title}</Heading>
        <p className="soft">
          {words.intro} {list && <strong>{words.total(list.totalCount)}</strong>}
        </p>
      </div>
      <div className="filters">
        <SelectField
          label={words.status}
          value={get('status')}
          onPick={(value) => set('status', value)}
          options={[
            ['', words.waiting],
            ['ALL', words.all],
            ...statuses.map((it) => [it, words.statuses[it] ?? it] as const),
          ]}
        />
        <Field
          label={words.reference}
          value={get('reference')}
          onChange={(event) => set('reference', event.target.value)}
          spellCheck={false}
        />
        <CheckField
          label={words.overdueOnly}
          checked={get('overdue') === 'yes'}
          onChange={(event) => set('overdue', event.target.checked ? 'yes' : '')}
        />
        <CheckField
          label={words.mine}
          checked={get('mine') === 'yes'}
          onChange={(event) => set('mine', event.target.checked ? 'yes' : '')}
        />
      </div>
      {list && list.nodes.length > 0 ? (
        <DataTable label={words.title} columns={columns} rows={list.nodes} rowKey={(request) => request.id} />
      ) : (
        absence(query, null, words.empty)
      )}
      {list && <Pager keyset={keyset} pageInfo={list.pageInfo} />}
    </div>
  );
}
