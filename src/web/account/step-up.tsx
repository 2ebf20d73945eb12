import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { isProblem, type ProblemLike } from '../core/problems';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import {
  ReauthenticateDocument,
  type ChallengeFragment,
  type ReauthenticateInput,
  type SecondFactorProofInput,
} from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { PasswordField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { SecondFactorForm } from '../ui/second-factor-form';
import { useViewer } from './viewer';

const StepUpContext = createContext<() => Promise<boolean>>(() => Promise.resolve(false));

/** Asks who is at the keyboard. Resolves to true when the action may be repeated. */
export const useStepUp = () => useContext(StepUpContext);

export function StepUpProvider({ children }: { children: ReactNode }) {
  const [settle, setSettle] = useState<((isConfirmed: boolean) => void) | null>(null);
  const ask = useCallback(() => new Promise<boolean>((resolve) => setSettle(() => resolve)), []);
  const value = useMemo(() => ask, [ask]);
  const end = (isConfirmed: boolean) => {
    settle?.(isConfirmed);
    setSettle(null);
  };
  return (
    <StepUpContext.Provider value={value}>
      {children}
      {settle && <StepUpDialog onEnd={end} />}
    </StepUpContext.Provider>
  );
}

function StepUpDialog({ onEnd }: { onEnd: (isConfirmed: boolean) => void }) {
  const viewer = useViewer();
  const hasPassword = viewer.passwordChangedAt !== null;
  const [password, setPassword] = useState('');
  const [challenge, setChallenge] = useState<ChallengeFragment | null>(null);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [hasLapsed, setLapsed] = useState(false);
  const task = useTask();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), [challenge]);

  const startAgain = () => {
    setChallenge(null);
    setProblem(null);
    setPassword('');
    setLapsed(true);
  };
  const reauthenticate = (answer: ReauthenticateInput) =>
    task.run(async () => {
      setLapsed(false);
      const { reauthenticate: outcome } = await send(ReauthenticateDocument, { input: answer });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      switch (outcome.__typename) {
        case 'ReauthenticateSuccess':
          return onEnd(true);
        case 'SecondFactorChallenge':
          return setChallenge(outcome);
        case 'InvalidCredentialsProblem':
          setPassword('');
          setProblem({ ...outcome, code: 'WRONG_PASSWORD', message: texts.problems.wrongPassword });
          return input.current?.focus();
        case 'TokenInvalidProblem':
          return startAgain();
        case 'ProofRejectedProblem':
          return outcome.attemptsRemaining === 0 ? startAgain() : undefined;
        default:
          return undefined;
      }
    });
  const prove = (held: ChallengeFragment, proof: SecondFactorProofInput) =>
    void reauthenticate({ challenge: held.challenge, proof });

  return (
    <Dialog title={accountTexts.stepUp.title} onClose={() => onEnd(false)}>
      <p>{accountTexts.stepUp.intro}</p>
      <p className="soft small">{accountTexts.stepUp.account(viewer.email)}</p>
      {hasLapsed && <Notice tone="warning">{accountTexts.stepUp.lapsed}</Notice>}
      {challenge ? (
        <SecondFactorForm
          challenge={challenge}
          problem={problem}
          isBusy={task.isBusy}
          onProof={(proof) => prove(challenge, proof)}
          onLapsed={startAgain}
        />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (!hasPassword) void reauthenticate({});
            else if (password) void reauthenticate({ password });
            else input.current?.focus();
          }}
        >
          {hasPassword && (
            <>
              <input type="email" name="username" autoComplete="username" value={viewer.email} readOnly hidden />
              <PasswordField
                label={texts.password.label}
                inputRef={input}
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </>
          )}
          <ProblemNotice problem={problem} />
          <Button type="submit" wide isBusy={task.isBusy}>
            {accountTexts.stepUp.confirm}
          </Button>
        </form>
      )}
    </Dialog>
  );
}
