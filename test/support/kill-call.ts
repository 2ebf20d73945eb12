/** How the people of the kill loop speak with the program. */
import type { Outcome } from './kill-people.js';
import type { Program } from './program.js';

/** The data, or the code of the error that came instead. */
export type Answer = Record<string, unknown> & { code?: string };

/** Null when there was no answer. */
export async function call(
  program: Program,
  query: string,
  variables: object,
  session: string | null,
): Promise<Answer | null> {
  try {
    const response = await fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(session && { authorization: `Bearer ${session}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as {
      data?: Record<string, unknown> | null;
      errors?: { extensions: { code: string } }[];
    };
    return { ...data, ...(errors?.[0] && { code: errors[0].extensions.code }) };
  } catch {
    return null;
  }
}

/** Whether an answer says that it was done. */
export const isDone = (outcome: Outcome | null): boolean =>
  outcome !== null && /(?:Success|Accepted|Ticket)$/.test(outcome.__typename) && outcome['sessionEnded'] !== false;

export async function isSignedIn(program: Program, token: string): Promise<boolean> {
  const answer = await call(program, '{ viewer { account { id } } }', {}, token);
  return answer?.['viewer'] != null;
}
