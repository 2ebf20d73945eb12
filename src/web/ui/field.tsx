import {
  useId,
  useState,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type TextareaHTMLAttributes,
} from 'react';
import { texts } from '#texts/entry';
import { Icon } from './icon';

interface Labelled {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  isOptional?: boolean;
}

/** What ties a field to its hint and error for assistive technology. */
function useTies({ hint, error }: Pick<Labelled, 'hint' | 'error'>, describedBy?: string) {
  const id = useId();
  const ids = [describedBy, hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return { id, ties: { id, 'aria-describedby': ids || undefined, 'aria-invalid': error ? true : undefined } };
}

function Frame({ id, label, hint, error, isOptional, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {isOptional && <span className="optional"> ({texts.optional})</span>}
      </label>
      {children}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="error-text" id={`${id}-error`}>
          <Icon name="error" />
          {error}
        </p>
      )}
    </div>
  );
}

type FieldProps = Labelled & InputHTMLAttributes<HTMLInputElement> & { inputRef?: Ref<HTMLInputElement> };

export function Field({ label, hint, error, isOptional, inputRef, className, ...rest }: FieldProps) {
  const { id, ties } = useTies({ hint, error }, rest['aria-describedby']);
  return (
    <Frame {...{ id, label, hint, error }} isOptional={isOptional ?? false}>
      <input {...rest} {...ties} ref={inputRef} className={['input', className].filter(Boolean).join(' ')} />
    </Frame>
  );
}

export function TextField({
  label,
  hint,
  error,
  isOptional,
  ...rest
}: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const { id, ties } = useTies({ hint, error });
  return (
    <Frame {...{ id, label, hint, error }} isOptional={isOptional ?? false}>
      <textarea {...rest} {...ties} className="input" />
    </Frame>
  );
}

interface SelectProps extends Labelled {
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onPick: (value: string) => void;
}

export function SelectField({ label, hint, error, value, options, onPick }: SelectProps) {
  const { id, ties } = useTies({ hint, error });
  return (
    <Frame {...{ id, label, hint, error }}>
      <select {...ties} className="input" value={value} onChange={(event) => onPick(event.target.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** A password, hidden until the person asks to see it. Pasting and password managers work as in any plain field. */
export function PasswordField({ label, hint, error, inputRef, ...rest }: FieldProps) {
  const [isShown, setShown] = useState(false);
  const { id, ties } = useTies({ hint, error }, rest['aria-describedby']);
  return (
    <Frame {...{ id, label, hint, error }}>
      <div className="with-button">
        <input
          {...rest}
          {...ties}
          ref={inputRef}
          type={isShown ? 'text' : 'password'}
          className="input"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
        />
        <button
          type="button"
          className="inside-button"
          aria-label={isShown ? texts.password.hide : texts.password.show}
          aria-controls={id}
          onClick={() => setShown(!isShown)}
        >
          <Icon name={isShown ? 'eyeOff' : 'eye'} />
        </button>
      </div>
    </Frame>
  );
}

export function CheckField({
  label,
  hint,
  ...rest
}: { label: string; hint?: string } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="check">
      <input type="checkbox" {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
