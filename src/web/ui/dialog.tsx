import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { texts } from '#texts/entry';
import { Button } from './button';
import { Icon } from './icon';

/** Where the focus goes when a dialog opens: a field, else the answer that changes nothing, else any button. */
const firstPlaces = [
  '.dialog-body :is(input:not([hidden]), select, textarea)',
  '.dialog-body [data-harmless]',
  '.dialog-body button',
];

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog by the browser's own element: it keeps the focus inside, closes on Escape, and gives the focus back. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const node = dialog.current;
    const before = document.activeElement;
    node?.showModal();
    // The browser would take the first button, the one that closes; and focus set before the dialog opened is lost.
    firstPlaces
      .map((place) => node?.querySelector<HTMLElement>(place))
      .find(Boolean)
      ?.focus();
    return () => {
      node?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon-button" aria-label={texts.close} onClick={onClose}>
          <Icon name="cross" />
        </button>
      </div>
      <div className="dialog-body stack">{children}</div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  /** Whether it takes nothing from anyone; red is for what does. */
  isHarmless?: boolean;
  /** Resolves to true when the dialog may close. */
  onConfirm: () => Promise<boolean>;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ title, text, action, isHarmless, onConfirm, onClose, children }: ConfirmProps) {
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    const isDone = await onConfirm();
    setBusy(false);
    if (isDone) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      {children}
      <div className="row">
        <Button look={isHarmless ? 'main' : 'danger'} isBusy={isBusy} onClick={() => void confirm()}>
          {action}
        </Button>
        <Button look="quiet" data-harmless onClick={onClose}>
          {texts.cancel}
        </Button>
      </div>
    </Dialog>
  );
}
