import { useApolloClient } from '@apollo/client/react';
import { useState } from 'react';
import { staffTexts } from '#texts/staff';
import { useAction } from '../account/use-action';
import { fieldErrors } from '../core/problems';
import { serverNow } from '../core/transport';
import {
  AccountEventsDocument,
  AccountFlagsDocument,
  FlagAccountDocument,
  ForcePasswordResetDocument,
  LockAccountDocument,
  RevokeAllSessionsDocument,
  UnlockAccountDocument,
  type AccountStandingFragment,
  type FlagReason,
  type FlagSeverity,
  type LockReason,
} from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';

const words = staffTexts.accountPage;
type Kind = 'lock' | 'unlock' | 'forceReset' | 'revoke' | 'flag';

const asked = {
  lock: { title: words.lockTitle, text: words.lockText, action: words.lockAction },
  unlock: { title: words.unlockTitle, text: words.unlockText, action: words.unlockAction },
  forceReset: { title: words.forceTitle, text: words.forceText, action: words.forceReset },
  revoke: { title: words.revokeTitle, text: words.revokeText, action: words.revoke },
  flag: { title: words.flagTitle, text: words.flagText, action: words.flag },
};

/** What staff may do to an account outside a case. Each asks first; the server asks for a recent sign-in besides. */
export function AccountActions({ account }: { account: AccountStandingFragment }) {
  const [kind, setKind] = useState<Kind | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const client = useApolloClient();
  const finish = (text: string) => {
    setMessage(text);
    void client.refetchQueries({ include: [AccountFlagsDocument, AccountEventsDocument] });
  };
  const isLocked = account.lock !== null;
  const kinds: Kind[] = [isLocked ? 'unlock' : 'lock', 'forceReset', 'revoke', 'flag'];
  return (
    <section className="card stack" aria-labelledby="actions">
      <h2 id="actions">{words.actions}</h2>
      <div role="status">{message && <Notice tone="success">{message}</Notice>}</div>
      {kinds.map((option) => (
        <Button key={option} look={option === 'lock' ? 'danger-quiet' : 'quiet'} onClick={() => setKind(option)}>
          {asked[option].action}
        </Button>
      ))}
      {kind && (
        <ActionDialog key={kind} kind={kind} accountId={account.id} onDone={finish} onClose={() => setKind(null)} />
      )}
    </section>
  );
}

interface DialogProps {
  kind: Kind;
  accountId: string;
  onDone: (message: string) => void;
  onClose: () => void;
}

function ActionDialog({ kind, accountId, onDone, onClose }: DialogProps) {
  const [note, setNote] = useState('');
  const [lockReason, setLockReason] = useState<LockReason>('SUSPECTED_TAKEOVER');
  const [lockHours, setLockHours] = useState('');
  const [reason, setReason] = useState<FlagReason>('MANUAL');
  const [severity, setSeverity] = useState<FlagSeverity>('MEDIUM');
  const { act, problem } = useAction();
  const written = note.trim() || null;

  const perform = async (): Promise<string | null> => {
    switch (kind) {
      case 'lock': {
        const expiresAt = lockHours ? new Date(serverNow() + Number(lockHours) * 3_600_000).toISOString() : null;
        const input = { accountId, reason: lockReason, expiresAt, note: written };
        return doneIf((await act(LockAccountDocument, { input }))?.__typename === 'LockAccountSuccess');
      }
      case 'unlock': {
        const outcome = await act(UnlockAccountDocument, { input: { accountId, note: written } });
        return doneIf(outcome?.__typename === 'UnlockAccountSuccess');
      }
      case 'forceReset': {
        const outcome = await act(ForcePasswordResetDocument, { input: { accountId, note: written } });
        return doneIf(outcome?.__typename === 'ForcePasswordResetSuccess');
      }
      case 'flag': {
        const outcome = await act(FlagAccountDocument, { input: { accountId, reason, severity, note: written } });
        return doneIf(outcome?.__typename === 'FlagAccountSuccess');
      }
      case 'revoke': {
        const outcome = await act(RevokeAllSessionsDocument, { input: { accountId } });
        return outcome?.__typename === 'RevokeAllSessionsSuccess' ? words.revoked(outcome.revokedSessionCount) : null;
      }
    }
  };
  const confirm = async () => {
    const message = await perform();
    if (message) onDone(message);
    return message !== null;
  };
  const error = fieldErrors(problem)['note'];
  return (
    <ConfirmDialog
      {...asked[kind]}
      isHarmless={kind === 'flag' || kind === 'unlock'}
      onConfirm={confirm}
      onClose={onClose}
    >
      {problem?.code === 'CONFLICT' ? (
        <Notice tone="warning">{words.conflict}</Notice>
      ) : (
        !error && <ProblemNotice problem={problem} />
      )}
      {kind === 'lock' && (
        <>
          <SelectField
            label={words.reason}
            value={lockReason}
            options={Object.entries(staffTexts.lockReasons)}
            onPick={(value) => setLockReason(value as LockReason)}
          />
          <SelectField
            label={words.ends}
            value={lockHours}
            options={[['', words.endsNever], ...Object.entries(words.endsAfter)]}
            onPick={setLockHours}
          />
        </>
      )}
      {kind === 'flag' && (
        <>
          <SelectField
            label={words.reason}
            value={reason}
            options={Object.entries(staffTexts.reasons)}
            onPick={(value) => setReason(value as FlagReason)}
          />
          <SelectField
            label={words.severity}
            value={severity}
            options={Object.entries(staffTexts.severities)}
            onPick={(value) => setSeverity(value as FlagSeverity)}
          />
        </>
      )}
      {kind !== 'revoke' && (
        <TextField
          label={words.note}
          isOptional
          maxLength={2000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
          error={error}
        />
      )}
    </ConfirmDialog>
  );
}

const doneIf = (isDone: boolean): string | null => (isDone ? words.done : null);
