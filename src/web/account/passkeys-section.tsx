import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { fieldErrors } from '../core/problems';
import { relativeTime } from '../core/time';
import { createPasskey, passkeysSupported } from '../core/webauthn';
import {
  FinishPasskeyRegistrationDocument,
  RemovePasskeyDocument,
  RenamePasskeyDocument,
  StartPasskeyRegistrationDocument,
  type PasskeyFactsFragment,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { ConfirmDialog, Dialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { Section, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.passkeys;

export function PasskeysSection({ viewer }: { viewer: Settings }) {
  const [renaming, setRenaming] = useState<PasskeyFactsFragment | null>(null);
  const [removing, setRemoving] = useState<PasskeyFactsFragment | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const [notMade, setNotMade] = useState(false);
  const adding = useAction();
  const removal = useAction();

  const add = async () => {
    setMessage(null);
    setNotMade(false);
    const started = await adding.act(StartPasskeyRegistrationDocument);
    if (started?.__typename !== 'StartPasskeyRegistrationSuccess') return;
    const registration = await createPasskey(started.options);
    if (!registration) {
      setNotMade(true);
      return;
    }
    const input = { ceremony: started.ceremony, registration };
    const outcome = await adding.act(FinishPasskeyRegistrationDocument, { input });
    if (outcome?.__typename === 'FinishPasskeyRegistrationSuccess') setMessage(words.added);
  };
  const remove = async (passkey: PasskeyFactsFragment) => {
    const outcome = await removal.act(RemovePasskeyDocument, { input: { passkeyId: passkey.id } });
    if (outcome?.__typename !== 'RemovePasskeySuccess') return false;
    setMessage(words.removed);
    return true;
  };
  return (
    <Section id="passkeys" title={words.title} intro={words.intro}>
      {message && <Notice tone="success">{message}</Notice>}
      {notMade && <Notice tone="warning">{words.notMade}</Notice>}
      <ProblemNotice problem={adding.problem} />
      {viewer.passkeys.length === 0 ? (
        <p className="soft">{words.none}</p>
      ) : (
        <ul className="list card compact">
          {viewer.passkeys.map((passkey) => (
            <li key={passkey.id}>
              <div className="facts">
                <p className="name">
                  {passkey.label}
                  <span className="badge">{passkey.isBackedUp ? words.backedUp : words.deviceOnly}</span>
                </p>
                <p className="soft small">
                  {accountTexts.security.factors.added(relativeTime(passkey.createdAt))},{' '}
                  {passkey.lastUsedAt
                    ? accountTexts.security.factors.lastUsed(relativeTime(passkey.lastUsedAt))
                    : accountTexts.security.factors.neverUsed}
                </p>
              </div>
              <div className="row">
                <Button
                  look="quiet"
                  size="small"
                  aria-label={words.renameLabel(passkey.label)}
                  onClick={() => setRenaming(passkey)}
                >
                  {words.rename}
                </Button>
                <Button
                  look="quiet"
                  size="small"
                  aria-label={words.removeLabel(passkey.label)}
                  onClick={() => {
                    removal.clearProblem();
                    setRemoving(passkey);
                  }}
                >
                  {words.remove}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {passkeysSupported() ? (
        <div>
          <Button look="quiet" isBusy={adding.isBusy} onClick={() => void add()}>
            {words.add}
          </Button>
        </div>
      ) : (
        <p className="soft small">{words.unsupported}</p>
      )}
      {renaming && <RenamePasskey passkey={renaming} onClose={() => setRenaming(null)} />}
      {removing && (
        <ConfirmDialog
          title={words.removeTitle}
          text={words.removeText(removing.label)}
          action={words.remove}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <ProblemNotice problem={removal.problem} />
        </ConfirmDialog>
      )}
    </Section>
  );
}

function RenamePasskey({ passkey, onClose }: { passkey: PasskeyFactsFragment; onClose: () => void }) {
  const [label, setLabel] = useState(passkey.label);
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const outcome = await act(RenamePasskeyDocument, { input: { passkeyId: passkey.id, label: label.trim() } });
    if (outcome?.__typename === 'RenamePasskeySuccess') onClose();
  };
  const error = fieldErrors(problem)['label'];
  return (
    <Dialog title={words.renameTitle} onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {!error && <ProblemNotice problem={problem} />}
        <Field
          label={words.name}
          autoFocus
          required
          maxLength={60}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
          error={error}
        />
        <Button type="submit" isBusy={isBusy}>
          {texts.save}
        </Button>
      </form>
    </Dialog>
  );
}
