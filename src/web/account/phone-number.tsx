import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { fieldErrors, problemText } from '../core/problems';
import {
  AddPhoneNumberDocument,
  RemovePhoneNumberDocument,
  VerifyPhoneNumberDocument,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import type { Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.contact;
type Mode = 'shown' | 'adding' | 'verifying';

/** A telephone number: add, prove with a code, change, remove. */
export function PhoneNumber({ viewer }: { viewer: Settings }) {
  const [mode, setMode] = useState<Mode>('shown');
  const [isRemoving, setRemoving] = useState(false);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const [isVerified, setVerified] = useState(false);
  const removal = useAction();
  const remove = async () => {
    const outcome = await removal.act(RemovePhoneNumberDocument);
    setVerified(false);
    return outcome?.__typename === 'RemovePhoneNumberSuccess';
  };
  return (
    <>
      <div className="row spread">
        <div>
          <h3>{words.phone}</h3>
          <p className="row">
            {viewer.phoneNumber ?? <span className="soft">{words.noPhone}</span>}
            {viewer.phoneNumber && (
              <span className={`badge ${viewer.phoneNumberVerified ? 'good' : 'warning'}`}>
                {viewer.phoneNumberVerified ? words.verified : words.notVerified}
              </span>
            )}
          </p>
        </div>
        {mode === 'shown' && (
          <div className="row">
            {viewer.phoneNumber && !viewer.phoneNumberVerified && (
              <Button size="small" onClick={() => setMode('verifying')}>
                {words.enterCode}
              </Button>
            )}
            <Button look="quiet" size="small" onClick={() => setMode('adding')}>
              {viewer.phoneNumber ? words.changePhone : words.addPhone}
            </Button>
            {viewer.phoneNumber && (
              <Button
                look="quiet"
                size="small"
                onClick={() => {
                  removal.clearProblem();
                  setRemoving(true);
                }}
              >
                {words.removePhone}
              </Button>
            )}
          </div>
        )}
      </div>
      {isVerified && <Notice tone="success">{words.phoneVerified}</Notice>}
      {mode === 'adding' && (
        <AddNumber
          onCancel={() => setMode('shown')}
          onSent={(where) => {
            setSentTo(where);
            setVerified(false);
            setMode('verifying');
          }}
        />
      )}
      {mode === 'verifying' && (
        <VerifyNumber
          sentTo={sentTo}
          onCancel={() => setMode('shown')}
          onVerified={() => {
            setVerified(true);
            setMode('shown');
          }}
        />
      )}
      {isRemoving && (
        <ConfirmDialog
          title={words.removePhoneTitle}
          text={words.removePhoneText}
          action={words.removePhone}
          onConfirm={remove}
          onClose={() => setRemoving(false)}
        >
          <ProblemNotice problem={removal.problem} />
        </ConfirmDialog>
      )}
    </>
  );
}

function AddNumber({ onCancel, onSent }: { onCancel: () => void; onSent: (where: string) => void }) {
  const [phoneNumber, setPhoneNumber] = useState('');
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!phoneNumber.trim()) return;
    const outcome = await act(AddPhoneNumberDocument, { input: { phoneNumber: phoneNumber.trim() } });
    if (outcome?.__typename === 'AddPhoneNumberSuccess') onSent(outcome.delivery.maskedDestination);
  };
  const error = fieldErrors(problem)['phoneNumber'];
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {!error && <ProblemNotice problem={problem} />}
      <Field
        label={words.phoneNumber}
        hint={words.phoneHint}
        type="tel"
        autoComplete="tel"
        autoFocus
        required
        value={phoneNumber}
        onChange={(event) => setPhoneNumber(event.target.value)}
        error={error}
      />
      <div className="row">
        <Button type="submit" isBusy={isBusy}>
          {words.sendCode}
        </Button>
        <Button look="quiet" onClick={onCancel}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}

interface VerifyProps {
  sentTo: string | null;
  onCancel: () => void;
  onVerified: () => void;
}

function VerifyNumber({ sentTo, onCancel, onVerified }: VerifyProps) {
  const [code, setCode] = useState('');
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!code.trim()) return;
    const outcome = await act(VerifyPhoneNumberDocument, { input: { code: code.trim() } });
    if (outcome?.__typename === 'VerifyPhoneNumberSuccess') onVerified();
    else setCode('');
  };
  const isCodeProblem = problem?.code === 'PROOF_REJECTED';
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {sentTo && <Notice tone="success">{words.codeSent(sentTo)}</Notice>}
      {!isCodeProblem && <ProblemNotice problem={problem} />}
      <Field
        label={words.code}
        className="code"
        autoComplete="one-time-code"
        inputMode="numeric"
        autoFocus
        required
        value={code}
        onChange={(event) => setCode(event.target.value)}
        error={isCodeProblem ? problemText(problem) : undefined}
      />
      <div className="row">
        <Button type="submit" isBusy={isBusy}>
          {words.verify}
        </Button>
        <Button look="quiet" onClick={onCancel}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
