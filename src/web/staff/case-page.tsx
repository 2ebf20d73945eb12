import { useQuery } from '@apollo/client/react';
import { Link, useParams } from 'react-router';
import { staffTexts } from '#texts/staff';
import { useAction } from '../account/use-action';
import { useViewer } from '../account/viewer';
import { relativeTime } from '../core/time';
import {
  CaseTimelineDocument,
  ClaimFlagDocument,
  FlagCaseDocument,
  ReleaseFlagDocument,
  type FlagCaseQuery,
} from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { Notice, ProblemNotice } from '../ui/notice';
import { Heading } from '../ui/page';
import { Ago } from '../ui/time';
import { AccountFacts } from './account-facts';
import { CaseDecision } from './case-decision';
import { CaseSources } from './case-sources';
import { CaseTimeline } from './case-timeline';
import { AccountLink, absence, BackLink, Member, nameOf, SeverityBadge } from './parts';

const words = staffTexts.casePage;
export type Flag = NonNullable<FlagCaseQuery['flag']>;

/** One case: what the rule saw, where it came from, what was done so far, and the decision. */
export function CasePage() {
  const { id = '' } = useParams();
  const query = useQuery(FlagCaseDocument, { variables: { id }, fetchPolicy: 'cache-and-network' });
  const flag = query.data?.flag;
  const accountId = flag?.account.id;
  const events = useQuery(
    CaseTimelineDocument,
    accountId ? { variables: { accountId } } : { skip: true, variables: { accountId: '' } },
  );
  if (!flag) return absence(query, null);
  const latest = events.data?.account?.securityEvents?.nodes ?? [];
  const counted = flag.evidence?.events.nodes ?? [];
  const reason = staffTexts.reasons[flag.reason] ?? flag.reason;
  const raisedBy = flag.flaggedBy ? nameOf(flag.flaggedBy) : staffTexts.byRule;
  return (
    <div className="stack">
      <BackLink to="/staff/queue">{words.back}</BackLink>
      <div className="page-head flush">
        <div className="row">
          <Heading title={words.title(reason)}>{reason}</Heading>
          <SeverityBadge severity={flag.severity} />
          <span className="badge">{staffTexts.statuses[flag.status]}</span>
        </div>
        <p className="soft">{words.raised(relativeTime(flag.flaggedAt), raisedBy)}</p>
      </div>
      {flag.note && <p className="message-box">{flag.note}</p>}
      <div className="case">
        <div className="stack">
          <section className="card stack" aria-labelledby="timeline">
            <h2 id="timeline">{words.timeline}</h2>
            <CaseTimeline evidence={flag.evidence} events={latest} />
          </section>
          <section className="card stack" aria-labelledby="sources">
            <h2 id="sources">{words.sources}</h2>
            <CaseSources events={counted.length > 0 ? counted : latest} />
          </section>
          {flag.evidence && flag.evidence.affectedAccountCount > 1 && <Affected evidence={flag.evidence} />}
          <History flag={flag} />
        </div>
        <div className="stack case-side">
          <section className="card stack" aria-labelledby="account">
            <h2 id="account">{words.account}</h2>
            <div>
              <AccountLink account={flag.account} />
            </div>
            <AccountFacts account={flag.account} />
          </section>
          <Ownership flag={flag} />
        </div>
      </div>
    </div>
  );
}

function Ownership({ flag }: { flag: Flag }) {
  const me = useViewer().account.id;
  const { act, isBusy, problem } = useAction();
  const isMine = flag.claimedBy?.id === me;
  return (
    <section className="card stack" aria-labelledby="decision">
      <h2 id="decision">{words.decide}</h2>
      {flag.resolution ? (
        <Notice tone="success">
          <p>
            {words.resolution(
              words.decisions[flag.resolution.decision] ?? flag.resolution.decision,
              nameOf(flag.resolution.resolvedBy),
              relativeTime(flag.resolution.resolvedAt),
            )}
          </p>
          {flag.resolution.note && <p>{flag.resolution.note}</p>}
        </Notice>
      ) : (
        <>
          <div className="row spread">
            <span>
              {words.owner}: <Member person={flag.claimedBy} />
            </span>
            {isMine && (
              <Button
                look="quiet"
                size="small"
                isBusy={isBusy}
                onClick={() => void act(ReleaseFlagDocument, { input: { flagId: flag.id } })}
              >
                {words.release}
              </Button>
            )}
          </div>
          {problem?.code === 'CONFLICT' ? (
            <Notice tone="warning">{words.conflict}</Notice>
          ) : (
            <ProblemNotice problem={problem} />
          )}
          {!flag.claimedBy && (
            <>
              <p className="soft">{words.decideFirst}</p>
              <Button isBusy={isBusy} onClick={() => void act(ClaimFlagDocument, { input: { flagId: flag.id } })}>
                {words.claim}
              </Button>
            </>
          )}
          {flag.claimedBy && !isMine && <p className="soft">{words.claimedByOther(nameOf(flag.claimedBy))}</p>}
          {isMine && <CaseDecision flagId={flag.id} />}
        </>
      )}
    </section>
  );
}

function Affected({ evidence }: { evidence: NonNullable<Flag['evidence']> }) {
  return (
    <section className="card stack" aria-labelledby="affected">
      <h2 id="affected">
        {words.affected} ({evidence.affectedAccountCount})
      </h2>
      <ul className="columns small">
        {evidence.affectedAccounts.map((account) => (
          <li key={account.id}>
            <Link to={`/staff/accounts/${account.id}`}>{nameOf(account)}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function History({ flag }: { flag: Flag }) {
  return (
    <section className="card stack" aria-labelledby="history">
      <h2 id="history">{words.history}</h2>
      <ol className="history">
        {flag.history.map((action) => (
          <li key={`${action.kind} ${action.at}`}>
            <strong>{words.actions[action.kind] ?? action.kind}</strong>{' '}
            <span className="soft">
              {words.by(action.by ? nameOf(action.by) : staffTexts.byRule)}, <Ago at={action.at} />
            </span>
            {action.note && <p className="breakable">{action.note}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
