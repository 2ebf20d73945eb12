import { ApolloClient, ApolloLink, InMemoryCache, Observable, type FieldPolicy } from '@apollo/client';
import { print } from 'graphql';
import { onForgetPerson } from '../core/session-signals';
import { documentId, post } from '../core/transport';
import { possibleTypes } from '../generated/possible-types';

/** Apollo sends like every other page: through the one door, which handles ended sessions and busy servers. */
const postLink = new ApolloLink(
  ({ query, variables, operationName }) =>
    new Observable((observer) => {
      const abort = new AbortController();
      post({ documentId: documentId(query), operationName, query: print(query), variables }, abort.signal).then(
        (answer) => {
          observer.next(answer as ApolloLink.Result);
          observer.complete();
        },
        (error: unknown) => observer.error(error),
      );
      return () => abort.abort();
    }),
);

interface Page {
  nodes: readonly unknown[];
}

/** One list that grows with "show more"; asked without a cursor it starts anew. */
const growing: FieldPolicy<Page> = {
  keyArgs: false,
  merge: (existing, incoming, { args }) =>
    args?.['after'] && existing ? { ...incoming, nodes: [...existing.nodes, ...incoming.nodes] } : incoming,
};

export const client = new ApolloClient({
  link: postLink,
  cache: new InMemoryCache({
    possibleTypes,
    typePolicies: {
      Viewer: {
        fields: {
          sessions: growing,
          securityEvents: growing,
          secondFactors: { merge: false },
          passkeys: { merge: false },
        },
      },
      Account: { fields: { secondFactorMethods: { merge: false } } },
    },
  }),
  // Off also in development: the tools keep variables, and variables hold passwords.
  devtools: { enabled: false },
});

// Mutation results are not kept either: Apollo drops the fields of the mutation root after writing the objects in them.
onForgetPerson(() => client.clearStore());
