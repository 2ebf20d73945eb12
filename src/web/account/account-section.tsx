import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import type { EntryState } from '../core/entry-state';
import { fieldErrors } from '../core/problems';
import { announce } from '../core/session-signals';
import { ChangeDisplayNameDocument, CloseAccountDocument } from '../generated/account/graphql';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { Section, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.account;

export function AccountSection({ viewer }: { viewer: Settings }) {
  return (
    <Section id="account" title={words.title} intro={words.intro}>
      <DisplayName viewer={viewer} />
      <CloseAccount viewer={viewer} />
    </Section>
  );
}

function DisplayName({ viewer }: { viewer: Settings }) {
  const [displayName, setDisplayName] = useState(viewer.account.displayName ?? '');
  const [isSaved, setSaved] = useState(false);
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSaved(false);
    const outcome = await act(ChangeDisplayNameDocument, { input: { displayName: displayName.trim() || null } });
    setSaved(outcome?.__typename === 'ChangeDisplayNameSuccess');
  };
  const error = fieldErrors(problem)['displayName'];
  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      {!error && <ProblemNotice problem={problem} />}
      {isSaved && <Notice tone="success">{words.saved}</Notice>}
      <Field
        label={words.displayName}
        hint={words.displayNameHint}
        autoComplete="name"
        maxLength={60}
        value={displayName}
        onChange={(event) => setDisplayName(event.target.value)}
        error={error}
      />
      <div>
        <Button type="submit" look="quiet" isBusy={isBusy}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
}

function CloseAccount({ viewer }: { viewer: Settings }) {
  const [isAsking, setAsking] = useState(false);
  const [typed, setTyped] = useState('');
  const [mismatch, setMismatch] = useState<string>();
  const navigate = useNavigate();
  const { act, problem } = useAction();
  const close = async () => {
    if (typed.trim().toLowerCase() !== viewer.email.toLowerCase()) {
      setMismatch(words.closeMismatch);
      return false;
    }
    const outcome = await act(CloseAccountDocument);
    if (outcome?.__typename !== 'CloseAccountSuccess') return false;
    const state: EntryState = { reason: 'closed' };
    await navigate('/sign-in', { replace: true, state });
    await announce('signed-out');
    return true;
  };
  return (
    <div className="card stack">
      <div>
        <h3>{words.closeTitle}</h3>
        <p className="soft small">{words.closeText}</p>
      </div>
      <div>
        <Button look="danger-quiet" onClick={() => setAsking(true)}>
          {words.close}
        </Button>
      </div>
      {isAsking && (
        <ConfirmDialog
          title={words.closeTitle}
          text={words.closeText}
          action={words.close}
          onConfirm={close}
          onClose={() => setAsking(false)}
        >
          <ProblemNotice problem={problem} />
          <Field
            label={words.closeConfirm}
            type="email"
            autoComplete="off"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setMismatch(undefined);
            }}
            error={mismatch}
          />
        </ConfirmDialog>
      )}
    </div>
  );
}
