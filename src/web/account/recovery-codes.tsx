import { useState } from 'react';
import { accountTexts } from '#texts/account';
import { RegenerateRecoveryCodesDocument } from '../generated/account/graphql';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy-button';
import { ConfirmDialog, Dialog } from '../ui/dialog';
import { Notice, ProblemNotice } from '../ui/notice';
import { Section, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.codes;

export function RecoveryCodesSection({ viewer }: { viewer: Settings }) {
  const [isAsking, setAsking] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { act, problem, clearProblem } = useAction();
  const left = viewer.recoveryCodesRemaining;

  const regenerate = async () => {
    const outcome = await act(RegenerateRecoveryCodesDocument);
    if (outcome?.__typename !== 'RegenerateRecoveryCodesSuccess') return false;
    setCodes(outcome.recoveryCodes);
    return true;
  };
  return (
    <Section id="codes" title={words.title} intro={words.intro}>
      {left === null ? <p className="soft">{words.none}</p> : <p>{words.left(left)}</p>}
      {left !== null && (
        <div>
          <Button
            look="quiet"
            onClick={() => {
              clearProblem();
              setAsking(true);
            }}
          >
            {words.regenerate}
          </Button>
        </div>
      )}
      {isAsking && (
        <ConfirmDialog
          title={words.regenerateTitle}
          text={words.regenerateText}
          action={words.regenerate}
          onConfirm={regenerate}
          onClose={() => setAsking(false)}
        >
          <ProblemNotice problem={problem} />
        </ConfirmDialog>
      )}
      {codes && <RecoveryCodesDialog codes={codes} email={viewer.email} onClose={() => setCodes(null)} />}
    </Section>
  );
}

interface DialogProps {
  codes: readonly string[];
  email: string;
  onClose: () => void;
}

/** The only moment the codes are seen. They leave the memory of the page with this dialog. */
export function RecoveryCodesDialog({ codes, email, onClose }: DialogProps) {
  const text = codes.join('\n');
  const download = () => {
    const file = new Blob([`${words.fileHead(email)}\n\n${text}\n`], { type: 'text/plain' });
    const address = URL.createObjectURL(file);
    const link = document.createElement('a');
    link.href = address;
    link.download = words.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  return (
    <Dialog title={words.dialogTitle} onClose={onClose}>
      <Notice tone="warning">{words.shownOnce}</Notice>
      <div className="printable stack">
        <p className="small soft">{words.fileHead(email)}</p>
        <ul className="recovery-codes">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
      </div>
      <div className="row">
        <CopyButton text={text} label={words.copy} done={words.copied} />
        <Button look="quiet" size="small" onClick={download}>
          {words.download}
        </Button>
        <Button look="quiet" size="small" onClick={() => window.print()}>
          {words.print}
        </Button>
      </div>
      <Button onClick={onClose}>{words.done}</Button>
    </Dialog>
  );
}
