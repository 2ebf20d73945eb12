/** A person signs in with a passkey: no address, no password, nothing to type in on a false page. */
import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { useApp } from './support/app.js';
import { Authenticator, type Wrong } from './support/authenticator.js';
import type { Client, Data } from './support/client.js';
import {
  addPasskey,
  addTotp,
  beginPasskey,
  CHALLENGE,
  finishPasskey,
  newestCode,
  passwordStep,
  secondStep,
} from './support/factors.js';
import type { Person } from './support/person.js';
import { untilWaiting } from './support/waiting.js';

const app = useApp();

const FINISH = '... on SignInSuccess { sessionToken viewer { id } }';

const start = (client: Client): Promise<Data> =>
  client.call('startPasskeySignIn', null, '... on StartPasskeySignInSuccess { ceremony options }');

const finish = (client: Client, ceremony: string, assertion: unknown, more: Data = {}): Promise<Data> =>
  client.call('finishPasskeySignIn', { ceremony, assertion, ...more }, FINISH);

async function withPasskey(): Promise<{ ada: Person; passkey: Authenticator; id: string }> {
  const ada = await app().person();
  const passkey = new Authenticator();
  const added = await addPasskey(ada.browser, passkey);
  if (added['__typename'] !== 'FinishPasskeyRegistrationSuccess') throw new Error(JSON.stringify(added));
  return { ada, passkey, id: added['passkey'].id as string };
}

describe('adding a passkey', () => {
  test('makes it count at once, named after the device unless the owner says otherwise; the owner is told', async () => {
    const ada = await app().person();
    const added = await addPasskey(ada.browser, new Authenticator());
    expect(added['passkey']).toMatchObject({ label: 'Firefox on Linux', isBackedUp: false });
    const other = await addPasskey(ada.browser, new Authenticator(), 'Blue key');
    expect(other['passkey'].label).toBe('Blue key');
    const { viewer } = await ada.browser.graphql('{ viewer { passkeys { label lastUsedAt } } }');
    expect(viewer.passkeys).toEqual([
      { label: 'Firefox on Linux', lastUsedAt: null },
      { label: 'Blue key', lastUsedAt: null },
    ]);
    const told = (await app().mailTo(ada.email)).filter(({ subject }) => subject?.startsWith('A passkey was added'));
    expect(told).toHaveLength(2);
  });

  test('asks for a discoverable, verified credential and names those that are there (R-089)', async () => {
    const { ada, passkey } = await withPasskey();
    const { options } = await beginPasskey(ada.browser);
    expect(options.authenticatorSelection).toMatchObject({ residentKey: 'required', userVerification: 'required' });
    expect(options.attestation).toBe('none');
    expect(options.excludeCredentials).toMatchObject([{ id: passkey.credentialId.toString('base64url') }]);
    expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32);
  });

  const wrongs: [string, Wrong][] = [
    ['type', { type: 'webauthn.get' }],
    ['challenge', { challenge: randomBytes(32).toString('base64url') }],
    ['origin', { origin: 'https://rekey.evil.example' }],
    ['frame of another site', { crossOrigin: true }],
    ['relying party', { rpId: 'evil.example' }],
    ['user presence', { isPresent: false }],
    ['user verification', { isVerified: false }],
    ['algorithm', { algorithm: -36 }],
    ['length of the credential id', { credentialId: randomBytes(1024) }],
  ];
  test.each(wrongs)('a wrong %s is refused (R-089)', async (_name, wrong) => {
    const ada = await app().person();
    const begun = await beginPasskey(ada.browser);
    const registration = new Authenticator().create(begun['options'], wrong);
    const outcome = await finishPasskey(ada.browser, begun['ceremony'], registration);
    expect(outcome['__typename']).toBe('ProofRejectedProblem');
    const { viewer } = await ada.browser.graphql('{ viewer { passkeys { id } } }');
    expect(viewer.passkeys).toEqual([]);
  });

  test('garbage is refused without a fault', async () => {
    const ada = await app().person();
    for (const garbage of [{}, { id: 'x' }, { id: 'x', rawId: 'x', type: 'public-key', response: {} }, [1]]) {
      const begun = await beginPasskey(ada.browser);
      const outcome = await finishPasskey(ada.browser, begun['ceremony'], garbage);
      expect(outcome['__typename']).toBe('ProofRejectedProblem');
    }
  });

  test('what the database would choke on is left out or refused, not a fault', async () => {
    const ada = await app().person();
    const begun = await beginPasskey(ada.browser);
    const passkey = new Authenticator();
    const registration = passkey.create(begun['options']);
    const transports = ['internal', 'a\0b', '\ud800', 'x'.repeat(500), 7];
    const response = { ...registration.response, transports };
    const added = await finishPasskey(ada.browser, begun['ceremony'], { ...registration, response });
    expect(added['__typename']).toBe('FinishPasskeyRegistrationSuccess');
    expect((await beginPasskey(ada.browser))['options'].excludeCredentials[0].transports).toEqual(['internal']);
    for (const id of ['a\0b', '\ud800', 'é', 'A'.repeat(1365)]) {
      const client = app().client();
      const { ceremony, options } = await start(client);
      const outcome = await finish(client, ceremony, { ...passkey.get(options), id, rawId: id });
      expect(outcome['__typename']).toBe('InvalidCredentialsProblem');
    }
  });

  test('a credential that anyone has here is refused (R-089)', async () => {
    const { passkey } = await withPasskey();
    const eve = await app().person();
    const begun = await beginPasskey(eve.browser);
    const outcome = await finishPasskey(eve.browser, begun['ceremony'], passkey.create(begun['options']));
    expect(outcome['__typename']).toBe('ProofRejectedProblem');
  });

  test('a ceremony is for one answer, one session, five minutes and one purpose (R-091)', async () => {
    const ada = await app().person();
    const begun = await beginPasskey(ada.browser);
    const registration = new Authenticator().create(begun['options']);
    const elsewhere = await ada.signsInElsewhere();
    const foreign = await finishPasskey(elsewhere, begun['ceremony'], registration);
    expect(foreign['__typename']).toBe('TokenInvalidProblem');
    const rejected = await finishPasskey(
      ada.browser,
      begun['ceremony'],
      new Authenticator().create(begun['options'], { rpId: 'evil.example' }),
    );
    expect(rejected['__typename']).toBe('ProofRejectedProblem');
    const second = await finishPasskey(ada.browser, begun['ceremony'], registration);
    expect(second['__typename']).toBe('TokenInvalidProblem');
    const late = await beginPasskey(ada.browser);
    await app().advance(300);
    const lapsed = await finishPasskey(ada.browser, late['ceremony'], new Authenticator().create(late['options']));
    expect(lapsed['__typename']).toBe('TokenInvalidProblem');
  });

  test("a registration's challenge does not sign in (R-091)", async () => {
    const { ada, passkey } = await withPasskey();
    const begun = await beginPasskey(ada.browser);
    const asked = { rpId: 'localhost', challenge: begun['options'].challenge as string };
    const outcome = await finish(ada.browser, begun['ceremony'], passkey.get(asked));
    expect(outcome['__typename']).toBe('TokenInvalidProblem');
    const client = app().client();
    const own = await start(client);
    const mixed = await finish(client, own['ceremony'], passkey.get(asked));
    expect(mixed['__typename']).toBe('InvalidCredentialsProblem');
  });
});

describe('signing in with a passkey', () => {
  test('takes no address and makes a two-factor session (R-028)', async () => {
    const { ada, passkey } = await withPasskey();
    const client = app().client();
    const { ceremony, options } = await start(client);
    const done = await finish(client, ceremony, passkey.get(options));
    expect(done).toMatchObject({ __typename: 'SignInSuccess', sessionToken: null });
    const { viewer } = await client.graphql(
      '{ viewer { email currentSession { signInMethod reauthenticatedUntil } passkeys { lastUsedAt } } }',
    );
    expect(viewer).toMatchObject({ email: ada.email, currentSession: { signInMethod: 'PASSKEY' } });
    expect(viewer.currentSession.reauthenticatedUntil).not.toBeNull();
    expect(viewer.passkeys[0].lastUsedAt).not.toBeNull();
    const stepped = await client.call('enrollSecondFactor', { method: 'TOTP' });
    expect(stepped['__typename']).toBe('EnrollSecondFactorSuccess');
  });

  test('the options are the same for everyone and name no credential (R-092)', async () => {
    const shape = ({ options }: Data): Data => ({ ...options, challenge: '' });
    const [one, two] = [await start(app().client()), await start(app().client())];
    expect(shape(one)).toEqual(shape(two));
    expect(one['options'].allowCredentials ?? []).toEqual([]);
    expect(one['options'].challenge).not.toBe(two['options'].challenge);
  });

  test('a native app gets a token and needs no cookie', async () => {
    const { passkey } = await withPasskey();
    const native = app().client({ isNative: true });
    const { ceremony, options } = await start(native);
    native.cookies.clear();
    const done = await finish(native, ceremony, passkey.get(options), { transport: 'BEARER' });
    expect(done['sessionToken']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(native.cookies.has('rekey-session')).toBe(false);
  });

  const wrongs: [string, Wrong][] = [
    ['type', { type: 'webauthn.create' }],
    ['challenge', { challenge: randomBytes(32).toString('base64url') }],
    ['origin', { origin: 'http://localhost:4001' }],
    ['frame of another site', { crossOrigin: true }],
    ['relying party', { rpId: 'evil.example' }],
    ['user presence', { isPresent: false }],
    ['user verification', { isVerified: false }],
    ['signature', { forged: true }],
    ['credential', { credentialId: randomBytes(32) }],
    ['missing user handle', { userHandle: null }],
    ['foreign user handle', { userHandle: Buffer.from('acct_AAAAAAAAAAAAAAAAAAAAAA').toString('base64url') }],
  ];
  test.each(wrongs)('a wrong %s is refused (R-090)', async (_name, wrong) => {
    const { passkey } = await withPasskey();
    const client = app().client();
    const { ceremony, options } = await start(client);
    const outcome = await finish(client, ceremony, passkey.get(options, wrong));
    expect(outcome['__typename']).toBe('InvalidCredentialsProblem');
    expect(client.cookies.has('rekey-session')).toBe(false);
    const again = await finish(client, ceremony, passkey.get(options));
    expect(again['__typename']).toBe('TokenInvalidProblem');
  });

  test('a counter that does not move on is a copy, and refused (R-090)', async () => {
    const { passkey } = await withPasskey();
    const client = app().client();
    const first = await start(client);
    expect((await finish(client, first['ceremony'], passkey.get(first['options'], { counter: 7 })))['__typename']).toBe(
      'SignInSuccess',
    );
    for (const counter of [7, 6, 0]) {
      const next = await start(client);
      const outcome = await finish(client, next['ceremony'], passkey.get(next['options'], { counter }));
      expect(outcome['__typename']).toBe('InvalidCredentialsProblem');
    }
  });

  test('a whole answer does not work twice, nor in another browser, nor after five minutes (R-090, R-091)', async () => {
    const { passkey } = await withPasskey();
    const client = app().client();
    const { ceremony, options } = await start(client);
    const assertion = passkey.get(options);
    const stranger = app().client();
    await start(stranger);
    expect((await finish(stranger, ceremony, assertion))['__typename']).toBe('TokenInvalidProblem');
    expect((await finish(app().client(), ceremony, assertion))['__typename']).toBe('TokenInvalidProblem');
    const asApp = await finish(app().client({ isNative: true }), ceremony, assertion, { transport: 'BEARER' });
    expect(asApp['__typename']).toBe('TokenInvalidProblem');
    expect((await finish(client, ceremony, assertion))['__typename']).toBe('SignInSuccess');
    expect((await finish(client, ceremony, assertion))['__typename']).toBe('TokenInvalidProblem');
    const late = await start(client);
    await app().advance(300);
    expect((await finish(client, late['ceremony'], passkey.get(late['options'])))['__typename']).toBe(
      'TokenInvalidProblem',
    );
  });
});

describe('a passkey as the second factor', () => {
  test('answers the challenge of its own account, and of no other (R-090)', async () => {
    const [{ ada, passkey }, eves] = [await withPasskey(), await withPasskey()];
    const [client, challenge] = await passwordStep(app(), ada);
    expect(challenge['methods']).toEqual(['PASSKEY']);
    expect(challenge['passkeyOptions'].allowCredentials).toMatchObject([
      { id: passkey.credentialId.toString('base64url') },
    ]);
    const foreign = await secondStep(client, challenge, { passkey: eves.passkey.get(challenge['passkeyOptions']) });
    expect(foreign['__typename']).toBe('ProofRejectedProblem');
    const stale = await passwordStep(app(), ada);
    const assertion = passkey.get(challenge['passkeyOptions']);
    expect((await secondStep(stale[0], stale[1], { passkey: assertion }))['__typename']).toBe('ProofRejectedProblem');
    expect((await secondStep(client, challenge, { passkey: assertion }))['__typename']).toBe('SignInSuccess');
  });

  test('its options lapse after five minutes, though the challenge lives on (R-091)', async () => {
    const { ada, passkey } = await withPasskey();
    const [client, challenge] = await passwordStep(app(), ada);
    await app().advance(300);
    const late = await secondStep(client, challenge, { passkey: passkey.get(challenge['passkeyOptions']) });
    expect(late['__typename']).toBe('ProofRejectedProblem');
  });

  test('proves again for what is sensitive, and resets the password beside the link (R-061)', async () => {
    const { ada, passkey } = await withPasskey();
    await app().advance(601);
    const asked = await ada.browser.call('reauthenticate', { password: ada.password }, CHALLENGE);
    const proof = { passkey: passkey.get(asked['passkeyOptions']) };
    const done = await ada.browser.call('reauthenticate', { challenge: asked['challenge'], proof });
    expect(done['__typename']).toBe('ReauthenticateSuccess');
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const newPassword = 'nine quiet rivers flow north';
    const client = app().client();
    const bare = await client.call('completePasswordReset', { token, newPassword }, CHALLENGE);
    const second = { passkey: passkey.get(bare['passkeyOptions']) };
    const input = { token, newPassword, challenge: bare['challenge'], proof: second };
    expect((await client.call('completePasswordReset', input))['__typename']).toBe('CompletePasswordResetSuccess');
  });
});

describe('the passkeys of an account', () => {
  test('are renamed and removed by their owner alone', async () => {
    const { ada, passkey, id } = await withPasskey();
    const eve = await app().person();
    for (const [client, label, name] of [
      [eve.browser, 'Mine now', 'NotFoundProblem'],
      [ada.browser, '', 'InvalidInputProblem'],
      [ada.browser, 'x'.repeat(61), 'InvalidInputProblem'],
      [ada.browser, 'Desk key', 'RenamePasskeySuccess'],
    ] as const) {
      expect((await client.call('renamePasskey', { passkeyId: id, label }))['__typename']).toBe(name);
    }
    expect((await eve.browser.call('removePasskey', { passkeyId: id }))['__typename']).toBe('NotFoundProblem');
    expect((await ada.browser.call('removePasskey', { passkeyId: id }))['__typename']).toBe('RemovePasskeySuccess');
    const client = app().client();
    const { ceremony, options } = await start(client);
    expect((await finish(client, ceremony, passkey.get(options)))['__typename']).toBe('InvalidCredentialsProblem');
    const told = (await app().mailTo(ada.email)).filter(({ subject }) => subject?.startsWith('A passkey was removed'));
    expect(told).toHaveLength(1);
  });

  test('a first authenticator app beside a passkey brings the recovery codes', async () => {
    const { ada } = await withPasskey();
    expect((await addTotp(app(), ada)).recoveryCodes).toHaveLength(10);
    const [, challenge] = await passwordStep(app(), ada);
    expect(challenge['methods']).toEqual(['PASSKEY', 'TOTP', 'RECOVERY_CODE']);
    await expect(newestCode(app(), ada.email)).rejects.toThrow();
  });
});

if (process.env['TEST_DATABASE_URL']) {
  test('a sign-in takes the account before its passkey, as its owner does who changes both: neither waits for ever', async () => {
    const { ada, passkey, id } = await withPasskey();
    const client = app().client();
    const { ceremony, options } = await start(client);
    const signingIn = await app().ctx.db.transaction(async (db) => {
      await db.execute(sql`select id from accounts where email = ${ada.email} for update`);
      const answer = finish(client, ceremony, passkey.get(options));
      await untilWaiting(app(), 'select id from accounts');
      await db.execute(sql`update passkeys set label = 'mine' where id = ${id}`);
      return { answer };
    });
    expect((await signingIn.answer)['__typename']).toBe('SignInSuccess');
  });

  test('of 50 parallel answers to one ceremony one signs in (R-091)', async () => {
    const { passkey } = await withPasskey();
    const client = app().client();
    const { ceremony, options } = await start(client);
    // Of an authenticator without a counter, so that only the ceremony tells them apart.
    const assertion = passkey.get(options, { counter: 0 });
    const twins = Array.from({ length: 50 }, () => {
      const twin = app().client();
      for (const [name, value] of client.cookies) twin.cookies.set(name, value);
      return finish(twin, ceremony, assertion);
    });
    const names = (await Promise.all(twins)).map((outcome) => outcome['__typename'] as string);
    expect(names.filter((name) => name === 'SignInSuccess')).toHaveLength(1);
  });
}
