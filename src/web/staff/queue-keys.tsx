import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { staffTexts } from '#texts/staff';
import { CheckField } from '../ui/field';

interface Actions {
  claim: (row: string) => void;
  release: (row: string) => void;
  next: () => void;
  previous: () => void;
}

const storageKey = 'rekey:queue-keys';
const words = staffTexts.keys;

/**
 * Single keys for the queue. They move the real focus, so Enter opens a case and screen readers follow along. They can
 * be switched off, as people who dictate need (WCAG 2.1.4), and rest while a field or a dialog has the focus.
 */
export function useQueueKeys(place: RefObject<HTMLElement | null>, actions: Actions) {
  const [isOn, setOn] = useState(() => readSwitch());
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (!isOn) return undefined;
    const links = () => [...(place.current?.querySelectorAll<HTMLElement>('a.row-link') ?? [])];
    const currentRow = () => document.activeElement?.closest<HTMLElement>('[data-row]') ?? null;
    const move = (by: number) => {
      const all = links();
      const at = all.findIndex((link) => link.closest('[data-row]') === currentRow());
      all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
    };
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const row = currentRow()?.dataset['row'];
      const doing: Record<string, () => void> = {
        j: () => move(1),
        k: () => move(-1),
        c: () => row && latest.current.claim(row),
        r: () => row && latest.current.release(row),
        n: () => latest.current.next(),
        p: () => latest.current.previous(),
        f: () => document.querySelector<HTMLElement>('#filters select')?.focus(),
      };
      const action = doing[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [isOn, place]);
  const toggle = useCallback((next: boolean) => {
    setOn(next);
    try {
      localStorage.setItem(storageKey, next ? 'on' : 'off');
    } catch {
      // Without storage the switch holds for this page.
    }
  }, []);
  return { isOn, toggle };
}

function readSwitch(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && Boolean(target.closest('input:not([type=checkbox]), textarea, select, dialog'));

const help: [keys: string[], text: string][] = [
  [['j', 'k'], words.move],
  [[words.enter], words.open],
  [['c'], words.claim],
  [['r'], words.release],
  [['n', 'p'], words.page],
  [['f'], words.filter],
];

export function KeyHelp({ isOn, onToggle }: { isOn: boolean; onToggle: (isOn: boolean) => void }) {
  return (
    <div className="key-help">
      <CheckField label={words.on} checked={isOn} onChange={(event) => onToggle(event.target.checked)} />
      {isOn &&
        help.map(([keys, text]) => (
          <span key={text}>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}{' '}
            {text}
          </span>
        ))}
    </div>
  );
}
