/**
 * Limits on a document, judged before anything executes. These rules run after the ones of graphql-js and
 * Apollo Server, which have refused cycles and what grows too large once its fragments are expanded.
 */
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  getNamedType,
  GraphQLError,
  Kind,
  type ASTNode,
  type ASTVisitor,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { nestedPages } from './nested-pages.js';

/** The numbers of `security.md` section 1. */
export const bounds = {
  bodyBytes: 100 * 1024,
  tokens: 1000,
  depth: 12,
  aliases: 15,
  rootFields: 10,
  directivesOnOneNode: 10,
  directives: 50,
  selections: 1000,
  listItems: 100,
  errors: 5,
  /** Objects in all pages of a document together, were they full. No page of ours asks for a tenth of it. */
  pagedObjects: 1_000_000,
  /** For a request as a whole. Milliseconds. */
  operationMs: 10_000,
} as const;

const refuse = (message: string, node?: ASTNode): GraphQLError =>
  new GraphQLError(message, { ...(node && { nodes: node }), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });

/** One mutation field to a document, counted through fragments: a secret gets one guess for each request. */
const oneMutationField: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    const count = rootFieldsOf(context, operation);
    if (operation.operation === 'mutation' && count > 1) {
      context.reportError(refuse('A document may hold at most one mutation field.', operation));
    }
    if (count > bounds.rootFields) {
      context.reportError(refuse(`An operation may ask for at most ${bounds.rootFields} root fields.`, operation));
    }
  },
  Document(document) {
    const mutations = document.definitions.filter(
      (node) => node.kind === Kind.OPERATION_DEFINITION && node.operation === 'mutation',
    );
    if (mutations.length > 1) context.reportError(refuse('A document may hold at most one mutation.'));
  },
});

function rootFieldsOf(context: ValidationContext, operation: OperationDefinitionNode): number {
  const seen = new Set<string>();
  const count = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, node) => {
      if (node.kind === Kind.FIELD) return node.name.value === '__typename' ? sum : sum + 1;
      if (node.kind === Kind.INLINE_FRAGMENT) return sum + count(node.selectionSet);
      if (seen.has(node.name.value)) return sum + 1;
      seen.add(node.name.value);
      const fragment = context.getFragment(node.name.value);
      return fragment ? sum + count(fragment.selectionSet) : sum;
    }, 0);
  return count(operation.selectionSet);
}

const SECRET_TYPES = new Set(['Secret', 'WebAuthnRegistration', 'WebAuthnAssertion']);

/** A secret comes in a variable, never in the document, which routers and servers log (the contract's reading guide). */
const secretsInVariables: ValidationRule = (context): ASTVisitor => {
  const check = (node: ASTNode): void => {
    const type = context.getInputType();
    const name = type ? getNamedType(type).name : '';
    const isLiteral = node.kind !== Kind.VARIABLE && node.kind !== Kind.NULL;
    if (isLiteral && SECRET_TYPES.has(name)) {
      context.reportError(
        new GraphQLError('A secret must come in a variable, not in the document.', {
          extensions: { code: 'BAD_USER_INPUT' },
        }),
      );
    }
  };
  return {
    StringValue: check,
    IntValue: check,
    FloatValue: check,
    BooleanValue: check,
    EnumValue: check,
    ObjectValue: check,
    ListValue: check,
  };
};

/** Lists in the document are as bounded as lists in variables. */
const boundedLists: ValidationRule = (context) => ({
  ListValue(node) {
    if (node.values.length > bounds.listItems) {
      context.reportError(refuse(`A list may hold at most ${bounds.listItems} items.`, node));
    }
  },
});

/** These rules throw unless told otherwise, and Apollo Server would take that for a failure of its own. */
const reported = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, error: GraphQLError) =>
      context?.reportError(refuse(error.message.replace(/^Syntax Error: /, ''))),
  ],
};

export const validationRules: ValidationRule[] = [
  oneMutationField,
  secretsInVariables,
  boundedLists,
  nestedPages(bounds.pagedObjects, refuse),
  maxDepthRule({ n: bounds.depth, ignoreIntrospection: true, flattenFragments: true, ...reported }),
  maxAliasesRule({ n: bounds.aliases, ...reported }),
  maxDirectivesRule({ n: bounds.directives, ...reported }),
  (context) => ({
    enter(node) {
      if ('directives' in node && (node.directives?.length ?? 0) > bounds.directivesOnOneNode) {
        context.reportError(refuse(`At most ${bounds.directivesOnOneNode} directives on one place.`, node));
      }
    },
  }),
];

/** Whether the variables hold a list of more than the bound, anywhere: token limits do not see variables. */
export function hasOversizedList(value: unknown, depth = 0): boolean {
  if (depth > 32) return true;
  if (Array.isArray(value)) {
    return value.length > bounds.listItems || value.some((item) => hasOversizedList(item, depth + 1));
  }
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((item) => hasOversizedList(item, depth + 1));
}
