import { useState } from 'react';
import { Button } from './button';

export function CopyButton({ text, label, done }: { text: string; label: string; done: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return (
    <Button look="quiet" size="small" onClick={() => void copy()}>
      <span aria-live="polite">{isCopied ? done : label}</span>
    </Button>
  );
}
