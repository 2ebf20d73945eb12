import { useId, type Ref } from 'react';
import { texts } from '#texts/entry';
import type { ProblemLike } from '../core/problems';
import { useStrength } from '../core/strength';
import { PasswordField } from './field';
import { Icon } from './icon';

export interface Policy {
  minLength: number;
  maxLength: number;
  rules: string[];
  historyDepth: number;
}

interface Props {
  policy: Policy;
  value: string;
  onChange: (value: string) => void;
  /** A `PasswordRejectedProblem` about `rejectedValue`; it no longer speaks of a value changed since. */
  problem?: ProblemLike | null;
  rejectedValue?: string | null;
  /** Words that must not make up the password: name, address. */
  context?: string[];
  label?: string;
  inputRef?: Ref<HTMLInputElement>;
}

/** Counted as the server counts: an emoji is one character. */
export const characters = (password: string): number => [...password].length;

type RuleState = 'met' | 'broken' | 'later';
const ruleIcons = { met: 'check', broken: 'cross', later: 'dot' } as const;

/** A field for a new password with its rules in sight and an estimate of its strength. The server has the last word. */
export function NewPassword(props: Props) {
  const { policy, value, onChange, problem, rejectedValue, context = [], label, inputRef } = props;
  const rulesId = useId();
  const strength = useStrength(value, [...context, texts.product]);
  const violations = new Map<string, string>();
  if (value === rejectedValue) problem?.violations?.forEach(({ rule, message }) => violations.set(rule, message));

  const stateOf = (rule: string): RuleState => {
    if (violations.has(rule)) return 'broken';
    if (!value) return 'later';
    if (rule === 'MIN_LENGTH') return characters(value) >= policy.minLength ? 'met' : 'later';
    if (rule === 'MAX_LENGTH') return characters(value) <= policy.maxLength ? 'met' : 'broken';
    return 'later';
  };
  // A rule this version does not know still speaks, in the server's words.
  const shown = [...new Set([...policy.rules, ...violations.keys()])];
  const error = violations.size > 0 ? [...violations.values()].join(' ') : undefined;

  return (
    <div className="stack">
      <PasswordField
        label={label ?? texts.password.new}
        name="new-password"
        autoComplete="new-password"
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
        error={error}
        aria-describedby={rulesId}
        {...(inputRef ? { inputRef } : {})}
      />
      <div aria-live="polite" className="stack tight">
        {strength && (
          <>
            <div className="strength-bar" data-score={strength.score} aria-hidden="true">
              <span />
              <span />
              <span />
              <span />
            </div>
            <p className="small">
              {texts.password.strengthLabel}: <strong>{texts.password.strength[strength.score]}</strong>
              {strength.warning && texts.password.warnings[strength.warning] && (
                <span className="soft"> {texts.password.warnings[strength.warning]}</span>
              )}
            </p>
          </>
        )}
      </div>
      <div className="quiet-block stack tight" id={rulesId}>
        <p className="legend">{texts.password.rulesTitle}</p>
        <ul className="rules">
          {shown.map((rule) => {
            const state = stateOf(rule);
            return (
              <li key={rule} className={state}>
                <Icon name={ruleIcons[state]} />
                <span>
                  <span className="visually-hidden">{texts.password.ruleStates[state]} </span>
                  {texts.password.rules[rule]?.(policy) ?? violations.get(rule) ?? rule}
                </span>
              </li>
            );
          })}
        </ul>
        <p className="hint">{texts.password.tip}</p>
      </div>
    </div>
  );
}
