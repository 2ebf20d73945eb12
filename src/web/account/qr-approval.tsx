import { useApolloClient } from '@apollo/client/react';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { Link } from 'react-router';
import { accountTexts } from '#texts/account';
import { dropFragmentToken, useFragmentToken } from '../core/fragment-token';
import { isProblem, problemText, type ProblemLike } from '../core/problems';
import { countdown, useSecondsUntil } from '../core/time';
import {
  ApproveQrSignInDocument,
  DenyQrSignInDocument,
  ScanQrSignInDocument,
  type QrRequestFactsFragment,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { Heading, Loading } from '../ui/page';
import { Ago } from '../ui/time';
import { useAction } from './use-action';

const words = accountTexts.qrApprove;
type Stage =
  | { name: 'reading' }
  | { name: 'failed'; problem: ProblemLike | null }
  | { name: 'asking'; request: QrRequestFactsFragment }
  | { name: 'approved' }
  | { name: 'denied' };

/** On the phone that is signed in: who asks, and the number that proves both screens are before the same eyes. */
export function QrApproval() {
  const payload = useFragmentToken('/qr');
  const client = useApolloClient();
  const [stage, setStage] = useState<Stage>({ name: 'reading' });
  const scanned = useRef<string>(undefined);
  useEffect(() => {
    if (!payload || scanned.current === payload) return;
    scanned.current = payload;
    setStage({ name: 'reading' });
    client
      .mutate({ mutation: ScanQrSignInDocument, variables: { input: { qrPayload: payload } }, fetchPolicy: 'no-cache' })
      .then(({ data }) => {
        const outcome = data?.scanQrSignIn;
        if (outcome?.__typename === 'ScanQrSignInSuccess') setStage({ name: 'asking', request: outcome.request });
        else setStage({ name: 'failed', problem: outcome && isProblem(outcome) ? outcome : null });
      })
      .catch(() => setStage({ name: 'failed', problem: null }));
  }, [client, payload]);

  const end = (name: 'approved' | 'denied') => {
    dropFragmentToken('/qr');
    setStage(name === 'approved' ? { name: 'approved' } : { name: 'denied' });
  };
  switch (stage.name) {
    case 'approved':
      return (
        <Frame title={words.approvedTitle}>
          <Notice tone="success">{words.approved}</Notice>
          <SecurityLink />
        </Frame>
      );
    case 'denied':
      return (
        <Frame title={words.deniedTitle}>
          <Notice tone="info">{words.denied}</Notice>
          <SecurityLink />
        </Frame>
      );
    case 'failed':
      return (
        <Frame title={words.missingTitle}>
          {stage.problem?.code === 'TOKEN_INVALID' || !stage.problem ? (
            <Notice tone="warning">{words.invalid}</Notice>
          ) : (
            <ProblemNotice problem={stage.problem} />
          )}
        </Frame>
      );
    case 'asking':
      return (
        <Decide
          request={stage.request}
          onEnd={end}
          onLapsed={(problem) => setStage({ name: 'failed', problem: problem.code === 'NOT_FOUND' ? null : problem })}
        />
      );
    case 'reading':
      if (payload) return <Loading />;
      return (
        <Frame title={words.missingTitle}>
          <p>{words.missing}</p>
        </Frame>
      );
  }
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="narrow stack loose">
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

const SecurityLink = () => (
  <p>
    <Link to="/security" state={{ section: 'sessions' }}>
      {words.toSecurity}
    </Link>
  </p>
);

interface DecideProps {
  request: QrRequestFactsFragment;
  onEnd: (name: 'approved' | 'denied') => void;
  onLapsed: (problem: ProblemLike) => void;
}

function Decide({ request, onEnd, onLapsed }: DecideProps) {
  const [comparisonNumber, setNumber] = useState('');
  const seconds = useSecondsUntil(request.expiresAt);
  const input = useRef<HTMLInputElement>(null);
  const { act, isBusy, problem } = useAction();

  const approve = async (event: FormEvent) => {
    event.preventDefault();
    const number = comparisonNumber.trim();
    if (!number) {
      input.current?.focus();
      return;
    }
    const outcome = await act(ApproveQrSignInDocument, { input: { requestId: request.id, comparisonNumber: number } });
    if (outcome?.__typename === 'ApproveQrSignInSuccess') onEnd('approved');
    else if (outcome?.__typename === 'NotFoundProblem') onLapsed(outcome);
    else if (outcome?.__typename === 'ProofRejectedProblem') {
      setNumber('');
      input.current?.focus();
    }
  };
  const deny = async () => {
    const outcome = await act(DenyQrSignInDocument, { input: { requestId: request.id } });
    if (outcome?.__typename === 'DenyQrSignInSuccess') onEnd('denied');
    else if (outcome?.__typename === 'NotFoundProblem') onLapsed(outcome);
  };
  const isNumberProblem = problem?.code === 'PROOF_REJECTED';
  return (
    <Frame title={words.title}>
      <p>{words.intro}</p>
      {!request.isSameNetwork && <Notice tone="warning">{words.otherNetwork}</Notice>}
      <dl className="facts-list card">
        <dt>{words.device}</dt>
        <dd>
          <strong>{request.device.summary}</strong>
        </dd>
        <dt>{words.place}</dt>
        <dd>{request.device.approximateLocation ?? words.unknownPlace}</dd>
        {request.device.ipAddress && (
          <>
            <dt>{words.address}</dt>
            <dd className="mono">{request.device.ipAddress}</dd>
          </>
        )}
        <dt>{words.asked}</dt>
        <dd>
          <Ago at={request.requestedAt} />
        </dd>
      </dl>
      <form className="stack" onSubmit={(event) => void approve(event)}>
        {!isNumberProblem && <ProblemNotice problem={problem} />}
        <Field
          label={words.number}
          hint={words.numberHint}
          inputRef={input}
          className="code"
          inputMode="numeric"
          autoComplete="off"
          required
          value={comparisonNumber}
          onChange={(event) => setNumber(event.target.value)}
          error={isNumberProblem ? problemText(problem) : undefined}
        />
        <div className="row">
          <Button type="submit" isBusy={isBusy}>
            {words.approve}
          </Button>
          <Button look="danger-quiet" onClick={() => void deny()}>
            {words.deny}
          </Button>
        </div>
        <p className="soft small">{words.lapsesIn(countdown(seconds))}</p>
      </form>
    </Frame>
  );
}
