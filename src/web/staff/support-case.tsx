import { useQuery } from '@apollo/client/react';
import { useParams } from 'react-router';
import { staffTexts } from '#texts/staff';
import { useAction } from '../account/use-action';
import { useViewer } from '../account/viewer';
import { fullTime, relativeTime } from '../core/time';
import { ClaimSupportRequestDocument, SupportCaseDocument, type SupportCaseQuery } from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { Notice, ProblemNotice } from '../ui/notice';
import { Heading } from '../ui/page';
import { AccountFacts } from './account-facts';
import { AccountLink, absence, BackLink, Member, nameOf } from './parts';
import { ConfirmSupport, DecideSupport } from './support-decision';
import { Due, SupportStatus } from './support-queue';

const words = staffTexts.supportCase;
export type SupportCase = NonNullable<SupportCaseQuery['supportRequest']>;

/** One request for a manual reset: what the person said, what is known, and the decision with its second opinion. */
export function SupportCasePage() {
  const { id = '' } = useParams();
  const query = useQuery(SupportCaseDocument, { variables: { id }, fetchPolicy: 'cache-and-network' });
  const request = query.data?.supportRequest;
  if (!request) return absence(query, null);
  return (
    <div className="stack">
      <BackLink to="/staff/support">{words.back}</BackLink>
      <div className="page-head flush">
        <div className="row">
          <Heading>{words.title(request.reference)}</Heading>
          <SupportStatus status={request.status} />
        </div>
        <p>
          <Due request={request} />
        </p>
      </div>
      <div className="case">
        <div className="stack">
          <section className="card stack" aria-labelledby="asked">
            <h2 id="asked">{words.asked}</h2>
            <dl className="facts-list">
              <dt>{words.claimedEmail}</dt>
              <dd>{request.claimedEmail}</dd>
              <dt>{words.contact}</dt>
              <dd>{request.contact ?? staffTexts.none}</dd>
              <dt>{words.arrived}</dt>
              <dd>{fullTime(request.createdAt)}</dd>
              {request.releasedAt && (
                <>
                  <dt>{words.released}</dt>
                  <dd>{fullTime(request.releasedAt)}</dd>
                </>
              )}
            </dl>
            {request.message && <p className="message-box">{request.message}</p>}
          </section>
          <section className="card stack" aria-labelledby="account">
            <h2 id="account">{words.account}</h2>
            {request.account ? (
              <>
                <div>
                  <AccountLink account={request.account} />
                </div>
                <AccountFacts account={request.account} />
              </>
            ) : (
              <p className="soft">{words.noAccount}</p>
            )}
          </section>
        </div>
        <div className="stack case-side">
          <Decision request={request} />
        </div>
      </div>
    </div>
  );
}

function Decision({ request }: { request: SupportCase }) {
  const me = useViewer().account.id;
  const { act, isBusy, problem } = useAction();
  const claim = () => void act(ClaimSupportRequestDocument, { input: { supportRequestId: request.id } });
  const { resolution, status } = request;
  const isMine = request.claimedBy?.id === me;
  return (
    <section className="card stack" aria-labelledby="decision">
      <h2 id="decision">{status === 'AWAITING_CONFIRMATION' ? words.confirmTitle : words.decide}</h2>
      <p>
        {words.owner}: <Member person={request.claimedBy} />
      </p>
      {problem?.code === 'CONFLICT' ? (
        <Notice tone="warning">{words.conflict}</Notice>
      ) : (
        <ProblemNotice problem={problem} />
      )}
      {resolution && (
        <Notice tone="info">
          <p>
            {words.resolution(
              words.decisions[resolution.decision] ?? resolution.decision,
              nameOf(resolution.decidedBy),
              relativeTime(resolution.decidedAt),
            )}
          </p>
          {resolution.note && <p>{resolution.note}</p>}
        </Notice>
      )}
      {status === 'OPEN' && (
        <>
          <p className="soft">{words.decideFirst}</p>
          <Button isBusy={isBusy} onClick={claim}>
            {words.claim}
          </Button>
        </>
      )}
      {status === 'CLAIMED' && isMine && <DecideSupport request={request} />}
      {status === 'CLAIMED' && !isMine && request.claimedBy && (
        <p className="soft">{staffTexts.casePage.claimedByOther(nameOf(request.claimedBy))}</p>
      )}
      {status === 'AWAITING_CONFIRMATION' && (
        <ConfirmSupport request={request} isOwn={resolution?.decidedBy.id === me} />
      )}
    </section>
  );
}
