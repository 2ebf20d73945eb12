import { useQuery } from '@apollo/client/react';
import { useState, type FormEvent } from 'react';
import { staffTexts } from '#texts/staff';
import { FindAccountsDocument, type AccountStatus, type FindAccountsQuery } from '../generated/staff/graphql';
import { shortTime } from '../core/time';
import { Button } from '../ui/button';
import { Field, SelectField } from '../ui/field';
import { Heading } from '../ui/page';
import { Ago } from '../ui/time';
import { AccountLink, absence, DataTable, Pager, StatusBadge, useKeyset, type Column } from './parts';

const words = staffTexts.accountsPage;
const statuses = Object.keys(staffTexts.accountStatuses) as AccountStatus[];
type Row = NonNullable<FindAccountsQuery['accounts']>['nodes'][number];

const columns: Column<Row>[] = [
  { name: words.columns.account, cell: (account) => <AccountLink account={account} /> },
  { name: words.columns.status, cell: (account) => <StatusBadge status={account.status} /> },
  { name: words.columns.created, cell: (account) => (account.createdAt ? shortTime(account.createdAt) : null) },
  {
    name: words.columns.lastSignIn,
    cell: (account) => (account.lastSignInAt ? <Ago at={account.lastSignInAt} /> : staffTexts.never),
  },
];

/** Find an account. The address searched for stays out of the page's own address, which ends up in histories. */
export function Accounts() {
  const [typed, setTyped] = useState('');
  const [email, setEmail] = useState('');
  const [status, setStatus] = useState<AccountStatus | ''>('');
  const keyset = useKeyset(`${email} ${status}`);
  const query = useQuery(FindAccountsDocument, {
    variables: {
      filter: { ...(email ? { email } : {}), ...(status ? { statuses: [status] } : {}) },
      after: keyset.after,
    },
    fetchPolicy: 'cache-and-network',
  });
  const list = query.data?.accounts ?? query.previousData?.accounts;
  const find = (event: FormEvent) => {
    event.preventDefault();
    setEmail(typed.trim());
  };
  return (
    <div className="stack">
      <div className="page-head flush">
        <Heading>{words.title}</Heading>
        <p className="soft">{words.intro}</p>
      </div>
      <form className="filters" onSubmit={find} role="search">
        <Field
          label={words.email}
          type="email"
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <SelectField
          label={words.status}
          value={status}
          onPick={(value) => setStatus(value as AccountStatus | '')}
          options={[['', staffTexts.any], ...statuses.map((it) => [it, staffTexts.accountStatuses[it] ?? it] as const)]}
        />
        <Button type="submit" look="quiet">
          {words.find}
        </Button>
      </form>
      {list && list.nodes.length > 0 ? (
        <DataTable label={words.title} columns={columns} rows={list.nodes} rowKey={(account) => account.id} />
      ) : (
        absence(query, null, words.empty)
      )}
      {list && <Pager keyset={keyset} pageInfo={list.pageInfo} />}
    </div>
  );
}
