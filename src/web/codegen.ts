/**
 * Typed operations from `schema.graphql`, in three groups so that a person who signs in never loads what staff ask:
 * `entry` (text only: those pages keep no cache), `account` and `staff` (documents for Apollo Client). Beside them
 * `persisted-documents.json`, the manifest of everything these pages ever send, for a server that accepts nothing else.
 *
 * `npm run operations` writes them. They are committed, so a build needs no code generation, and `npm run check` says
 * when they are stale: it writes them to another folder, named by `GENERATED`, and compares.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { Kind, visit, type DocumentNode } from 'graphql';

const generated = process.env['GENERATED'] ?? 'src/web/generated';
const groups = ['entry', 'account', 'staff'];

const config = {
  useTypeImports: true,
  enumType: 'string-literal',
  nonOptionalTypename: true,
  skipTypeNameForRoot: true,
  arrayInputCoercion: false,
  strictScalars: true,
  scalars: {
    ID: 'string',
    DateTime: 'string',
    EmailAddress: 'string',
    PhoneNumber: 'string',
    IPAddress: 'string',
    Secret: 'string',
    WebAuthnCreationOptions: 'PublicKeyCredentialCreationOptionsJSON',
    WebAuthnRequestOptions: 'PublicKeyCredentialRequestOptionsJSON',
    WebAuthnRegistration: 'RegistrationResponseJSON',
    WebAuthnAssertion: 'AuthenticationResponseJSON',
  },
};

/** As Apollo Client does it: everywhere but at the root, where the server counts the fields of a mutation. */
const addTypenames = (document: DocumentNode): DocumentNode =>
  visit(document, {
    SelectionSet(node, _key, parent) {
      if (parent && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION) return undefined;
      const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;
      return { ...node, selections: [typename, ...node.selections] };
    },
  });

const group = (name: string) => ({
  documents: [`src/web/operations/${name}/*.graphql`],
  preset: 'client' as const,
  presetConfig: { fragmentMasking: false, persistedDocuments: true, skipIndexFile: true },
  documentTransforms: [
    {
      transform: ({ documents }: { documents: { document?: DocumentNode }[] }) =>
        documents.map((file) => (file.document ? { ...file, document: addTypenames(file.document) } : file)),
    },
  ],
  config: name === 'entry' ? { ...config, documentMode: 'string' } : config,
});

/** One manifest instead of three, and no `gql.ts`: these pages import the documents by name. */
async function tidy(): Promise<void> {
  const manifest: Record<string, string> = {};
  for (const name of groups) {
    const part = `${generated}/${name}/persisted-documents.json`;
    Object.assign(manifest, JSON.parse(await readFile(part, 'utf8')));
    await Promise.all([rm(part), rm(`${generated}/${name}/gql.ts`)]);
  }
  await writeFile(`${generated}/persisted-documents.json`, `${JSON.stringify(manifest, null, 2)}\n`);
}

const codegen: CodegenConfig = {
  schema: 'schema.graphql',
  generates: {
    ...Object.fromEntries(groups.map((name) => [`${generated}/${name}/`, group(name)])),
    [`${generated}/possible-types.ts`]: { plugins: ['src/web/possible-types-plugin.mjs'] },
  },
  hooks: { afterAllFileWrite: tidy },
};

export default codegen;
