/** The list of resolver classes, and the forms of the schema that are made of them. */
import 'reflect-metadata';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import type { ConstDirectiveNode, GraphQLSchema } from 'graphql';
import { buildSchema, type NonEmptyArray } from 'type-graphql';
import { guardSchema } from '../graphql/access.js';
import type { Limiter } from '../graphql/limiter.js';
import { AccountFaceResolver, AccountFileResolver, AccountResolver } from '../graphql/accounts.js';
import { ActivityResolver } from '../graphql/activity.js';
import { AuditResolver } from '../graphql/audit.js';
import { ContactResolver, ViewerContactResolver } from '../graphql/contact.js';
import { DisownedEventResolver, ViewerEventsResolver } from '../graphql/disowned-events.js';
import {
  AccountFlagResolver,
  FlaggedAccountEdgeResolver,
  FlaggedAccountResolver,
  FlagEvidenceResolver,
} from '../graphql/flagged-accounts.js';
import { PasskeyResolver, ViewerPasskeysResolver } from '../graphql/passkeys.js';
import { ProfileResolver } from '../graphql/profile.js';
import { SecondFactorResolver, ViewerSecondFactorsResolver } from '../graphql/second-factors.js';
import { SecondStepResolver } from '../graphql/second-step.js';
import { PasswordResolver } from '../graphql/passwords.js';
import { QrSignInResolver } from '../graphql/qr-sign-in.js';
import { SessionResolver, ViewerSessionsResolver } from '../graphql/sessions.js';
import { SignInResolver, SignInSuccessResolver } from '../graphql/sign-in.js';
import {
  ManualResetResolver,
  SupportRequestFieldResolver,
  SupportRequestResolver,
} from '../graphql/support-requests.js';
import { DateTime } from '../graphql/types/scalars.js';
import { ViewerResolver } from '../graphql/viewer.js';

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- type-graphql's own word for a class
const resolvers: NonEmptyArray<Function> = [
  AccountFaceResolver,
  AccountFileResolver,
  AccountFlagResolver,
  AccountResolver,
  ActivityResolver,
  AuditResolver,
  ContactResolver,
  DisownedEventResolver,
  FlagEvidenceResolver,
  FlaggedAccountEdgeResolver,
  FlaggedAccountResolver,
  ManualResetResolver,
  PasskeyResolver,
  PasswordResolver,
  ProfileResolver,
  QrSignInResolver,
  SecondFactorResolver,
  SecondStepResolver,
  SessionResolver,
  SignInResolver,
  SignInSuccessResolver,
  SupportRequestFieldResolver,
  SupportRequestResolver,
  ViewerContactResolver,
  ViewerEventsResolver,
  ViewerPasskeysResolver,
  ViewerResolver,
  ViewerSecondFactorsResolver,
  ViewerSessionsResolver,
];

/** The whole schema, guarded: what the other forms are cut from. */
export async function buildGuardedSchema(limiter: Limiter): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers,
    scalarsMap: [{ type: Date, scalar: DateTime }],
    // Input is judged by the services, which answer inside the result union and never repeat a value.
    validate: false,
  });
  return guardSchema(describeRoots(schema), limiter);
}

/** Decorators have no word for what the roots say of themselves. */
function describeRoots(schema: GraphQLSchema): GraphQLSchema {
  const [query, mutation] = [schema.getQueryType(), schema.getMutationType()];
  if (query) {
    query.description = 'Read operations. None of them takes or returns a secret, and none of them changes anything.';
  }
  if (mutation) {
    mutation.description =
      'Write operations, and the reads that carry a secret. A document may hold at most one of them.';
  }
  return schema;
}

/** What `/graphql` serves: without the fields that only other subgraphs may read. */
export function apiSchema(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (field) => (isInaccessible(field.astNode) ? null : undefined),
  });
}

/** A definition, as far as its directives go. */
export interface Marked {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** Whether this is for other subgraphs alone. */
export const isInaccessible = (node: Marked | null | undefined): boolean =>
  node?.directives?.some(({ name }) => name.value === 'inaccessible') ?? false;
