/** The catalogue of expected refusals: code → sentence. Returned as data, so that what was counted is committed. */

const sentences = {
  INVALID_INPUT: 'Some of what was sent does not have the right form.',
  INVALID_CREDENTIALS: 'The address and the password do not match.',
  SIGN_IN_BLOCKED: 'This account may not sign in now.',
  TOKEN_INVALID: 'This link or code is not valid any more. Ask for a new one.',
  PROOF_REJECTED: 'That was not accepted. Check it and try again.',
  PASSWORD_REJECTED: 'This password does not satisfy the rules.',
  RATE_LIMITED: 'Too many attempts. Wait a little, then try again.',
  REAUTHENTICATION_REQUIRED: 'Confirm that it is you, then try again.',
  CHANNEL_UNAVAILABLE: 'That channel is not set up.',
  FEATURE_DISABLED: 'This is switched off here.',
  NOT_FOUND: 'There is no such thing here.',
  CONFLICT: 'Someone was faster: this is not in a state that allows it any more.',
  LAST_CREDENTIAL: 'This is the last way to sign in or to recover. Add another first.',
  QR_SIGN_IN_DENIED: 'The sign-in was turned away on the other device.',
} as const;

export type ProblemCode = keyof typeof sentences;

/** An expected outcome that stops the flow: what a person can mend, or must know. */
export type Problem<C extends ProblemCode = ProblemCode, D extends object = object> = {
  readonly code: C;
  readonly message: string;
} & D;

export function problem<const C extends ProblemCode>(code: C): Problem<C>;
export function problem<const C extends ProblemCode, D extends object>(code: C, details: D): Problem<C, D>;
export function problem(code: ProblemCode, details: object = {}): Problem {
  return { code, message: sentences[code], ...details };
}

/** One input field of the wrong form. The value is never repeated. */
export interface FieldMistake {
  path: string[];
  message: string;
}

export const invalidInput = (
  ...mistakes: [field: string, expected: string][]
): Problem<'INVALID_INPUT', { fields: FieldMistake[] }> =>
  problem('INVALID_INPUT', {
    fields: mistakes.map(([field, message]) => ({ path: ['input', ...field.split('.')], message })),
  });

export type InvalidInput = ReturnType<typeof invalidInput>;
export type RateLimited = Problem<'RATE_LIMITED', { retryAfterSeconds: number }>;

export const rateLimited = (retryAfterSeconds: number): RateLimited => problem('RATE_LIMITED', { retryAfterSeconds });

/** Whether an outcome is a problem rather than what was asked for. */
export const isProblem = (outcome: unknown): outcome is Problem =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome && 'message' in outcome;

/** The top-level codes of what never became an outcome: the closed list of the contract. */
export type RefusalCode = 'UNAUTHENTICATED' | 'FORBIDDEN' | 'BAD_USER_INPUT' | 'RATE_LIMITED' | 'BUSY' | 'UNAVAILABLE';

/** Thrown by guards, never by what a person can mend: the edge turns it into a top-level error. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
