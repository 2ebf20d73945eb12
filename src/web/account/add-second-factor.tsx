import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { fieldErrors, problemText } from '../core/problems';
import {
  ConfirmSecondFactorDocument,
  EnrollSecondFactorDocument,
  type EnrollSecondFactorMutation,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { QrPicture } from '../ui/qr-picture';
import type { Settings } from './section';
import { useAction } from './use-action';

export type EnrollableMethod = 'TOTP' | 'SMS' | 'EMAIL';
type Enrolled = Extract<EnrollSecondFactorMutation['enrollSecondFactor'], { __typename: 'EnrollSecondFactorSuccess' }>;

const words = accountTexts.security.factors;
const titles = { TOTP: words.addTitleTOTP, SMS: words.addTitleSMS, EMAIL: words.addTitleEMAIL };

interface Props {
  method: EnrollableMethod;
  viewer: Settings;
  onClose: () => void;
  /** With the recovery codes when this was the first second factor. */
  onAdded: (recoveryCodes: readonly string[] | null) => void;
}

/** Adds a second factor: a name, then the secret or a code sent, then a first code to prove that it works. */
export function AddSecondFactor({ method, viewer, onClose, onAdded }: Props) {
  const [label, setLabel] = useState('');
  const [enrolled, setEnrolled] = useState<Enrolled | null>(null);
  const [code, setCode] = useState('');
  const { act, isBusy, problem } = useAction();
  const needsPhone = method === 'SMS' && !viewer.phoneNumberVerified;

  const start = async (event: FormEvent) => {
    event.preventDefault();
    const outcome = await act(EnrollSecondFactorDocument, { input: { method, label: label.trim() || null } });
    if (outcome?.__typename === 'EnrollSecondFactorSuccess') setEnrolled(outcome);
  };
  const confirm = async (event: FormEvent) => {
    event.preventDefault();
    if (!enrolled || !code.trim()) return;
    const input = { secondFactorId: enrolled.secondFactor.id, code: code.trim() };
    const outcome = await act(ConfirmSecondFactorDocument, { input });
    if (outcome?.__typename === 'ConfirmSecondFactorSuccess') onAdded(outcome.recoveryCodes);
    else setCode('');
  };

  if (needsPhone) {
    return (
      <Dialog title={titles[method]} onClose={onClose}>
        <Notice tone="info">{words.needsPhone}</Notice>
      </Dialog>
    );
  }
  if (!enrolled) {
    const error = fieldErrors(problem)['label'];
    return (
      <Dialog title={titles[method]} onClose={onClose}>
        <form className="stack" onSubmit={(event) => void start(event)}>
          {!error && <ProblemNotice problem={problem} />}
          <Field
            label={words.label}
            hint={words.labelHint}
            isOptional
            autoFocus
            maxLength={60}
            value={label}
            onChange={(event) => setLabel(event.target.value)}
            error={error}
          />
          <Button type="submit" isBusy={isBusy}>
            {words.start}
          </Button>
        </form>
      </Dialog>
    );
  }
  const isCodeProblem = problem?.code === 'PROOF_REJECTED';
  return (
    <Dialog title={titles[method]} onClose={onClose}>
      <form className="stack" onSubmit={(event) => void confirm(event)}>
        {enrolled.totp && (
          <>
            <p>{words.scan}</p>
            <QrPicture text={enrolled.totp.uri} label={words.picture} />
            <div>
              <p className="soft small">{words.manual}</p>
              <p className="mono breakable">{enrolled.totp.manualEntryKey}</p>
            </div>
          </>
        )}
        {enrolled.delivery && <Notice tone="success">{words.sent(enrolled.delivery.maskedDestination)}</Notice>}
        {!isCodeProblem && <ProblemNotice problem={problem} />}
        <Field
          label={words.code}
          className="code"
          name="one-time-code"
          autoComplete="one-time-code"
          inputMode="numeric"
          autoFocus
          required
          value={code}
          onChange={(event) => setCode(event.target.value)}
          error={isCodeProblem ? problemText(problem) : undefined}
        />
        <Button type="submit" isBusy={isBusy}>
          {words.confirm}
        </Button>
      </form>
    </Dialog>
  );
}
