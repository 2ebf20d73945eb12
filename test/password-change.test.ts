import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import type { Client } from './support/client.js';
import { importAccount } from './support/imported.js';
import { GOOD_PASSWORD, OTHER_PASSWORD, type Person } from './support/person.js';

const app = useApp();

const SUCCESS =
  '... on ChangePasswordSuccess { sessionToken revokedSessionCount viewer { email passwordChangedAt sessions { totalCount } } }';

const change = (client: Client, currentPassword = GOOD_PASSWORD, newPassword = OTHER_PASSWORD) =>
  client.call('changePassword', { currentPassword, newPassword }, SUCCESS);

const isSignedIn = async (client: Client) => (await client.graphql('{ viewer { id } }'))['viewer'] !== null;

async function nativeApp(person: Person): Promise<Client> {
  const phone = app().client();
  const input = { email: person.email, password: person.password, transport: 'BEARER' };
  phone.bearer = (await phone.call('signIn', input, '... on SignInSuccess { sessionToken }'))['sessionToken'] as string;
  return phone;
}

describe('a person who changes the password', () => {
  test('stays signed in here under a new secret; every other session is over (R-076)', async () => {
    const ada = await app().person();
    const others = [await ada.signsInElsewhere(), await nativeApp(ada)];
    const before = ada.browser.cookies.get('rekey-session') ?? '';
    const outcome = await change(ada.browser);
    expect(outcome).toMatchObject({
      sessionToken: null,
      revokedSessionCount: 2,
      viewer: { email: ada.email, sessions: { totalCount: 1 } },
    });
    for (const other of others) expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(ada.browser)).toBe(true);
    const old = app().client();
    old.cookies.set('rekey-session', before);
    expect(await isSignedIn(old)).toBe(false);
  });

  test('gets the new secret in the answer in a native app (R-076)', async () => {
    const ada = await app().person();
    const phone = await nativeApp(ada);
    const before = phone.bearer;
    phone.bearer = (await change(phone))['sessionToken'] as string;
    expect(phone.bearer).not.toBe(before);
    expect(await isSignedIn(phone)).toBe(true);
    expect(await isSignedIn(app().client({ bearer: before ?? '' }))).toBe(false);
  });

  test('keeps a cookie that ends with the browser one that does', async () => {
    const ada = await app().person();
    const input = { input: { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD } };
    const document = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }';
    const answer = await ada.browser.send(document, input);
    const lines = [answer.headers['set-cookie'] ?? []].flat().map(String);
    expect(lines.find((line) => line.startsWith('rekey-session='))).not.toMatch(/max-age|expires/i);
  });

  test('signs in with the new password and no longer with the old one', async () => {
    const ada = await app().person();
    await change(ada.browser);
    const old = await app().client().call('signIn', { email: ada.email, password: GOOD_PASSWORD });
    expect(old['code']).toBe('INVALID_CREDENTIALS');
    ada.password = OTHER_PASSWORD;
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test('voids what was issued before: links, remembered browsers, other changes (R-077)', async () => {
    const ada = await app().person();
    const other = await ada.signsInElsewhere();
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    await change(ada.browser);
    const reset = await app().client().call('completePasswordReset', { token, newPassword: GOOD_PASSWORD });
    expect(reset['code']).toBe('TOKEN_INVALID');
    for (let i = 0; i < 5; i += 1) await app().client().call('signIn', { email: ada.email, password: GOOD_PASSWORD });
    const remembered = async (client: Client) =>
      (await client.call('signIn', { email: ada.email, password: OTHER_PASSWORD }))['__typename'];
    expect(await remembered(other)).toBe('RateLimitProblem');
    expect(await remembered(ada.browser)).toBe('SignInSuccess');
  });

  test('is told by letter, with a way to say that it was not them (R-080)', async () => {
    const ada = await app().person();
    await change(ada.browser);
    const [notice] = await app().mailTo(ada.email);
    expect(notice?.subject).toBe('Your password was changed – Rekey');
    expect(notice?.text).toContain('/not-me#');
    expect(notice?.text).not.toContain(OTHER_PASSWORD);
  });

  test('needs the current password: a stolen session alone changes nothing (R-075)', async () => {
    const ada = await app().person();
    expect((await change(ada.browser, 'not the current one at all'))['code']).toBe('INVALID_CREDENTIALS');
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
    const stranger = await app()
      .client()
      .send('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
        input: { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD },
      });
    expect(stranger.body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('learns every rule that the new one breaks, and no part of it is repeated (R-010, R-011)', async () => {
    const ada = await app().person();
    const refused = await change(ada.browser, GOOD_PASSWORD, 'canary');
    expect(refused['code']).toBe('PASSWORD_REJECTED');
    expect(refused['violations'].map(({ rule }: { rule: string }) => rule)).toContain('MIN_LENGTH');
    expect(JSON.stringify(refused)).not.toContain('canary');
    expect((await change(ada.browser, GOOD_PASSWORD, ada.email))['violations'][0].rule).toBe('NOT_PERSONAL');
  });

  test.each([
    ['currentPassword', `${GOOD_PASSWORD}\0`, OTHER_PASSWORD],
    ['newPassword', GOOD_PASSWORD, `${OTHER_PASSWORD}\ud800`],
  ])('is told where a text cannot be a password: %s (R-008, R-009)', async (field, current, next) => {
    const ada = await app().person();
    const refused = await ada.browser.call(
      'changePassword',
      { currentPassword: current, newPassword: next },
      '... on InvalidInputProblem { fields { path } }',
    );
    expect(refused).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path: ['input', field] }] });
  });

  test('is throttled like at sign-in, also from the known browser', async () => {
    const ada = await app().person();
    for (let i = 0; i < 5; i += 1) await change(ada.browser, 'wrong again and again');
    expect((await change(ada.browser))['code']).toBe('RATE_LIMITED');
    await app().advance(901);
    expect((await change(ada.browser))['__typename']).toBe('ChangePasswordSuccess');
  });

  test('without a password (imported so) must reset it: there is nothing to prove', async () => {
    const email = 'imported.without@example.org';
    await importAccount(app().ctx, email, null);
    await app().client().call('requestPasswordReset', { email });
    const [letter] = await app().mailTo(email);
    const token = /#(prst_\S+)/.exec(letter?.text ?? '')?.[1];
    await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD });
    const outcome = await app().client().call('signIn', { email, password: OTHER_PASSWORD });
    expect(outcome['__typename']).toBe('SignInSuccess');
  });

  test('leaves an event and a stored Argon2id hash, nowhere the password (R-001, R-118)', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    await change(ada.browser);
    const events = await rows<{ kind: string }>(
      app().ctx.db,
      sql`select kind from security_events where account_id = ${accountId} and kind = 'password_changed'`,
    );
    expect(events).toHaveLength(1);
    const [stored] = await rows<{ hash: string }>(
      app().ctx.db,
      sql`select hash from passwords where account_id = ${accountId}`,
    );
    expect(stored?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(app().logLines.join('')).not.toContain(OTHER_PASSWORD);
  });
});
