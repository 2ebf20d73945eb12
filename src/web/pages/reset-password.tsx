import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Link, useNavigate } from 'react-router';
import { texts } from '#texts/entry';
import { dropFragmentToken, useFragmentToken } from '../core/fragment-token';
import { isProblem, type ProblemLike } from '../core/problems';
import { announce } from '../core/session-signals';
import { clockTime, fullTime } from '../core/time';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import {
  CompletePasswordResetDocument,
  InspectPasswordResetDocument,
  type ChallengeFragment,
  type InspectPasswordResetMutation,
  type SecondFactorProofInput,
} from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { NewPassword } from '../ui/new-password';
import { Notice, ProblemNotice } from '../ui/notice';
import { EntryPage, Loading } from '../ui/page';
import { SecondFactorForm } from '../ui/second-factor-form';

type Ticket = Extract<InspectPasswordResetMutation['inspectPasswordReset'], { __typename: 'PasswordResetTicket' }>;
type Stage =
  | { name: 'reading' }
  | { name: 'failed'; problem: ProblemLike | null }
  | { name: 'open'; ticket: Ticket }
  | { name: 'done' };

/** The page behind the letter's button: choose a new password, prove the second factor where there is one. */
export function ResetPassword() {
  const token = useFragmentToken('/reset-password');
  const [stage, setStage] = useState<Stage>({ name: 'reading' });
  const read = useRef<string>(undefined);

  const inspect = async (value: string) => {
    setStage({ name: 'reading' });
    const data = await send(InspectPasswordResetDocument, { input: { token: value } }).catch(() => null);
    const outcome = data?.inspectPasswordReset;
    if (outcome?.__typename === 'PasswordResetTicket') setStage({ name: 'open', ticket: outcome });
    else setStage({ name: 'failed', problem: outcome && isProblem(outcome) ? outcome : null });
  };
  useEffect(() => {
    if (!token || read.current === token) return;
    read.current = token;
    void inspect(token);
  }, [token]);

  if (stage.name === 'done') return <Done />;
  if (!token) return <NoToken title={texts.reset.missingTitle} text={texts.reset.missing} />;
  if (stage.name === 'reading') {
    return (
      <EntryPage title={texts.reset.title}>
        <Loading />
      </EntryPage>
    );
  }
  if (stage.name === 'failed') {
    if (stage.problem?.code === 'TOKEN_INVALID') {
      return <NoToken title={texts.reset.invalidTitle} text={texts.reset.invalid} />;
    }
    return (
      <EntryPage title={texts.reset.title}>
        {stage.problem ? <ProblemNotice problem={stage.problem} /> : <Notice tone="error">{texts.notLoaded}</Notice>}
        <Button wide onClick={() => void inspect(token)}>
          {texts.tryAgain}
        </Button>
      </EntryPage>
    );
  }
  return (
    <ChoosePassword
      token={token}
      ticket={stage.ticket}
      onDone={() => {
        dropFragmentToken('/reset-password');
        setStage({ name: 'done' });
        void announce('password-reset');
      }}
      onTokenInvalid={(problem) => setStage({ name: 'failed', problem })}
    />
  );
}

interface ChooseProps {
  token: string;
  ticket: Ticket;
  onDone: () => void;
  onTokenInvalid: (problem: ProblemLike) => void;
}

function ChoosePassword({ token, ticket, onDone, onTokenInvalid }: ChooseProps) {
  const [newPassword, setNewPassword] = useState('');
  const [rejected, setRejected] = useState<string | null>(null);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [challenge, setChallenge] = useState<ChallengeFragment | null>(ticket.secondFactor);
  const [isProving, setProving] = useState(false);
  const [isRenewed, setRenewed] = useState(false);
  const task = useTask();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), [isProving]);

  const complete = (proof?: SecondFactorProofInput) =>
    task.run(async () => {
      const answered = proof && challenge ? { challenge: challenge.challenge, proof } : {};
      const { completePasswordReset: outcome } = await send(CompletePasswordResetDocument, {
        input: { token, newPassword, ...answered },
      });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      setRenewed(false);
      switch (outcome.__typename) {
        case 'CompletePasswordResetSuccess':
          return onDone();
        case 'SecondFactorChallenge':
          setChallenge(outcome);
          setRenewed(proof !== undefined);
          return setProving(true);
        case 'TokenInvalidProblem':
          return onTokenInvalid(outcome);
        case 'PasswordRejectedProblem':
          setRejected(newPassword);
          setProving(false);
          return input.current?.focus();
        default:
          return undefined;
      }
    });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!newPassword) input.current?.focus();
    else if (challenge) {
      setProblem(null);
      setProving(true);
    } else void complete();
  };

  const intro = (
    <>
      <strong>{texts.reset.forAccount(ticket.maskedEmail)}</strong>
      <br />
      <span title={fullTime(ticket.expiresAt)}>{texts.reset.worksUntil(clockTime(ticket.expiresAt))}</span>
    </>
  );
  if (isProving && challenge) {
    return (
      <EntryPage title={texts.factor.title} intro={texts.reset.factorIntro}>
        {isRenewed && <Notice tone="warning">{texts.reset.newChallenge}</Notice>}
        <SecondFactorForm
          challenge={challenge}
          problem={problem}
          isBusy={task.isBusy}
          onProof={(proof) => void complete(proof)}
          onLapsed={() => {
            // Asked without a proof, the server answers with a fresh challenge.
            setChallenge(null);
            void complete();
          }}
          submitLabel={texts.reset.submit}
        />
      </EntryPage>
    );
  }
  const isRejection = problem?.code === 'PASSWORD_REJECTED';
  return (
    <EntryPage title={texts.reset.title} intro={intro}>
      <form className="stack" onSubmit={submit}>
        {!isRejection && <ProblemNotice problem={problem} />}
        <NewPassword
          policy={ticket.passwordPolicy}
          value={newPassword}
          onChange={setNewPassword}
          problem={problem}
          rejectedValue={rejected}
          inputRef={input}
        />
        <p className="soft small">{texts.reset.signsOut}</p>
        <Button type="submit" wide isBusy={task.isBusy}>
          {challenge ? texts.reset.next : texts.reset.submit}
        </Button>
      </form>
    </EntryPage>
  );
}

function NoToken({ title, text }: { title: string; text: string }) {
  return (
    <EntryPage title={title} intro={text} foot={<Link to="/sign-in">{texts.forgot.backToSignIn}</Link>}>
      <Link className="button wide" to="/forgot-password">
        {texts.reset.newLink}
      </Link>
    </EntryPage>
  );
}

function Done() {
  const navigate = useNavigate();
  return (
    <EntryPage title={texts.reset.doneTitle}>
      <Notice tone="success">{texts.reset.done}</Notice>
      <Button wide autoFocus onClick={() => void navigate('/sign-in')}>
        {texts.reset.signIn}
      </Button>
    </EntryPage>
  );
}
