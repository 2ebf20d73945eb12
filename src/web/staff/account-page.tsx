import { useQuery } from '@apollo/client/react';
import { Link, useParams } from 'react-router';
import { accountTexts } from '#texts/account';
import { staffTexts } from '#texts/staff';
import { useViewer } from '../account/viewer';
import { shortTime } from '../core/time';
import {
  AccountEventsDocument,
  AccountFileDocument,
  AccountFlagsDocument,
  type AccountFileQuery,
} from '../generated/staff/graphql';
import { Heading } from '../ui/page';
import { Ago } from '../ui/time';
import { AccountActions } from './account-actions';
import { AccountFacts } from './account-facts';
import { absence, BackLink, DataTable, nameOf, Pager, SeverityBadge, useKeyset } from './parts';
import { scopes } from './scopes';

const words = staffTexts.accountPage;

/** All that staff may know of one account, and what they may do to it. */
export function AccountPage() {
  const { id = '' } = useParams();
  const held = useViewer().scopes;
  const mayReview = held.includes(scopes.reviewAccounts);
  const query = useQuery(AccountFileDocument, { variables: { id }, fetchPolicy: 'cache-and-network' });
  const account = query.data?.account;
  if (!account) return absence(query, null);
  return (
    <div className="stack">
      <BackLink to="/staff/accounts">{words.back}</BackLink>
      <div className="page-head flush">
        <Heading>{nameOf(account)}</Heading>
        <p className="soft breakable">
          {account.email} · <span className="mono small">{account.id}</span>
        </p>
      </div>
      <div className="case">
        <div className="stack">
          {mayReview && <Flags id={id} />}
          <Undeliverable messages={account.undeliverableMessages} />
          <Events id={id} />
        </div>
        <div className="stack case-side">
          <section className="card stack" aria-labelledby="standing">
            <h2 id="standing">{words.status}</h2>
            <AccountFacts account={account} />
          </section>
          {mayReview && <AccountActions account={account} />}
          {held.includes(scopes.readAudit) && (
            <p>
              <Link to={`/staff/audit?subject=${encodeURIComponent(id)}`}>{words.audit}</Link>
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

function Flags({ id }: { id: string }) {
  const query = useQuery(AccountFlagsDocument, { variables: { id }, fetchPolicy: 'cache-and-network' });
  const flags = query.data?.account?.flags?.nodes;
  return (
    <section className="card stack" aria-labelledby="flags">
      <h2 id="flags">{words.flags}</h2>
      {absence(query, flags)}
      {flags?.length === 0 && <p className="soft">{words.noFlags}</p>}
      {flags && flags.length > 0 && (
        <ul className="list">
          {flags.map((flag) => (
            <li key={flag.id}>
              <span className="row">
                <SeverityBadge severity={flag.severity} />
                <Link to={`/staff/flags/${flag.id}`}>{staffTexts.reasons[flag.reason] ?? flag.reason}</Link>
              </span>
              <span className="soft small">
                {staffTexts.statuses[flag.status]} · <Ago at={flag.flaggedAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

type Messages = NonNullable<AccountFileQuery['account']>['undeliverableMessages'];

/** Why the owner may say that nothing came. */
function Undeliverable({ messages }: { messages: Messages }) {
  if (!messages || messages.length === 0) return null;
  return (
    <section className="card stack" aria-labelledby="undeliverable">
      <h2 id="undeliverable">{words.undeliverable}</h2>
      <ul className="list">
        {messages.map((message) => (
          <li key={`${message.message} ${message.failedAt}`}>
            <span>
              <span className="mono small">{message.message}</span> <span className="soft">{message.reason}</span>
            </span>
            <span className="soft small">
              <Ago at={message.failedAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Events({ id }: { id: string }) {
  const keyset = useKeyset(id);
  const query = useQuery(AccountEventsDocument, {
    variables: { id, after: keyset.after },
    fetchPolicy: 'cache-and-network',
  });
  const events = query.data?.account?.securityEvents ?? query.previousData?.account?.securityEvents;
  const { columns } = words;
  return (
    <section className="stack" aria-labelledby="events">
      <h2 id="events">{words.events}</h2>
      {absence(query, events)}
      {events && (
        <>
          <DataTable
            label={words.events}
            rows={events.nodes}
            rowKey={(event) => event.id}
            columns={[
              { name: columns.time, className: 'nowrap', cell: (event) => shortTime(event.occurredAt) },
              {
                name: columns.event,
                cell: (event) => (
                  <>
                    {accountTexts.events[event.kind] ?? event.kind}{' '}
                    {event.byStaff && <span className="badge info">{accountTexts.security.activity.byStaff}</span>}
                  </>
                ),
              },
              { name: columns.device, cell: (event) => event.device?.summary ?? staffTexts.unknown },
              { name: columns.place, cell: (event) => event.device?.approximateLocation ?? staffTexts.unknown },
              {
                name: columns.address,
                cell: (event) =>
                  event.device?.ipAddress && <span className="mono small">{event.device.ipAddress}</span>,
              },
            ]}
          />
          <Pager keyset={keyset} pageInfo={events.pageInfo} />
        </>
      )}
    </section>
  );
}
