import { useEffect, useState } from 'react';
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router';
import { texts } from '#texts/entry';
import { useEntryState, type EntryState } from '../core/entry-state';
import { isProblem, type ProblemLike } from '../core/problems';
import { returnPath } from '../core/return-path';
import { announce } from '../core/session-signals';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import {
  CompleteSignInDocument,
  FeaturesDocument,
  SignInDocument,
  WhoIsSignedInDocument,
  type ChallengeFragment,
  type FeaturesQuery,
  type SecondFactorProofInput,
} from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { EntryPage } from '../ui/page';
import { SecondFactorForm } from '../ui/second-factor-form';
import { AddressStep, PasswordStep } from './sign-in-steps';
import { QrSignIn } from './qr-sign-in';

type Step = { name: 'address' } | { name: 'password' } | { name: 'factor'; challenge: ChallengeFragment };

/** Sign in: the address, then the password, then a second factor where the account has one. */
export function SignIn() {
  const entry = useEntryState();
  const navigate = useNavigate();
  const visit = useLocation().key;
  const [search, setSearch] = useSearchParams();
  const [email, setEmail] = useState(entry.email ?? '');
  const asked: Step = { name: entry.step ?? 'address' };
  const [step, setStep] = useState<Step>(asked);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [hasLapsed, setLapsed] = useState(false);
  const [features, setFeatures] = useState<FeaturesQuery['securityFeatures']>(null);
  const [signedInAs, setSignedInAs] = useState<string | null>(null);
  const task = useTask();

  useEffect(() => {
    void send(FeaturesDocument, {}).then(
      (data) => setFeatures(data.securityFeatures),
      () => {},
    );
    void send(WhoIsSignedInDocument, {}).then(
      (data) => setSignedInAs(data.viewer?.email ?? null),
      () => {},
    );
  }, []);
  // Sent here anew: by the address step, by Back, or by a window that signed out or reset the password.
  useEffect(() => {
    setStep(asked);
    setProblem(null);
    setLapsed(false);
    setSignedInAs(null);
    if (entry.email) setEmail(entry.email);
    // Depends on no more than this: once per visit.
  }, [visit]);

  const enter = async () => {
    await announce('signed-in');
    await navigate(returnPath(entry.returnTo), { replace: true });
  };

  const signIn = (password: string, persistent: boolean) =>
    task.run(async () => {
      setLapsed(false);
      const { signIn: outcome } = await send(SignInDocument, { input: { email, password, persistent } });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename === 'SignInSuccess') await enter();
      else if (outcome.__typename === 'SecondFactorChallenge') setStep({ name: 'factor', challenge: outcome });
      else if (outcome.__typename === 'InvalidInputProblem') setStep({ name: 'address' });
    });

  const proveFactor = (challenge: string, proof: SecondFactorProofInput) =>
    task.run(async () => {
      const { completeSignIn: outcome } = await send(CompleteSignInDocument, { input: { challenge, proof } });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename === 'SignInSuccess') await enter();
      else if (outcome.__typename === 'TokenInvalidProblem') startAgain();
      else if (outcome.__typename === 'SignInBlockedProblem') setStep({ name: 'password' });
      else if (outcome.__typename === 'ProofRejectedProblem' && outcome.attemptsRemaining === 0) startAgain();
    });

  const startAgain = () => {
    setStep({ name: 'password' });
    setProblem(null);
    setLapsed(true);
  };

  const foot = (
    <>
      {features?.signUp !== false && (
        <span>
          {texts.signIn.noAccount} <Link to="/sign-up">{texts.signIn.signUp}</Link>
        </span>
      )}
      <Link to="/support" state={{ email }}>
        {texts.signIn.noWayIn}
      </Link>
    </>
  );

  if (search.get('with') === 'qr') {
    return (
      <EntryPage title={texts.qrShow.title} foot={foot}>
        <QrSignIn onSignedIn={() => void enter()} onBack={() => setSearch({}, { replace: true, state: entry })} />
      </EntryPage>
    );
  }
  if (step.name === 'factor') {
    return (
      <EntryPage title={texts.factor.title} foot={foot}>
        <SecondFactorForm
          challenge={step.challenge}
          problem={problem}
          isBusy={task.isBusy}
          onProof={(proof) => void proveFactor(step.challenge.challenge, proof)}
          onLapsed={startAgain}
        />
      </EntryPage>
    );
  }
  return (
    <EntryPage title={texts.signIn.title} intro={step.name === 'address' ? texts.signIn.intro : undefined} foot={foot}>
      {entry.reason && step.name === 'address' && (
        <Notice tone={entry.reason === 'ended' ? 'warning' : 'info'}>{texts.signIn.reasons[entry.reason]}</Notice>
      )}
      {signedInAs && (
        <Notice tone="info">
          <p>{texts.signIn.already(signedInAs)}</p>
          <div>
            <Button size="small" look="quiet" onClick={() => void navigate(returnPath(entry.returnTo))}>
              {texts.signIn.goOn}
            </Button>
          </div>
        </Notice>
      )}
      {hasLapsed && <Notice tone="warning">{texts.signIn.challengeLapsed}</Notice>}
      {step.name === 'address' ? (
        <AddressStep
          {...{ email, setEmail, features, problem }}
          onNext={(address) => {
            const state: EntryState = { ...entry, reason: undefined, email: address, step: 'password' };
            void navigate('/sign-in', { state });
          }}
          onSignedIn={enter}
          onQr={() => setSearch({ with: 'qr' }, { state: entry })}
        />
      ) : (
        <PasswordStep
          {...{ email, problem }}
          isBusy={task.isBusy}
          onChangeAddress={() => {
            const state: EntryState = { ...entry, step: undefined };
            void navigate('/sign-in', { replace: true, state });
          }}
          onSubmit={(password, persistent) => void signIn(password, persistent)}
        />
      )}
    </EntryPage>
  );
}
