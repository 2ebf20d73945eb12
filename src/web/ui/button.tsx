import type { ButtonHTMLAttributes, MouseEvent } from 'react';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'main' | 'quiet' | 'danger' | 'danger-quiet';
  size?: 'small';
  wide?: boolean;
  isBusy?: boolean;
}

/**
 * A button. While its work runs it stays focusable and says that it is busy: a disabled button would drop the focus of
 * people who use the keyboard.
 */
export function Button({ look = 'main', size, wide, isBusy, className, children, onClick, type, ...rest }: Props) {
  const classes = ['button', look === 'main' ? '' : look, size, wide ? 'wide' : '', className]
    .filter(Boolean)
    .join(' ');
  const click = (event: MouseEvent<HTMLButtonElement>) => {
    if (isBusy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button {...rest} type={type ?? 'button'} className={classes} aria-disabled={isBusy || undefined} onClick={click}>
      {isBusy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

/** Looks like a link, acts on this page. */
export function LinkButton({ className, type, ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button {...rest} type={type ?? 'button'} className={['link-button', className].filter(Boolean).join(' ')} />;
}
