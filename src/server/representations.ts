/** What `_entities` may be asked with: keys, and nothing that a caller could make us believe. */
import { Kind, parse, type ConstDirectiveNode, type DocumentNode, type ObjectTypeDefinitionNode } from 'graphql';
import { Refusal } from '../base/problems.js';

/**
 * A check that throws `BAD_USER_INPUT` for a type that is no entity, and for a field that is neither of a key nor required by a
 * field. Keys of a wrong form pass: they are answered like unknown ones, with null.
 */
export function checkRepresentations(typeDefs: DocumentNode): (representations: readonly unknown[]) => void {
  const expected = new Map(
    typeDefs.definitions
      .filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION)
      .filter((node) => fieldSets(node.directives, 'key').length > 0)
      .map((node) => [node.name.value, expectedFields(node)]),
  );
  return (representations) => {
    for (const representation of representations) {
      const fields = expected.get(typeNameOf(representation));
      if (!fields) throw refuse('A representation names a type that is no entity here.');
      const extra = Object.keys(representation as object).some((name) => name !== '__typename' && !fields.has(name));
      if (extra) throw refuse('A representation holds more than the key of its entity.');
    }
  };
}

const refuse = (message: string): Refusal => new Refusal('BAD_USER_INPUT', message);

function typeNameOf(representation: unknown): string {
  if (typeof representation !== 'object' || representation === null) return '';
  const name = (representation as Record<string, unknown>)['__typename'];
  return typeof name === 'string' ? name : '';
}

/** The outermost names of every key of the type, and of what its fields require from other services. */
function expectedFields({ directives, fields = [] }: ObjectTypeDefinitionNode): ReadonlySet<string> {
  const sets = [...fieldSets(directives, 'key'), ...fields.flatMap((field) => fieldSets(field.directives, 'requires'))];
  return new Set(sets.flatMap(outermost));
}

function fieldSets(directives: readonly ConstDirectiveNode[] | undefined, name: string): string[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .flatMap((directive) => directive.arguments ?? [])
    .flatMap(({ name: argument, value }) =>
      argument.value === 'fields' && value.kind === Kind.STRING ? [value.value] : [],
    );
}

function outermost(fieldSet: string): string[] {
  const [operation] = parse(`{ ${fieldSet} }`).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [];
  return operation.selectionSet.selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []));
}
