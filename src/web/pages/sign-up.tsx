import { useCallback, useEffect, useState, type FormEvent } from 'react';
import { Link, useNavigate } from 'react-router';
import { texts } from '#texts/entry';
import { dropFragmentToken, useFragmentToken } from '../core/fragment-token';
import { fieldErrors, isProblem, type ProblemLike } from '../core/problems';
import { announce } from '../core/session-signals';
import { countdown, useSecondsUntil } from '../core/time';
import { send, serverNow } from '../core/transport';
import { useTask } from '../core/use-task';
import {
  CompleteSignUpDocument,
  FeaturesDocument,
  PasswordRulesDocument,
  SignUpDocument,
} from '../generated/entry/graphql';
import { Absent } from '../ui/absent';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { NewPassword, type Policy } from '../ui/new-password';
import { Notice, ProblemNotice } from '../ui/notice';
import { EntryPage } from '../ui/page';
import { looksLikeAddress } from './sign-in-steps';

/** Sign-up, and the page its letter opens: the password is chosen only there. */
export function SignUp() {
  const token = useFragmentToken('/sign-up');
  return token ? <CompleteSignUp token={token} /> : <AskForSignUp />;
}

const foot = (
  <span>
    {texts.signUp.haveAccount} <Link to="/sign-in">{texts.signIn.title}</Link>
  </span>
);

function AskForSignUp() {
  const [email, setEmail] = useState('');
  const [isOpen, setOpen] = useState(true);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [error, setError] = useState<string>();
  const [sent, setSent] = useState<{ email: string; lifetime: number; canResendAt: number } | null>(null);
  const seconds = useSecondsUntil(sent?.canResendAt ?? null);
  const task = useTask();
  useEffect(() => {
    void send(FeaturesDocument, {}).then(
      (data) => setOpen(data.securityFeatures?.signUp !== false),
      () => {},
    );
  }, []);

  const ask = () =>
    task.run(async () => {
      const address = email.trim();
      const { signUp: outcome } = await send(SignUpDocument, { input: { email: address } });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename !== 'SignUpAccepted') return;
      const canResendAt = serverNow() + outcome.resendAfterSeconds * 1000;
      setSent({ email: address, lifetime: outcome.linkLifetimeMinutes, canResendAt });
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (looksLikeAddress(email)) void ask();
    else setError(texts.problems.invalidEmail);
  };

  if (sent) {
    return (
      <EntryPage title={texts.signUp.sentTitle} foot={foot}>
        <Notice tone="success">{texts.signUp.sent(sent.email, sent.lifetime)}</Notice>
        <ProblemNotice problem={problem} />
        {seconds > 0 ? (
          <p className="soft small">{texts.forgot.againIn(countdown(seconds))}</p>
        ) : (
          <Button look="quiet" wide isBusy={task.isBusy} onClick={() => void ask()}>
            {texts.forgot.again}
          </Button>
        )}
      </EntryPage>
    );
  }
  if (!isOpen) {
    return (
      <EntryPage title={texts.signUp.title} foot={foot}>
        <Notice tone="info">{texts.signUp.off}</Notice>
      </EntryPage>
    );
  }
  const inputError = error ?? fieldErrors(problem)['email'];
  return (
    <EntryPage title={texts.signUp.title} intro={texts.signUp.intro} foot={foot}>
      <form className="stack" onSubmit={submit} noValidate>
        {!inputError && <ProblemNotice problem={problem} />}
        <Field
          label={texts.signIn.email}
          type="email"
          name="email"
          autoComplete="email"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          value={email}
          onChange={(event) => {
            setEmail(event.target.value);
            setError(undefined);
          }}
          error={inputError}
        />
        <Button type="submit" wide isBusy={task.isBusy}>
          {texts.signUp.submit}
        </Button>
      </form>
    </EntryPage>
  );
}

function CompleteSignUp({ token }: { token: string }) {
  const navigate = useNavigate();
  const [policy, setPolicy] = useState<Policy | null>(null);
  const [password, setPassword] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [rejected, setRejected] = useState<string | null>(null);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const task = useTask();
  const [isUnread, setUnread] = useState(false);
  const readPolicy = useCallback(async () => {
    setUnread(false);
    const data = await send(PasswordRulesDocument, {}).catch(() => null);
    setPolicy(data?.passwordPolicy ?? null);
    setUnread(!data?.passwordPolicy);
  }, []);
  useEffect(() => void readPolicy(), [readPolicy]);

  const complete = () =>
    task.run(async () => {
      const input = { token, password, displayName: displayName.trim() || null };
      const { completeSignUp: outcome } = await send(CompleteSignUpDocument, { input });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename === 'PasswordRejectedProblem') setRejected(password);
      if (outcome.__typename !== 'SignInSuccess') return;
      dropFragmentToken('/sign-up');
      await announce('signed-in');
      await navigate('/', { replace: true });
    });

  if (problem?.code === 'TOKEN_INVALID') {
    return (
      <EntryPage title={texts.signUp.invalidTitle} intro={texts.signUp.invalid} foot={foot}>
        <Button
          wide
          onClick={() => {
            dropFragmentToken('/sign-up');
            void navigate('/sign-up', { replace: true });
          }}
        >
          {texts.signUp.again}
        </Button>
      </EntryPage>
    );
  }
  const errors = fieldErrors(problem);
  const isShownAtField = problem?.code === 'PASSWORD_REJECTED' || Boolean(errors['displayName']);
  return (
    <EntryPage title={texts.signUp.completeTitle} intro={texts.signUp.completeIntro}>
      {policy ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (password) void complete();
          }}
        >
          {!isShownAtField && <ProblemNotice problem={problem} />}
          <Field
            label={texts.signUp.displayName}
            hint={texts.signUp.displayNameHint}
            isOptional
            name="name"
            autoComplete="name"
            maxLength={60}
            value={displayName}
            onChange={(event) => setDisplayName(event.target.value)}
            error={errors['displayName']}
          />
          <NewPassword
            label={texts.password.label}
            policy={policy}
            value={password}
            onChange={setPassword}
            problem={problem}
            rejectedValue={rejected}
            context={displayName ? [displayName] : []}
          />
          <Button type="submit" wide isBusy={task.isBusy}>
            {texts.signUp.complete}
          </Button>
        </form>
      ) : (
        <Absent isLoading={!isUnread} onRetry={readPolicy} />
      )}
    </EntryPage>
  );
}
