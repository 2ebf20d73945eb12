/** What the pages of the desk share: people, badges, tables and paging. */
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { useViewer } from '../account/viewer';
import type { FlagSeverity, PersonFragment } from '../generated/staff/graphql';
import { Absent } from '../ui/absent';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { Notice } from '../ui/notice';

const words = staffTexts;

export const nameOf = (person: PersonFragment): string => person.displayName ?? person.email ?? words.unnamed;

/** A staff member: "You", a name, or nobody. */
export function Member({ person }: { person: PersonFragment | null }) {
  const me = useViewer().account.id;
  if (!person) return <span className="soft">{words.nobody}</span>;
  return <>{person.id === me ? words.you : nameOf(person)}</>;
}

/** An account under review: its name, its address, and the way to its page. */
export function AccountLink({ account }: { account: PersonFragment }) {
  return (
    <>
      <Link to={`/staff/accounts/${account.id}`}>{nameOf(account)}</Link>
      {account.displayName && account.email && <div className="soft small breakable">{account.email}</div>}
    </>
  );
}

const severityLooks = { CRITICAL: 'critical', HIGH: 'danger', MEDIUM: 'warning', LOW: 'info' };

export function SeverityBadge({ severity }: { severity: FlagSeverity }) {
  return <span className={`badge ${severityLooks[severity]}`}>{words.severities[severity]}</span>;
}

export function StatusBadge({ status }: { status: string | null }) {
  if (!status) return <span className="soft">{words.unknown}</span>;
  const look = status === 'ACTIVE' ? 'good' : status === 'LOCKED' ? 'danger' : status === 'CLOSED' ? '' : 'warning';
  return <span className={`badge ${look}`}>{words.accountStatuses[status] ?? status}</span>;
}

export function BackLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <p>
      <Link to={to} className="row tight-row">
        <Icon name="back" />
        {children}
      </Link>
    </p>
  );
}

interface Asked {
  loading: boolean;
  error?: unknown;
  data?: unknown;
  refetch: () => Promise<unknown>;
}

/**
 * What to show while there is nothing: loading, failed, or not there; with `empty`, that a list has nothing in it. Null
 * when there is something.
 */
export function absence(query: Asked, found: unknown, empty?: string) {
  if (found) return null;
  if (!query.data || query.error) return <Absent isLoading={query.loading} onRetry={query.refetch} />;
  if (empty === undefined) return <Notice tone="info">{words.gone}</Notice>;
  return (
    <div className="empty-state" role="status">
      <Icon name="success" />
      <p>{empty}</p>
    </div>
  );
}

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  className?: string;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/** A table that stacks into cards on a narrow screen; the roles keep it a table for assistive technology there too. */
export function DataTable<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    <div className="table-card">
      <table className="table" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.name} scope="col" role="columnheader">
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row" data-row={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.name} role="cell" data-label={column.name} className={column.className}>
                  <div>{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Pages by cursor: forward by the cursor of the page, back by those passed. A change of `reset` starts anew. */
export function useKeyset(reset: string) {
  const [state, setState] = useState<{ reset: string; passed: string[] }>({ reset, passed: [] });
  const passed = state.reset === reset ? state.passed : [];
  return {
    after: passed[passed.length - 1] ?? null,
    page: passed.length + 1,
    next: (cursor: string) => setState({ reset, passed: [...passed, cursor] }),
    previous: () => setState({ reset, passed: passed.slice(0, -1) }),
  };
}

interface PagerProps {
  keyset: ReturnType<typeof useKeyset>;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export function Pager({ keyset, pageInfo }: PagerProps) {
  if (keyset.page === 1 && !pageInfo.hasNextPage) return null;
  return (
    <nav className="row" aria-label={words.page(keyset.page)}>
      <Button look="quiet" size="small" disabled={keyset.page === 1} onClick={keyset.previous}>
        {words.previous}
      </Button>
      <span className="small soft">{words.page(keyset.page)}</span>
      <Button
        look="quiet"
        size="small"
        disabled={!pageInfo.hasNextPage}
        onClick={() => pageInfo.endCursor && keyset.next(pageInfo.endCursor)}
      >
        {words.next}
      </Button>
    </nav>
  );
}
