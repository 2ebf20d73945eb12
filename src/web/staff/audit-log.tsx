import { useQuery } from '@apollo/client/react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { shortTime } from '../core/time';
import { AuditLogDocument, type AuditLogFilter, type AuditLogQuery } from '../generated/staff/graphql';
import { Field } from '../ui/field';
import { Heading } from '../ui/page';
import { absence, DataTable, nameOf, Pager, useKeyset, type Column } from './parts';
import { useFilters } from './use-filters';

const words = staffTexts.auditPage;
type Row = NonNullable<AuditLogQuery['auditLog']>['nodes'][number];

const columns: Column<Row>[] = [
  { name: words.columns.time, className: 'nowrap', cell: (entry) => shortTime(entry.at) },
  { name: words.columns.action, cell: (entry) => <span className="mono small">{entry.action}</span> },
  { name: words.columns.by, cell: (entry) => (entry.by ? nameOf(entry.by) : (entry.byService ?? words.operator)) },
  {
    name: words.columns.subject,
    cell: (entry) => entry.subject && <Link to={`/staff/accounts/${entry.subject.id}`}>{nameOf(entry.subject)}</Link>,
  },
  { name: words.columns.note, cell: (entry) => entry.note },
];

/** What staff and services did and looked at, for those who oversee them. */
export function AuditLog() {
  const { get, set, key } = useFilters();
  const keyset = useKeyset(key);
  const query = useQuery(AuditLogDocument, {
    variables: { filter: filterFrom(get), after: keyset.after },
    fetchPolicy: 'cache-and-network',
  });
  const list = query.data?.auditLog ?? query.previousData?.auditLog;
  const field = (name: string, label: string, type = 'text') => (
    <Field
      label={label}
      type={type}
      value={get(name)}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => set(name, event.target.value)}
    />
  );
  return (
    <div className="stack">
      <div className="page-head flush">
        <Heading>{words.title}</Heading>
        <p className="soft">{words.intro}</p>
      </div>
      <div className="filters">
        {field('by', words.by)}
        {field('subject', words.subject)}
        {field('from', words.from, 'date')}
        {field('before', words.before, 'date')}
      </div>
      {list && list.nodes.length > 0 ? (
        <DataTable label={words.title} columns={columns} rows={list.nodes} rowKey={(entry) => entry.id} />
      ) : (
        absence(query, null, words.empty)
      )}
      {list && <Pager keyset={keyset} pageInfo={list.pageInfo} />}
    </div>
  );
}

function filterFrom(get: (name: string) => string): AuditLogFilter {
  const by = get('by').trim();
  const subject = get('subject').trim();
  const from = startOfDay(get('from'));
  const before = startOfDay(get('before'));
  return {
    ...(by ? { byAccountId: by } : {}),
    ...(subject ? { subjectAccountId: subject } : {}),
    ...(from ? { from } : {}),
    ...(before ? { before } : {}),
  };
}

/** A day as the person means it: from midnight where they are. */
function startOfDay(day: string): string | null {
  const date = new Date(`${day}T00:00:00`);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
