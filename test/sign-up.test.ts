import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import { GOOD_PASSWORD, newestToken, OTHER_PASSWORD } from './support/person.js';

const app = useApp({ LIMIT_MAIL_PER_NETWORK: '200/3600' });

let addresses = 0;
const newAddress = () => `newcomer${(addresses += 1)}@example.org`;

/** Asks for an account in a browser of its own. @returns the token of the letter. */
async function invited(email: string): Promise<string> {
  await app().client().call('signUp', { email });
  return newestToken(app(), email, 'sign-up');
}

describe('a newcomer', () => {
  test('gets a letter, chooses a password and is signed in, without another step', async () => {
    const browser = app().client();
    const email = newAddress();
    const accepted = await browser.call('signUp', { email }, '... on SignUpAccepted { linkLifetimeMinutes }');
    expect(accepted).toEqual({ __typename: 'SignUpAccepted', linkLifetimeMinutes: 1440 });
    const token = await newestToken(app(), email, 'sign-up');
    const outcome = await browser.call('completeSignUp', { token, password: GOOD_PASSWORD, displayName: 'Ada' });
    expect(outcome['__typename']).toBe('SignInSuccess');
    const { viewer } = await browser.graphql('{ viewer { email currentSession { signInMethod } } }');
    expect(viewer).toEqual({ email, currentSession: { signInMethod: 'SIGN_UP' } });
  });

  test('has no account, and no password known to anyone, before the letter was read', async () => {
    const email = newAddress();
    await invited(email);
    const found = await rows(app().ctx.db, sql`select 1 as ok from accounts where email_key = ${email}`);
    expect(found).toEqual([]);
    const outcome = await app().client().call('signIn', { email, password: GOOD_PASSWORD });
    expect(outcome['code']).toBe('INVALID_CREDENTIALS');
  });

  test('may open the link as often as they like: only success uses it up, and a weak password does not', async () => {
    const token = await invited(newAddress());
    const refused = await app().client().call('completeSignUp', { token, password: 'passwordpassword' });
    expect(refused['code']).toBe('PASSWORD_REJECTED');
    const outcome = await app().client().call('completeSignUp', { token, password: GOOD_PASSWORD });
    expect(outcome['__typename']).toBe('SignInSuccess');
    const again = await app().client().call('completeSignUp', { token, password: OTHER_PASSWORD });
    expect(again['code']).toBe('TOKEN_INVALID');
  });

  test('who asked twice can use either link; the first used voids the other', async () => {
    const email = newAddress();
    const first = await invited(email);
    await app().advance(61);
    const second = await invited(email);
    expect(second).not.toBe(first);
    const outcome = await app().client().call('completeSignUp', { token: first, password: GOOD_PASSWORD });
    expect(outcome['__typename']).toBe('SignInSuccess');
    const other = await app().client().call('completeSignUp', { token: second, password: OTHER_PASSWORD });
    expect(other['code']).toBe('TOKEN_INVALID');
  });

  test('has a day: then the link is as invalid as one that never was', async () => {
    const token = await invited(newAddress());
    await app().advance(86_401);
    const late = await app()
      .client()
      .send(COMPLETE, { input: { token, password: GOOD_PASSWORD } });
    const made = `${token.slice(0, -4)}AAAA`;
    const never = await app()
      .client()
      .send(COMPLETE, { input: { token: made, password: GOOD_PASSWORD } });
    expect(late.text).toBe(never.text);
    expect(late.body.data?.['completeSignUp'].code).toBe('TOKEN_INVALID');
  });

  test('gets a bearer token in a native app, and then no cookie', async () => {
    const phone = app().client();
    const token = await invited(newAddress());
    const outcome = await phone.call(
      'completeSignUp',
      { token, password: GOOD_PASSWORD, transport: 'BEARER' },
      '... on SignInSuccess { sessionToken }',
    );
    expect(outcome['sessionToken']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect([...phone.cookies.keys()]).toEqual([]);
  });
});

const COMPLETE =
  'mutation ($input: CompleteSignUpInput!) { completeSignUp(input: $input) { __typename ... on Problem { code message } } }';

describe('a stranger at the door', () => {
  test('cannot tell a taken address from a free one, byte for byte; the owner gets a notice and no link (R-015)', async () => {
    const ada = await app().person();
    await app().advance(61);
    const document =
      'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename ... on SignUpAccepted { linkLifetimeMinutes resendAfterSeconds } } }';
    const taken = await app()
      .client()
      .send(document, { input: { email: ada.email } });
    const free = await app()
      .client()
      .send(document, { input: { email: newAddress() } });
    expect(taken.status).toBe(free.status);
    expect(taken.text).toBe(free.text);
    const [letter] = await app().mailTo(ada.email);
    expect(letter?.subject).toBe('You already have a Rekey account');
    expect(letter?.text).not.toContain('/sign-up#');
  });

  test('is not helped by asking often: one letter a minute, three in half an hour, and always the same answer (R-057)', async () => {
    const email = newAddress();
    const answers: string[] = [];
    for (let minute = 0; minute < 6; minute += 1) {
      const answer = await app()
        .client()
        .send('mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }', { input: { email } });
      answers.push(answer.text);
      await app().work();
      await app().advance(61);
    }
    expect(new Set(answers).size).toBe(1);
    expect(await app().mailTo(email)).toHaveLength(3);
  });

  test('writes an address in another way and gets no second account (R-120, R-122)', async () => {
    const email = newAddress();
    const asWritten = `N${email.slice(1)}`;
    await app()
      .client()
      .call('signUp', { email: asWritten.replace('example.org', 'EXAMPLE.Org') });
    const token = await newestToken(app(), asWritten, 'sign-up');
    await app().client().call('completeSignUp', { token, password: GOOD_PASSWORD });
    await app().advance(61);
    await app()
      .client()
      .call('signUp', { email: ` ${email} ` });
    const subjects = (await app().mailTo(asWritten)).map(({ subject }) => subject);
    expect(subjects).toContain('You already have a Rekey account');
    expect(await app().mailTo(email)).toEqual([]);
  });

  test('is told at once what cannot be an address, and where (R-123)', async () => {
    for (const email of ['ada', 'ada@example', 'a@x.org, b@x.org', 'ada@x.org\r\nBcc: b@x.org', '"ada"@x.org', '']) {
      const outcome = await app()
        .client()
        .call('signUp', { email }, '... on InvalidInputProblem { fields { path message } }');
      expect(outcome['code']).toBe('INVALID_INPUT');
      expect(outcome['fields'][0].path).toEqual(['input', 'email']);
    }
  });

  test('sets no password that a text cannot be: lone surrogates and NUL are a mistake of the input (R-008, R-009)', async () => {
    const token = await invited(newAddress());
    for (const character of ['\ud800', '\udc00', '\0']) {
      const outcome = await app()
        .client()
        .call('completeSignUp', { token, password: `seven purple ${character} horses` });
      expect(outcome['code']).toBe('INVALID_INPUT');
    }
  });

  test('meets a limit that is the same for every address, and is told how long to wait (R-026)', async () => {
    const client = app().client();
    const ada = await app().person();
    for (let i = 0; i < 200; i += 1) await client.call('signUp', { email: newAddress() });
    const refused = [ada.email, newAddress()].map((email) =>
      client.send(
        'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename ... on RateLimitProblem { code message } } }',
        { input: { email } },
      ),
    );
    const [known, unknown] = await Promise.all(refused);
    expect(known?.body.data?.['signUp'].code).toBe('RATE_LIMITED');
    expect(known?.text).toBe(unknown?.text);
  });
});

describe('at rest', () => {
  test('the token of a letter is nowhere in the database; its digest is (R-032, R-049)', async () => {
    const token = await invited(newAddress());
    const secret = token.split('.')[1] as string;
    const found = await rows<{ n: number }>(
      app().ctx.db,
      sql`select (select count(*) from outbox o where o::text like ${`%${secret}%`})
            + (select count(*) from sign_up_links l where l::text like ${`%${secret}%`}) as n`,
    );
    expect(Number(found[0]?.n)).toBe(0);
  });
});
