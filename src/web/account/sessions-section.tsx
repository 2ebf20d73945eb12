import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import {
  RevokeOtherSessionsDocument,
  RevokeSessionDocument,
  SessionsDocument,
  type SessionFactsFragment,
} from '../generated/account/graphql';
import { Absent } from '../ui/absent';
import { Button } from '../ui/button';
import { Notice, ProblemNotice } from '../ui/notice';
import { Ago } from '../ui/time';
import { Section } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.sessions;

export function SessionsSection() {
  const { data, loading, refetch, fetchMore } = useQuery(SessionsDocument, { fetchPolicy: 'cache-and-network' });
  const [message, setMessage] = useState<string | null>(null);
  const { act, isBusy, problem } = useAction();
  const sessions = data?.viewer?.sessions;

  const revoke = async (session: SessionFactsFragment) => {
    const outcome = await act(RevokeSessionDocument, { input: { sessionId: session.id } });
    if (outcome?.__typename === 'RevokeSessionSuccess') setMessage(words.ended);
  };
  const revokeOthers = async () => {
    const outcome = await act(RevokeOtherSessionsDocument);
    if (outcome?.__typename === 'RevokeOtherSessionsSuccess') setMessage(words.othersDone(outcome.revokedSessionCount));
  };
  return (
    <Section id="sessions" title={words.title} intro={words.intro}>
      {message && <Notice tone="success">{message}</Notice>}
      <ProblemNotice problem={problem} />
      {sessions ? (
        <>
          <ul className="list card compact">
            {sessions.nodes.map((session) => (
              <SessionRow key={session.id} session={session} isBusy={isBusy} onRevoke={() => void revoke(session)} />
            ))}
          </ul>
          <div className="row spread">
            {sessions.totalCount > 1 ? (
              <Button look="danger-quiet" isBusy={isBusy} onClick={() => void revokeOthers()}>
                {words.signOutOthers}
              </Button>
            ) : (
              <p className="soft small">{words.onlyThis}</p>
            )}
            {sessions.pageInfo.hasNextPage && (
              <Button
                look="quiet"
                size="small"
                onClick={() => void fetchMore({ variables: { after: sessions.pageInfo.endCursor } })}
              >
                {texts.showMore} ({words.total(sessions.totalCount)})
              </Button>
            )}
          </div>
        </>
      ) : (
        <Absent isLoading={loading} onRetry={refetch} />
      )}
    </Section>
  );
}

interface RowProps {
  session: SessionFactsFragment;
  isBusy: boolean;
  onRevoke: () => void;
}

function SessionRow({ session, isBusy, onRevoke }: RowProps) {
  const { device } = session;
  const place = [device.approximateLocation ?? words.unknownPlace, device.ipAddress].filter(Boolean).join(' · ');
  return (
    <li>
      <div className="facts">
        <p className="name">
          {device.summary}
          {session.isCurrent && <span className="badge good">{words.current}</span>}
        </p>
        <p className="soft small">{place}</p>
        <p className="soft small">
          {words.lastUsed('')}
          <Ago at={session.lastUsedAt} /> · {words.signedIn('')}
          <Ago at={session.createdAt} /> {words.methods[session.signInMethod]}
        </p>
      </div>
      {!session.isCurrent && (
        <Button
          look="quiet"
          size="small"
          isBusy={isBusy}
          aria-label={words.signOutLabel(device.summary)}
          onClick={onRevoke}
        >
          {words.signOut}
        </Button>
      )}
    </li>
  );
}
