/** The union of everything a mutation can answer. */
import { createUnionType, type ClassType } from 'type-graphql';
import type { ProblemCode } from './problems.js';

/** Problem codes whose type is not the code in PascalCase followed by `Problem`. */
const PROBLEM_TYPE: Partial<Record<ProblemCode, string>> = {
  RATE_LIMITED: 'RateLimitProblem',
  REAUTHENTICATION_REQUIRED: 'ReauthenticationProblem',
  QR_SIGN_IN_DENIED: 'QrSignInDeniedProblem',
};

/**
 * Declares `<Mutation>Result`. A problem is recognised by its `code`; with several outcomes that move on, the value
 * says which it is by `__typename`; a single one needs no mark.
 */
export function resultUnion<T extends readonly ClassType[]>(name: string, description: string, types: () => T) {
  return createUnionType<T>({
    name,
    description,
    types,
    resolveType: (value) => memberName(value as Record<string, unknown>, types()),
  });
}

function memberName(value: Record<string, unknown>, types: readonly ClassType[]): string {
  if (typeof value['__typename'] === 'string') return value['__typename'];
  const names = types.map((type) => type.name);
  if (typeof value['code'] !== 'string') return names[0] as string;
  const code = value['code'] as ProblemCode;
  const named = PROBLEM_TYPE[code] ?? `${pascalCase(code)}Problem`;
  return names.find((type) => type === named) ?? names.find((type) => type.endsWith('ConflictProblem')) ?? named;
}

/** Marks which of several outcomes a value is; the mark is not part of its type. */
export const named = <T extends object>(__typename: string, value: T): T => ({ __typename, ...value });

const pascalCase = (code: string): string =>
  code.toLowerCase().replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
