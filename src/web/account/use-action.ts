import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useApolloClient } from '@apollo/client/react';
import { useCallback, useState } from 'react';
import { isProblem, type ProblemLike } from '../core/problems';
import { useTask } from '../core/use-task';
import { useStepUp } from './step-up';

/** Whatever a mutation answers with: one member of its result union. */
export interface Outcome {
  __typename: string;
}

/** The outcome of a mutation with one root field. */
export type OutcomeOf<Data> = NonNullable<Data[Exclude<keyof Data, '__typename'>]>;

/**
 * Runs mutations of a signed-in person. One that asks for a recent sign-in opens the step-up dialog and is repeated
 * after it, so no page needs to know which ones do. `problem` is the problem of the last outcome.
 */
export function useAction() {
  const client = useApolloClient();
  const stepUp = useStepUp();
  const { isBusy, run } = useTask();
  const [problem, setProblem] = useState<ProblemLike | null>(null);

  const act = useCallback(
    <Data extends Record<string, unknown>, Variables extends OperationVariables>(
      mutation: TypedDocumentNode<Data, Variables>,
      ...rest: Variables extends Record<string, never> ? [] : [variables: Variables]
    ): Promise<OutcomeOf<Data> | undefined> =>
      run(async () => {
        setProblem(null);
        const once = async () => {
          const options = { mutation, variables: rest[0] } as unknown as Parameters<typeof client.mutate<Data>>[0];
          const { data } = await client.mutate<Data>(options);
          const field = data && Object.keys(data).find((name) => name !== '__typename');
          return field ? (data[field as keyof typeof data] as OutcomeOf<Data>) : undefined;
        };
        let outcome = await once();
        while ((outcome as unknown as Outcome | undefined)?.__typename === 'ReauthenticationProblem') {
          // Declined: nothing was done, and the person knows.
          if (!(await stepUp())) return undefined;
          outcome = await once();
        }
        if (outcome && isProblem(outcome as unknown as Outcome)) setProblem(outcome as unknown as ProblemLike);
        return outcome;
      }),
    [client, run, stepUp],
  );
  const clearProblem = useCallback(() => setProblem(null), []);
  return { act, isBusy, problem, clearProblem };
}
