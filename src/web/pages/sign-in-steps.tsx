import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { texts } from '#texts/entry';
import { fieldErrors, isProblem, type ProblemLike } from '../core/problems';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import { answerWithPasskey, canOfferInField, passkeysSupported } from '../core/webauthn';
import {
  FinishPasskeySignInDocument,
  StartPasskeySignInDocument,
  type FeaturesQuery,
} from '../generated/entry/graphql';
import { Button, LinkButton } from '../ui/button';
import { CheckField, Field, PasswordField } from '../ui/field';
import { Icon } from '../ui/icon';
import { ProblemNotice, Notice } from '../ui/notice';

/** As forgiving as can be: only the server knows which addresses exist, and it answers the same for all of them. */
export const looksLikeAddress = (text: string): boolean => /^\S+@\S+$/.test(text.trim());

interface AddressStepProps {
  email: string;
  setEmail: (email: string) => void;
  features: FeaturesQuery['securityFeatures'];
  problem: ProblemLike | null;
  onNext: (address: string) => void;
  onSignedIn: () => Promise<void>;
  onQr: () => void;
}

export function AddressStep({ email, setEmail, features, problem, onNext, onSignedIn, onQr }: AddressStepProps) {
  const [error, setError] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const offersPasskeys = Boolean(features?.passkeys) && passkeysSupported();
  const passkey = usePasskeySignIn(offersPasskeys, onSignedIn);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (looksLikeAddress(email)) {
      onNext(email.trim());
    } else {
      setError(texts.problems.invalidEmail);
      input.current?.focus();
    }
  };
  const inputError = error ?? fieldErrors(problem)['email'];
  return (
    <>
      <form className="stack" onSubmit={submit} noValidate>
        {!inputError && <ProblemNotice problem={problem} />}
        <Field
          label={texts.signIn.email}
          inputRef={input}
          type="email"
          name="email"
          autoComplete="username webauthn"
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
        <Button type="submit" wide>
          {texts.signIn.next}
        </Button>
      </form>
      {(offersPasskeys || features?.qrSignIn) && (
        <div className="stack">
          <div className="divider">{texts.signIn.or}</div>
          <ProblemNotice problem={passkey.problem} />
          {passkey.wasDeclined && <Notice tone="info">{texts.factor.passkeyFailed}</Notice>}
          {offersPasskeys && (
            <Button look="quiet" wide isBusy={passkey.isBusy} onClick={() => void passkey.start()}>
              <Icon name="key" />
              {texts.signIn.withPasskey}
            </Button>
          )}
          {features?.qrSignIn && (
            <Button look="quiet" wide onClick={onQr}>
              <Icon name="qr" />
              {texts.signIn.withQr}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

/** Passkeys by button, and offered by the browser in the list under the address field where it can. */
function usePasskeySignIn(isOffered: boolean, onSignedIn: () => Promise<void>) {
  const task = useTask();
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [wasDeclined, setDeclined] = useState(false);
  const inField = useRef<AbortController | null>(null);

  const signIn = async (mediation: CredentialMediationRequirement, signal?: AbortSignal) => {
    const { startPasskeySignIn: started } = await send(StartPasskeySignInDocument, {}, signal);
    if (!started || signal?.aborted) return;
    if (started.__typename !== 'StartPasskeySignInSuccess') {
      if (mediation !== 'conditional') setProblem(started);
      return;
    }
    const assertion = await answerWithPasskey(started.options, signal ? { mediation, signal } : { mediation });
    if (!assertion) {
      if (mediation !== 'conditional') setDeclined(true);
      return;
    }
    const input = { ceremony: started.ceremony, assertion };
    const { finishPasskeySignIn: outcome } = await send(FinishPasskeySignInDocument, { input });
    if (!outcome) return;
    if (outcome.__typename === 'SignInSuccess') await onSignedIn();
    else if (outcome.__typename === 'InvalidCredentialsProblem') {
      setProblem({ ...outcome, code: 'PASSKEY_UNKNOWN', message: texts.signIn.passkeyRefused });
    } else if (isProblem(outcome)) setProblem(outcome);
  };

  useEffect(() => {
    if (!isOffered) return undefined;
    const abort = new AbortController();
    inField.current = abort;
    void canOfferInField()
      .then((can) => (can && !abort.signal.aborted ? signIn('conditional', abort.signal) : undefined))
      .catch(() => {});
    return () => abort.abort();
    // Depends on no more than this: one offer for as long as the step is shown.
  }, [isOffered]);

  const start = () => {
    // Only one request for a passkey may be open in a page.
    inField.current?.abort();
    setProblem(null);
    setDeclined(false);
    return task.run(() => signIn('optional'));
  };
  return { start, problem, wasDeclined, isBusy: task.isBusy };
}

interface PasswordStepProps {
  email: string;
  problem: ProblemLike | null;
  isBusy: boolean;
  onSubmit: (password: string, persistent: boolean) => void;
  onChangeAddress: () => void;
}

export function PasswordStep({ email, problem, isBusy, onSubmit, onChangeAddress }: PasswordStepProps) {
  const [password, setPassword] = useState('');
  const [persistent, setPersistent] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    if (problem?.code === 'INVALID_CREDENTIALS') {
      setPassword('');
      input.current?.focus();
    }
  }, [problem]);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (password) onSubmit(password, persistent);
        else input.current?.focus();
      }}
    >
      <div className="identity">
        <input
          type="email"
          name="username"
          autoComplete="username"
          aria-label={texts.signIn.email}
          value={email}
          readOnly
          tabIndex={-1}
        />
        <LinkButton onClick={onChangeAddress} aria-label={texts.signIn.changeLabel}>
          {texts.signIn.change}
        </LinkButton>
      </div>
      <ProblemNotice problem={problem}>
        {problem?.code === 'SIGN_IN_BLOCKED' && (
          <p>
            {problem.reason === 'PASSWORD_RESET_REQUIRED' ? (
              <Link to="/forgot-password" state={{ email }}>
                {texts.problems.chooseReset}
              </Link>
            ) : (
              <Link to="/support" state={{ email }}>
                {texts.problems.askSupport}
              </Link>
            )}
          </p>
        )}
      </ProblemNotice>
      <PasswordField
        label={texts.password.label}
        inputRef={input}
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <CheckField
        label={texts.signIn.persistent}
        hint={texts.signIn.persistentHint}
        checked={persistent}
        onChange={(event) => setPersistent(event.target.checked)}
      />
      <Button type="submit" wide isBusy={isBusy}>
        {texts.signIn.submit}
      </Button>
      <p>
        <Link to="/forgot-password" state={{ email }}>
          {texts.signIn.forgot}
        </Link>
      </p>
    </form>
  );
}
