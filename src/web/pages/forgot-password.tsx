import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { texts } from '#texts/entry';
import { useEntryState } from '../core/entry-state';
import { fieldErrors, isProblem, type ProblemLike } from '../core/problems';
import { countdown, useSecondsUntil } from '../core/time';
import { send, serverNow } from '../core/transport';
import { useTask } from '../core/use-task';
import { RequestPasswordResetDocument } from '../generated/entry/graphql';
import { Button, LinkButton } from '../ui/button';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { EntryPage } from '../ui/page';
import { looksLikeAddress } from './sign-in-steps';

interface Sent {
  email: string;
  linkLifetimeMinutes: number;
  canResendAt: number;
  times: number;
}

/** Ask for a reset link. The answer is the same whether or not the address has an account. */
export function ForgotPassword() {
  const entry = useEntryState();
  const [email, setEmail] = useState(entry.email ?? '');
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [error, setError] = useState<string>();
  const [sent, setSent] = useState<Sent | null>(null);
  const task = useTask();

  const request = () =>
    task.run(async () => {
      const address = email.trim();
      const { requestPasswordReset: outcome } = await send(RequestPasswordResetDocument, { input: { email: address } });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename !== 'RequestPasswordResetAccepted') return;
      const { linkLifetimeMinutes, resendAfterSeconds } = outcome;
      const canResendAt = serverNow() + resendAfterSeconds * 1000;
      setSent({ email: address, linkLifetimeMinutes, canResendAt, times: (sent?.times ?? 0) + 1 });
    });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (looksLikeAddress(email)) void request();
    else setError(texts.problems.invalidEmail);
  };

  const foot = (
    <>
      <Link to="/sign-in" state={{ email }}>
        {texts.forgot.backToSignIn}
      </Link>
      <Link to="/support" state={{ email }}>
        {texts.forgot.noWayIn}
      </Link>
    </>
  );
  if (sent) {
    return (
      <EntryPage title={texts.forgot.sentTitle} foot={foot}>
        <CheckYourMail
          {...{ sent, problem }}
          isBusy={task.isBusy}
          onAgain={() => void request()}
          onOther={() => setSent(null)}
        />
      </EntryPage>
    );
  }
  const inputError = error ?? fieldErrors(problem)['email'];
  return (
    <EntryPage title={texts.forgot.title} intro={texts.forgot.intro} foot={foot}>
      <form className="stack" onSubmit={submit} noValidate>
        {!inputError && <ProblemNotice problem={problem} />}
        <Field
          label={texts.signIn.email}
          type="email"
          name="email"
          autoComplete="username"
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
          {texts.forgot.submit}
        </Button>
      </form>
    </EntryPage>
  );
}

interface SentProps {
  sent: Sent;
  problem: ProblemLike | null;
  isBusy: boolean;
  onAgain: () => void;
  onOther: () => void;
}

function CheckYourMail({ sent, problem, isBusy, onAgain, onOther }: SentProps) {
  const seconds = useSecondsUntil(sent.canResendAt);
  return (
    <div className="stack">
      <Notice tone="success">
        <p>{texts.forgot.sent(sent.email, sent.linkLifetimeMinutes)}</p>
      </Notice>
      <p>{texts.forgot.sentHint}</p>
      <p className="soft small">{texts.forgot.channelHint}</p>
      <ProblemNotice problem={problem} />
      {sent.times > 1 && seconds > 0 && <Notice tone="info">{texts.forgot.sentAgain}</Notice>}
      {seconds > 0 ? (
        <p className="soft small">{texts.forgot.againIn(countdown(seconds))}</p>
      ) : (
        <Button look="quiet" wide isBusy={isBusy} onClick={onAgain}>
          {texts.forgot.again}
        </Button>
      )}
      <p>
        <LinkButton onClick={onOther}>{texts.forgot.otherAddress}</LinkButton>
      </p>
    </div>
  );
}
