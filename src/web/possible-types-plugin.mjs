/**
 * A codegen plugin: which types implement which interface, for Apollo's cache. Unions are left out, because the
 * operations select on members and on `Problem` only.
 */
export const plugin = (schema) => {
  const interfaces = Object.values(schema.getTypeMap()).filter(
    (type) => type.astNode?.kind === 'InterfaceTypeDefinition',
  );
  const possibleTypes = Object.fromEntries(
    interfaces.map((type) => [
      type.name,
      schema
        .getPossibleTypes(type)
        .map((member) => member.name)
        .sort(),
    ]),
  );
  return `/* eslint-disable */\nexport const possibleTypes: Record<string, string[]> = ${JSON.stringify(possibleTypes, null, 2)};\n`;
};
