/** Passkeys in a real browser: Chromium's own WebAuthn, with the virtual authenticator of its DevTools protocol. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { openApp, type App } from './support/app.js';
import type { Data } from './support/client.js';
import { newestToken } from './support/person.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const PASSWORD = 'seven purple horses run';

/** What the page's functions find in the browser. */
declare const navigator: { credentials: Record<'create' | 'get', (options: object) => Promise<{ toJSON(): Data }>> };
declare const PublicKeyCredential: Record<
  'parseCreationOptionsFromJSON' | 'parseRequestOptionsFromJSON',
  (json: Data) => unknown
>;

let app: App;
let browser: Browser;
let page: Page;
let devtools: CDPSession;
let origin: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Runs a mutation in the page, as its script would; the browser keeps the cookies. */
const call = (mutation: string, input: Data | null, selection = ''): Promise<Data> =>
  page.evaluate(
    async ([name, variables, fields]) => {
      const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
      const body = `{ __typename ${fields} ... on Problem { code } }`;
      const query = variables
        ? `mutation ($input: ${type}!) { ${name}(input: $input) ${body} }`
        : `mutation { ${name} ${body} }`;
      const answer = await fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables: variables ? { input: variables } : {} }),
      });
      const { data, errors } = (await answer.json()) as { data?: Record<string, unknown>; errors?: unknown };
      if (!data?.[name]) throw new Error(JSON.stringify(errors));
      return data[name] as Record<string, unknown>;
    },
    [mutation, input, selection] as const,
  );

/** The platform's own JSON forms (WebAuthn level 3): what the pages use too. */
const create = (options: Data): Promise<Data> =>
  page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  }, options);

const get = (options: Data): Promise<Data> =>
  page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
    return (await navigator.credentials.get({ publicKey })).toJSON();
  }, options);

if (existsSync(CHROMIUM)) {
  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    app = await openApp({ PUBLIC_URL: origin, PORT: String(port) });
    await app.http.listen({ port, host: '127.0.0.1' });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(`${origin}/livez`);
    devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('a person adds a passkey, signs in with it alone, and answers a challenge with it (R-089, R-090)', async () => {
    const email = `browser.${process.pid}@example.org`;
    await call('signUp', { email });
    const token = await newestToken(app, email, 'sign-up');
    expect((await call('completeSignUp', { token, password: PASSWORD }))['__typename']).toBe('SignInSuccess');

    const begun = await call(
      'startPasskeyRegistration',
      null,
      '... on StartPasskeyRegistrationSuccess { ceremony options }',
    );
    const registration = await create(begun['options'] as Data);
    const added = await call('finishPasskeyRegistration', { ceremony: begun['ceremony'], registration });
    expect(added['__typename']).toBe('FinishPasskeyRegistrationSuccess');

    await page.context().clearCookies();
    const start = await call('startPasskeySignIn', null, '... on StartPasskeySignInSuccess { ceremony options }');
    const assertion = await get(start['options'] as Data);
    const signedIn = await call(
      'finishPasskeySignIn',
      { ceremony: start['ceremony'], assertion },
      '... on SignInSuccess { viewer { email currentSession { signInMethod } } }',
    );
    expect(signedIn['viewer']).toEqual({ email, currentSession: { signInMethod: 'PASSKEY' } });

    await page.context().clearCookies();
    const fields = '... on SecondFactorChallenge { challenge methods passkeyOptions }';
    const challenge = await call('signIn', { email, password: PASSWORD }, fields);
    expect(challenge['methods']).toEqual(['PASSKEY']);
    const proof = { passkey: await get(challenge['passkeyOptions'] as Data) };
    const done = await call('completeSignIn', { challenge: challenge['challenge'], proof });
    expect(done['__typename']).toBe('SignInSuccess');
  }, 60_000);
} else {
  test('not tried: there is no Chromium here', () => {
    process.stderr.write(`no ${CHROMIUM}: passkeys were not tried in a real browser\n`);
  });
}
