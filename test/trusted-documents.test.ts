/** Where the operator names a manifest (`TRUSTED_DOCUMENTS`), what is in it is served, and nothing else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parse, print } from 'graphql';
import type { Response } from 'light-my-request';
import { loadConfig } from '../src/base/config.js';
import { useApp } from './support/app.js';
import { GOOD_PASSWORD, newestToken } from './support/person.js';
import { startProgram } from './support/program.js';

const MANIFEST = fileURLToPath(new URL('../src/web/generated/persisted-documents.json', import.meta.url));
const ROUTER_SECRET = 'a-router-secret-of-at-least-32-characters';
const app = useApp({ TRUSTED_DOCUMENTS: MANIFEST, ROUTER_SECRETS: ROUTER_SECRET });
const folder = mkdtempSync(join(tmpdir(), 'rekey-trusted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = Object.entries(JSON.parse(readFileSync(MANIFEST, 'utf8')) as Record<string, string>);
/** The id and the text of an operation of the pages. */
function operation(name: string): readonly [id: string, text: string] {
  const found = manifest.find(([, text]) => new RegExp(`(?:query|mutation) ${name}\\b`).test(text));
  if (!found) throw new Error(`the manifest has no ${name}`);
  return found;
}

const jar = new Map<string, string>();
/** One request as it stands, from one browser. */
async function post(body: unknown, { url = '/graphql', headers = {} } = {}): Promise<Response> {
  const response = await app().http.inject({
    method: 'POST',
    url,
    payload: JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      origin: app().config.publicUrl,
      cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      ...headers,
    },
  });
  for (const { name, value } of response.cookies) jar.set(name, value);
  return response;
}

describe('a document of the manifest', () => {
  test('is served by its id alone: a person signs up, signs in and is seen', async () => {
    const [email, password] = ['trusted@example.org', GOOD_PASSWORD];
    const call = async (name: string, input: unknown) =>
      (await post({ documentId: operation(name)[0], operationName: name, variables: { input } })).json();
    expect(await call('SignUp', { email })).toMatchObject({ data: { signUp: { __typename: 'SignUpAccepted' } } });
    const token = await newestToken(app(), email, 'sign-up');
    const done = await call('CompleteSignUp', { token, password });
    expect(done).toMatchObject({ data: { completeSignUp: { __typename: 'SignInSuccess' } } });
    jar.clear();
    expect(await call('SignIn', { email, password })).toMatchObject({
      data: { signIn: { __typename: 'SignInSuccess' } },
    });
    expect(await call('Viewer', {})).toMatchObject({ data: { viewer: { email } } });
  });

  test('is served without `sha256:` before its id, and by its text', async () => {
    const [id, query] = operation('PasswordRules');
    for (const body of [{ documentId: id.replace('sha256:', '') }, { query }, { documentId: null, query }]) {
      const answer = await post(body);
      expect([answer.statusCode, answer.json()]).toMatchObject([200, { data: { passwordPolicy: { minLength: 15 } } }]);
    }
  });

  test('is served to the pages, which print it beside its id with other spaces than the manifest has', async () => {
    const [documentId, text] = operation('SignIn');
    const query = print(parse(text));
    expect(query).not.toBe(text);
    const input = { email: 'nobody@example.org', password: GOOD_PASSWORD };
    const answer = await post({ documentId, operationName: 'SignIn', query, variables: { input } });
    expect(answer.json()).toMatchObject({ data: { signIn: { __typename: 'InvalidCredentialsProblem' } } });
  });

  test('is what runs, whatever text stands beside its id', async () => {
    const answer = await post({ documentId: operation('PasswordRules')[0], query: '{ __schema { types { name } } }' });
    expect(Object.keys(answer.json().data)).toEqual(['passwordPolicy']);
  });

  test('is judged as everywhere: automatic persisted queries stay off', async () => {
    const [documentId] = operation('PasswordRules');
    const extensions = { persistedQuery: { version: 1, sha256Hash: documentId.replace('sha256:', '') } };
    const answer = await post({ documentId, extensions });
    expect(answer.json().errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
  });
});

describe('everything else', () => {
  const [id, text] = operation('PasswordRules');

  test.each([
    ['a document of the contract', { query: '{ passwordPolicy { minLength } }' }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['a document with a space more', { query: `${text} ` }],
    ['a document with a line for a space', { query: text.replace(' ', '\n') }],
    ['two documents in one', { query: `${text} query Canary { viewer { id } }` }],
    ['what is no document', { query: 'canary {' }],
    ['no document', {}],
    ['no object', 'canary'],
    ['nothing', null],
    ['a list', [{ query: text }]],
    ['a document that is no text', { query: [text] }],
    ['the hash alone as automatic persisted queries send it', { extensions: { persistedQuery: { sha256Hash: id } } }],
  ])('is refused before it is parsed: %s', async (_what, body) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }] });
    expect(answer.body).not.toMatch(/canary|passwordPolicy|Syntax/i);
  });

  test.each([
    'sha256:0000000000000000000000000000000000000000000000000000000000000000',
    id.toUpperCase(),
    `sha256:${id}`,
    `${id} `,
    '__proto__',
    'constructor',
    'toString',
    'sha256:__proto__',
    '',
    [id],
    { [id]: id },
    0,
    true,
  ])('is refused under an id that is none: %p', async (documentId) => {
    for (const body of [{ documentId }, { documentId, query: text }]) {
      const answer = await post(body);
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toEqual({
        errors: [{ message: 'No trusted document has this id.', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
      });
    }
  });

  test('is logged with its reason, and nothing of it', async () => {
    const from = app().logLines.length;
    await post({ query: '{ canary }' });
    const lines = app().logLines.slice(from);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ event: 'request_refused', result: 'failure', reason: 'BAD_REQUEST' }),
    ]);
    expect(lines.join('')).not.toContain('canary');
  });

  test('is served to a router, which composes documents of its own', async () => {
    const headers = { authorization: `Bearer ${ROUTER_SECRET}` };
    const answer = await post({ query: '{ passwordPolicy { minLength } }' }, { url: '/federation', headers });
    expect(answer.json()).toEqual({ data: { passwordPolicy: { minLength: 15 } } });
  });
});

describe('a manifest', () => {
  const written = (content: string): string => {
    const path = join(folder, 'manifest.json');
    writeFileSync(path, content);
    return path;
  };
  const [id, text] = operation('PasswordRules');

  test.each([
    ['is not there', null, 'cannot read that file'],
    ['is not JSON', '{ "canary', 'that file is not JSON'],
    ['is a list', JSON.stringify([text]), 'a JSON object'],
    ['is empty', '{}', 'a JSON object'],
    ['has another form', JSON.stringify({ format: 'canary', version: 1, operations: [] }), 'its own SHA-256'],
    ['holds what is no text', JSON.stringify({ [id]: { canary: text } }), 'its own SHA-256'],
    ['was changed by hand', JSON.stringify({ [id]: `${text} # canary` }), 'its own SHA-256'],
  ])('that %s stops the start with a sentence', (_what, content, sentence) => {
    const path = content === null ? join(folder, 'canary') : written(content);
    const load = () => loadConfig({ APP_ENV: 'test', DATA_DIR: folder, TRUSTED_DOCUMENTS: path });
    expect(load).toThrow(`  - TRUSTED_DOCUMENTS: `);
    expect(load).toThrow(sentence);
    expect(load).not.toThrow('canary');
  });

  test('that is broken stops the program itself', async () => {
    const env = { TRUSTED_DOCUMENTS: written('{}') };
    const program = await startProgram({ env, wait: false });
    expect(await program.ended).toBe(1);
    expect(program.complaints()).toMatch(
      /^rekey: The configuration has 1 mistake\(s\):\n {2}- TRUSTED_DOCUMENTS: .+\n$/,
    );
  });

  test('may name its documents without `sha256:`', () => {
    const path = written(JSON.stringify({ [id.replace('sha256:', '')]: text }));
    const { TRUSTED_DOCUMENTS: documents } = loadConfig({
      APP_ENV: 'test',
      DATA_DIR: folder,
      TRUSTED_DOCUMENTS: path,
    });
    expect([...(documents ?? [])]).toEqual([[id.replace('sha256:', ''), text]]);
  });
});
