import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { accountTexts } from '#texts/account';
import { relativeTime } from '../core/time';
import { RecentActivityDocument, SecuritySettingsDocument, SessionsDocument } from '../generated/account/graphql';
import { Absent } from '../ui/absent';
import { Heading } from '../ui/page';
import { Ago } from '../ui/time';

const words = accountTexts.home;
const fewCodes = 3;

/** A person's first page: how well the account is protected, and what happened last. */
export function Home() {
  const { data, loading, refetch } = useQuery(SecuritySettingsDocument, { fetchPolicy: 'cache-and-network' });
  const sessions = useQuery(SessionsDocument).data?.viewer?.sessions;
  const events = useQuery(RecentActivityDocument).data?.viewer?.securityEvents.nodes.slice(0, 4);
  const viewer = data?.viewer;
  if (!viewer) return <Absent isLoading={loading} onRetry={refetch} />;
  const factors = viewer.secondFactors.filter((factor) => factor.isConfirmed).length;
  const codes = viewer.recoveryCodesRemaining;
  const strong = factors + viewer.passkeys.length > 0;
  return (
    <div className="stack loose">
      <div className="page-head flush">
        <Heading>{words.title(viewer.account.displayName)}</Heading>
        <p className="soft">{words.intro}</p>
      </div>
      <div className="tiles">
        <Tile title={words.password} section="password">
          {viewer.passwordChangedAt ? words.passwordSet(relativeTime(viewer.passwordChangedAt)) : words.passwordNone}
        </Tile>
        <Tile title={words.factors} section="factors" isGood={strong}>
          {factors ? words.factorsSome(factors) : words.factorsNone}
        </Tile>
        {(factors > 0 || codes !== null) && (
          <Tile title={words.codes} section="codes" isGood={(codes ?? 0) >= fewCodes}>
            {codes === null ? words.codesNone : codes < fewCodes ? words.codesFew(codes) : words.codesSome(codes)}
          </Tile>
        )}
        {data.securityFeatures?.passkeys && (
          <Tile title={words.passkeys} section="passkeys">
            {words.passkeysCount(viewer.passkeys.length)}
          </Tile>
        )}
        <Tile title={words.channel} section="contact">
          {viewer.notificationChannel === 'SMS' && viewer.phoneNumber
            ? words.channelSms(viewer.phoneNumber)
            : words.channelEmail(viewer.email)}
        </Tile>
        {sessions && (
          <Tile title={words.sessions} section="sessions">
            {words.sessionsCount(sessions.totalCount)}
          </Tile>
        )}
      </div>
      {events && events.length > 0 && (
        <section className="card stack" aria-labelledby="recent">
          <div className="row spread">
            <h2 id="recent">{words.recent}</h2>
            <Link to="/security" state={{ section: 'activity' }}>
              {words.allActivity}
            </Link>
          </div>
          <ul className="list">
            {events.map((event) => (
              <li key={event.id}>
                <span>{accountTexts.events[event.kind] ?? event.kind}</span>
                <span className="soft small">
                  {event.device && `${event.device.summary} · `}
                  <Ago at={event.occurredAt} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Tile(props: { title: string; section: string; isGood?: boolean; children: ReactNode }) {
  const { title, section, isGood, children } = props;
  return (
    <section className="card tile">
      <div className="stack tight">
        <div className="row spread">
          <h2 className="tile-title">{title}</h2>
          {isGood !== undefined && (
            <span className={`badge ${isGood ? 'good' : 'warning'}`}>{isGood ? words.good : words.attention}</span>
          )}
        </div>
        <p className="soft">{children}</p>
      </div>
      <p>
        <Link
          to="/security"
          state={{ section }}
          aria-label={`${isGood === false ? words.improve : words.manage}: ${title}`}
        >
          {isGood === false ? words.improve : words.manage}
        </Link>
      </p>
    </section>
  );
}
