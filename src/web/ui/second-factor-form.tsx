import { useEffect, useRef, useState, type FormEvent } from 'react';
import { texts } from '#texts/entry';
import { isProblem, problemText, type ProblemLike } from '../core/problems';
import { countdown, useSecondsUntil } from '../core/time';
import { send, serverNow } from '../core/transport';
import { useTask } from '../core/use-task';
import { answerWithPasskey, passkeysSupported } from '../core/webauthn';
import {
  SendChallengeCodeDocument,
  type ChallengeFragment,
  type DeliveredFragment,
  type SecondFactorMethod,
  type SecondFactorProofInput,
} from '../generated/entry/graphql';
import { Button, LinkButton } from './button';
import { Field } from './field';
import { Notice, ProblemNotice } from './notice';

interface Props {
  challenge: ChallengeFragment;
  /** The problem that the last proof met, if any. */
  problem: ProblemLike | null;
  isBusy: boolean;
  onProof: (proof: SecondFactorProofInput) => void;
  /** The challenge is used up or lapsed: what led to it must start again. */
  onLapsed: (problem: ProblemLike) => void;
  submitLabel?: string;
}

const intros = {
  TOTP: () => texts.factor.totpIntro,
  SMS: (challenge: ChallengeFragment) => texts.factor.smsIntro(challenge.maskedPhoneNumber ?? texts.factor.yourPhone),
  EMAIL: () => texts.factor.emailIntro,
  PASSKEY: () => texts.factor.passkeyIntro,
  RECOVERY_CODE: () => texts.factor.recoveryIntro,
} satisfies Record<SecondFactorMethod, (challenge: ChallengeFragment) => string>;

const proofs = {
  TOTP: (code: string) => ({ totpCode: code }),
  SMS: (code: string) => ({ smsCode: code }),
  EMAIL: (code: string) => ({ emailCode: code }),
  RECOVERY_CODE: (code: string) => ({ recoveryCode: code }),
};

/** Answers a second-factor challenge with any of the methods it accepts; the owner's preferred one comes first. */
export function SecondFactorForm({ challenge, problem, isBusy, onProof, onLapsed, submitLabel }: Props) {
  const known = challenge.methods.filter((method) => method in intros);
  const [method, setMethod] = useState<SecondFactorMethod>(known[0] ?? 'RECOVERY_CODE');
  const others = known.filter((other) => other !== method);
  return (
    <div className="stack loose">
      <div className="stack" key={`${challenge.challenge} ${method}`}>
        <p>{intros[method](challenge)}</p>
        {method === 'PASSKEY' ? (
          <PasskeyProof {...{ challenge, problem, isBusy, onProof }} />
        ) : (
          <CodeProof {...{ challenge, method, problem, isBusy, onProof, onLapsed }} submitLabel={submitLabel} />
        )}
      </div>
      {others.length > 0 && (
        <div className="stack tight">
          <p className="small soft">{texts.factor.otherWays}</p>
          <ul className="row small plain-list">
            {others.map((other) => (
              <li key={other}>
                <LinkButton onClick={() => setMethod(other)}>{texts.factor.methods[other]}</LinkButton>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function PasskeyProof({
  challenge,
  problem,
  isBusy,
  onProof,
}: Pick<Props, 'challenge' | 'problem' | 'isBusy' | 'onProof'>) {
  const [hasFailed, setFailed] = useState(false);
  const options = challenge.passkeyOptions;
  if (!options || !passkeysSupported()) return <Notice tone="info">{texts.factor.passkeyUnsupported}</Notice>;
  const prove = async () => {
    setFailed(false);
    const passkey = await answerWithPasskey(options);
    if (passkey) onProof({ passkey });
    else setFailed(true);
  };
  return (
    <>
      <ProblemNotice problem={problem} />
      {hasFailed && <Notice tone="warning">{texts.factor.passkeyFailed}</Notice>}
      <Button wide isBusy={isBusy} onClick={() => void prove()}>
        {texts.factor.usePasskey}
      </Button>
    </>
  );
}

type CodeMethod = keyof typeof proofs;
type CodeProps = Omit<Props, 'submitLabel'> & { method: CodeMethod; submitLabel: string | undefined };

function CodeProof({ challenge, method, problem, isBusy, onProof, onLapsed, submitLabel }: CodeProps) {
  const [code, setCode] = useState('');
  const [delivery, setDelivery] = useState<DeliveredFragment | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const isSent = method === 'SMS' || method === 'EMAIL';
  const isRecovery = method === 'RECOVERY_CODE';
  const canType = !isSent || delivery !== null;

  useEffect(() => {
    if (canType) input.current?.focus();
  }, [canType]);
  useEffect(() => {
    // A refused code is of no more use; the next one is typed afresh.
    if (problem) {
      setCode('');
      input.current?.focus();
    }
  }, [problem]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code.trim()) onProof(proofs[method](code.trim()));
  };
  return (
    <form className="stack" onSubmit={submit}>
      {isSent && <SendCode {...{ challenge, method, delivery, onLapsed }} onSent={setDelivery} />}
      {canType && (
        <>
          <Field
            label={isRecovery ? texts.factor.recoveryCode : texts.factor.code}
            inputRef={input}
            name="one-time-code"
            className={isRecovery ? 'mono' : 'code'}
            autoComplete={isRecovery ? 'off' : 'one-time-code'}
            inputMode={isRecovery ? 'text' : 'numeric'}
            autoCapitalize="none"
            spellCheck={false}
            required
            value={code}
            onChange={(event) => setCode(event.target.value)}
            error={problem ? problemText(problem) : undefined}
          />
          <Button type="submit" wide isBusy={isBusy}>
            {submitLabel ?? texts.factor.confirm}
          </Button>
        </>
      )}
    </form>
  );
}

interface SendCodeProps extends Pick<Props, 'challenge' | 'onLapsed'> {
  method: 'SMS' | 'EMAIL';
  delivery: DeliveredFragment | null;
  onSent: (delivery: DeliveredFragment) => void;
}

function SendCode({ challenge, method, delivery, onSent, onLapsed }: SendCodeProps) {
  const task = useTask();
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [canResendAt, setCanResendAt] = useState<number | null>(null);
  const seconds = useSecondsUntil(canResendAt);

  const sendCode = () =>
    task.run(async () => {
      const input = { challenge: challenge.challenge, method };
      const { sendChallengeCode: outcome } = await send(SendChallengeCodeDocument, { input });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename === 'SendChallengeCodeSuccess') {
        onSent(outcome.delivery);
        setCanResendAt(serverNow() + outcome.delivery.resendAfterSeconds * 1000);
      } else if (outcome.__typename === 'TokenInvalidProblem') onLapsed(outcome);
    });
  return (
    <>
      <ProblemNotice problem={problem} />
      {delivery && <Notice tone="success">{texts.factor.sentTo(delivery.maskedDestination)}</Notice>}
      {delivery && seconds > 0 ? (
        <p className="small soft">{texts.factor.resendIn(countdown(seconds))}</p>
      ) : (
        <Button wide look={delivery ? 'quiet' : 'main'} isBusy={task.isBusy} onClick={() => void sendCode()}>
          {delivery ? texts.factor.resend : texts.factor.send}
        </Button>
      )}
    </>
  );
}
