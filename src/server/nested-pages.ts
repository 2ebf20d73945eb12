/**
 * How much a document could make the service read, judged before it runs. Depth and length say little of it: a page of
 * pages of pages is short. Counted are the objects that would come if every page were full.
 */
import {
  getNamedType,
  getNullableType,
  type GraphQLError,
  isListType,
  isObjectType,
  isInterfaceType,
  Kind,
  valueFromAST,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** The contract's greatest page: what a variable may hold at most. */
const LARGEST_PAGE = 100;

/** @param most objects; @param refuse makes the error, which is reported at the operation. */
export function nestedPages(most: number, refuse: (message: string) => GraphQLError): ValidationRule {
  return (context) => ({
    OperationDefinition(operation) {
      const type = context.getSchema().getRootType(operation.operation);
      if (!type || weigher(context)(operation.selectionSet, type) <= most) return;
      context.reportError(refuse(`The pages in this document could hold more than ${most} objects in all.`));
    },
  });
}

/** Fragments are weighed once each; one that leads to itself was refused before, and weighs nothing here. */
function weigher(context: ValidationContext): (set: SelectionSetNode, type: GraphQLNamedType) => number {
  const known = new Map<string, number>();
  const weigh = (set: SelectionSetNode, type: GraphQLNamedType): number =>
    set.selections.reduce((sum, node) => {
      if (node.kind === Kind.FIELD) return sum + weighField(node, type);
      if (node.kind === Kind.INLINE_FRAGMENT)
        return sum + weigh(node.selectionSet, typeNamed(node.typeCondition, type));
      return sum + weighFragment(node.name.value);
    }, 0);
  const weighFragment = (name: string): number => {
    const fragment = context.getFragment(name);
    const found = known.get(name);
    if (found !== undefined || !fragment) return found ?? 0;
    known.set(name, 0);
    const type = context.getSchema().getType(fragment.typeCondition.name.value);
    const weight = type ? weigh(fragment.selectionSet, type) : 0;
    known.set(name, weight);
    return weight;
  };
  const weighField = (node: FieldNode, type: GraphQLNamedType): number => {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (!field || !node.selectionSet) return 0;
    return sizeOf(field, node) * (1 + weigh(node.selectionSet, getNamedType(field.type)));
  };
  const typeNamed = (condition: { name: { value: string } } | undefined, fallback: GraphQLNamedType) =>
    (condition && context.getSchema().getType(condition.name.value)) ?? fallback;
  return weigh;
}

/** How many objects a field leads to: a page, or the list that its `@listSize` bounds. The lists inside a page are the page. */
function sizeOf(field: GraphQLField<unknown, unknown>, node: FieldNode): number {
  const first = field.args.find(({ name }) => name === 'first');
  if (first) {
    const asked = node.arguments?.find(({ name }) => name.value === 'first')?.value;
    const size: unknown = asked ? valueFromAST(asked, first.type) : first.defaultValue;
    return typeof size === 'number' && size > 0 ? Math.min(size, LARGEST_PAGE) : LARGEST_PAGE;
  }
  if (!isListType(getNullableType(field.type))) return 1;
  const listSize = field.astNode?.directives?.find(({ name }) => name.value === 'listSize');
  const assumed = listSize?.arguments?.find(({ name }) => name.value === 'assumedSize')?.value;
  return assumed?.kind === Kind.INT ? Number(assumed.value) : 1;
}
