import { texts } from '#texts/entry';
/** What the members of the result unions that implement `Problem` mean to a person. */

/** The shape every problem shares, with what some of them add. */
export interface ProblemLike {
  __typename: string;
  code: string;
  message: string;
  retryAfterSeconds?: number;
  attemptsRemaining?: number;
  reason?: string;
  fields?: { path: string[]; message: string }[];
  violations?: { rule: string; message: string }[];
  availableChannels?: string[];
}

type Outcome = { __typename: string };

/** Whether an outcome is a problem, known to this version of the pages or not. */
export const isProblem = <T extends Outcome>(outcome: T): outcome is Extract<T, { code: unknown }> => 'code' in outcome;

/** The sentence for a problem, in the catalogue's words where it has them and in the server's otherwise. */
export function problemText(problem: ProblemLike): string {
  const { problems } = texts;
  switch (problem.code) {
    case 'RATE_LIMITED':
      return problems.rateLimited(problem.retryAfterSeconds);
    case 'PROOF_REJECTED':
      return problems.proofRejected(problem.attemptsRemaining);
    case 'INVALID_CREDENTIALS':
      return problems.invalidCredentials;
    case 'TOKEN_INVALID':
      return problems.tokenInvalid;
    case 'CHANNEL_UNAVAILABLE':
      return problems.channelUnavailable;
    case 'FEATURE_DISABLED':
      return problems.featureDisabled;
    case 'NOT_FOUND':
      return problems.notFound;
    case 'LAST_CREDENTIAL':
      return problems.lastCredential;
    case 'QR_SIGN_IN_DENIED':
      return problems.qrDenied;
    case 'SIGN_IN_BLOCKED':
      return problem.reason === 'PASSWORD_RESET_REQUIRED' ? problems.resetRequired : problems.accountLocked;
    default:
      return problem.message;
  }
}

/** The messages of an `InvalidInputProblem` by the name of the input field. */
export function fieldErrors(problem: ProblemLike | null | undefined): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const field of problem?.fields ?? []) {
    const name = field.path[field.path.length - 1];
    if (name && !(name in errors)) errors[name] = field.message;
  }
  return errors;
}
