/** A session is not a person: what is sensitive asks who is at the keyboard. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { openApp, useApp, type App } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import type { Client, Data } from './support/client.js';
import {
  addPasskey,
  addPhone,
  addTotp,
  CHALLENGE,
  newNumber,
  passwordStep,
  secondStep,
  stepUp,
} from './support/factors.js';
import { nextTotpCode } from './support/factors.js';
import { OTHER_PASSWORD, type Person } from './support/person.js';

const app = useApp();

/** A browser that holds the session's cookie and nothing else. */
function steal(client: Client): Client {
  const thief = app().client();
  thief.cookies.set('rekey-session', client.cookies.get('rekey-session') as string);
  return thief;
}

/** Everything that could change how a person proves who they are or is reached. */
const sensitive = (facts: { factorId: string; passkeyId: string; eventId: string }): [string, Data | null][] => [
  ['enrollSecondFactor', { method: 'TOTP' }],
  ['enrollSecondFactor', { method: 'SMS' }],
  ['confirmSecondFactor', { secondFactorId: facts.factorId, code: '000000' }],
  ['disableSecondFactor', { secondFactorId: facts.factorId }],
  ['regenerateRecoveryCodes', null],
  ['startPasskeyRegistration', null],
  ['removePasskey', { passkeyId: facts.passkeyId }],
  ['changeEmail', { newEmail: 'thief@example.net' }],
  ['chooseNotificationChannel', { channel: 'SMS' }],
  ['addPhoneNumber', { phoneNumber: '+4790999999' }],
  ['removePhoneNumber', null],
  ['reportSecurityEvent', { eventId: facts.eventId }],
  ['closeAccount', null],
];

const STATE =
  '{ viewer { email phoneNumber notificationChannel recoveryCodesRemaining secondFactors { id isConfirmed } passkeys { id } passwordChangedAt securityEvents(first: 1) { nodes { id } } } }';

async function equipped(): Promise<{ ada: Person; key: string }> {
  const ada = await app().person();
  await addPhone(app(), ada, newNumber());
  const { key } = await addTotp(app(), ada);
  await addPasskey(ada.browser, new Authenticator());
  return { ada, key };
}

describe('the stolen session', () => {
  test('changes no factor, channel, address or password, and makes none void (R-046, R-087)', async () => {
    const { ada } = await equipped();
    await app().advance(601);
    const thief = steal(ada.browser);
    const { viewer: before } = await thief.graphql(STATE);
    const facts = {
      factorId: before.secondFactors[0].id,
      passkeyId: before.passkeys[0].id,
      eventId: before.securityEvents.nodes[0].id,
    };
    for (const [mutation, input] of sensitive(facts)) {
      const outcome = await thief.call(mutation, input);
      expect([mutation, outcome['__typename']]).toEqual([mutation, 'ReauthenticationProblem']);
    }
    const change = { currentPassword: 'not the one at all', newPassword: OTHER_PASSWORD };
    expect((await thief.call('changePassword', change))['__typename']).toBe('ReauthenticationProblem');
    expect((await thief.call('verifyPhoneNumber', { code: '00000000' }))['__typename']).toBe('NotFoundProblem');
    expect((await thief.call('reauthenticate', {}))['__typename']).toBe('InvalidInputProblem');
    expect((await thief.graphql(STATE))['viewer']).toEqual(before);
    expect((await passwordStep(app(), ada))[1]['__typename']).toBe('SecondFactorChallenge');
  });

  test('without a second factor there is as little to take (R-046)', async () => {
    const ada = await app().person();
    await app().advance(601);
    const thief = steal(ada.browser);
    const { viewer } = await thief.graphql(STATE);
    const facts = {
      factorId: 'fact_AAAAAAAAAAAAAAAAAAAAAA',
      passkeyId: 'pkey_AAAAAAAAAAAAAAAAAAAAAA',
      eventId: viewer.securityEvents.nodes[0].id,
    };
    for (const [mutation, input] of sensitive(facts)) {
      expect((await thief.call(mutation, input))['__typename']).toBe('ReauthenticationProblem');
    }
    const change = { currentPassword: 'not the one at all', newPassword: OTHER_PASSWORD };
    expect((await thief.call('changePassword', change))['__typename']).toBe('InvalidCredentialsProblem');
  });

  test('a passkey or an enrolment of another account does not exist for it', async () => {
    const [{ ada }, { ada: eve }] = [await equipped(), await equipped()];
    const { viewer } = await ada.browser.graphql(STATE);
    for (const [mutation, input] of [
      ['disableSecondFactor', { secondFactorId: viewer.secondFactors[0].id }],
      ['removePasskey', { passkeyId: viewer.passkeys[0].id }],
      ['renamePasskey', { passkeyId: viewer.passkeys[0].id, label: 'mine' }],
      ['confirmSecondFactor', { secondFactorId: viewer.secondFactors[0].id, code: '000000' }],
    ] as const) {
      expect((await eve.browser.call(mutation, input))['__typename']).toBe('NotFoundProblem');
    }
  });
});

describe('proving it again', () => {
  test('opens what is sensitive for ten minutes, under a new secret; the old one is dead (R-033, R-046)', async () => {
    const ada = await app().person();
    await app().advance(601);
    const stolen = steal(ada.browser);
    const wrong = await ada.browser.call('reauthenticate', { password: 'not the one at all' });
    expect(wrong['__typename']).toBe('InvalidCredentialsProblem');
    const done = await ada.browser.call(
      'reauthenticate',
      { password: ada.password },
      '... on ReauthenticateSuccess { sessionToken session { isCurrent reauthenticatedUntil } }',
    );
    expect(done).toMatchObject({ sessionToken: null, session: { isCurrent: true } });
    const now = await app().advance(0);
    expect(Math.round((Date.parse(done['session'].reauthenticatedUntil as string) - now.getTime()) / 60_000)).toBe(10);
    expect((await stolen.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    expect((await ada.browser.call('enrollSecondFactor', { method: 'TOTP' }))['__typename']).toBe(
      'EnrollSecondFactorSuccess',
    );
    await app().advance(600);
    expect((await ada.browser.call('enrollSecondFactor', { method: 'TOTP' }))['__typename']).toBe(
      'ReauthenticationProblem',
    );
  });

  test('asks for the second factor where there is one; the password alone opens nothing (R-046, R-087)', async () => {
    const { ada, key } = await equipped();
    await app().advance(601);
    const asked = await ada.browser.call('reauthenticate', { password: ada.password }, CHALLENGE);
    expect(asked['methods']).toEqual(['PASSKEY', 'TOTP', 'RECOVERY_CODE']);
    expect((await ada.browser.call('regenerateRecoveryCodes', null))['__typename']).toBe('ReauthenticationProblem');
    const proof = { totpCode: await nextTotpCode(app(), key) };
    const input = { challenge: asked['challenge'], proof };
    // The challenge is for this session: another one of the same person cannot answer it.
    const [other, challenge] = await passwordStep(app(), ada);
    await secondStep(other, challenge, { totpCode: proof.totpCode });
    other.cookies.set('rekey-pending', ada.browser.cookies.get('rekey-pending') as string);
    expect((await other.call('reauthenticate', input))['__typename']).toBe('TokenInvalidProblem');
    const done = await ada.browser.call('reauthenticate', {
      challenge: asked['challenge'],
      proof: { totpCode: await nextTotpCode(app(), key) },
    });
    expect(done['__typename']).toBe('ReauthenticateSuccess');
    expect((await ada.browser.call('regenerateRecoveryCodes', null))['__typename']).toBe(
      'RegenerateRecoveryCodesSuccess',
    );
  });

  test('shares its budget with sign-in (R-022)', async () => {
    const ada = await app().person();
    const stranger = app().client();
    ada.browser.cookies.delete('rekey-device');
    for (let n = 0; n < 5; n += 1) await ada.browser.call('reauthenticate', { password: 'not the one at all' });
    const outcome = await stranger.call('signIn', { email: ada.email, password: ada.password });
    expect(outcome['__typename']).toBe('RateLimitProblem');
  });

  test('challenge and proof come together', async () => {
    const ada = await app().person();
    for (const input of [{ challenge: 'x' }, { proof: { totpCode: '000000' } }]) {
      expect((await ada.browser.call('reauthenticate', input))['__typename']).toBe('InvalidInputProblem');
    }
  });

  test('a native app gets its new token in the answer, and the old one is dead (R-033)', async () => {
    const ada = await app().person();
    const native = app().client();
    const wanted = { email: ada.email, password: ada.password, transport: 'BEARER' };
    const signedIn = await native.call('signIn', wanted, '... on SignInSuccess { sessionToken }');
    native.bearer = signedIn['sessionToken'] as string;
    const done = await native.call(
      'reauthenticate',
      { password: ada.password },
      '... on ReauthenticateSuccess { sessionToken }',
    );
    expect(done['sessionToken']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await native.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    native.bearer = done['sessionToken'] as string;
    const { key } = await addTotp(app(), ada, native);
    expect((await native.graphql('{ viewer { id } }'))['viewer']).not.toBeNull();
    const asked = await native.call('reauthenticate', { password: ada.password }, CHALLENGE);
    const proof = { totpCode: await nextTotpCode(app(), key) };
    const again = await native.call('reauthenticate', { challenge: asked['challenge'], proof });
    expect(again['__typename']).toBe('ReauthenticateSuccess');
  });
});

describe('the first second factor', () => {
  test('raises this session, re-issues its secret, and takes the freshness of those that showed only a password', async () => {
    const ada = await app().person();
    const elsewhere = await ada.signsInElsewhere();
    const stolen = steal(ada.browser);
    await addTotp(app(), ada);
    expect((await stolen.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    const here = await ada.browser.call('regenerateRecoveryCodes', null);
    expect(here['__typename']).toBe('RegenerateRecoveryCodesSuccess');
    const there = await elsewhere.call('enrollSecondFactor', { method: 'TOTP' });
    expect(there['__typename']).toBe('ReauthenticationProblem');
  });

  test('needs a recent password sign-in (R-087)', async () => {
    const ada = await app().person();
    await app().advance(601);
    expect((await ada.browser.call('enrollSecondFactor', { method: 'TOTP' }))['__typename']).toBe(
      'ReauthenticationProblem',
    );
    expect((await stepUp(app(), ada, ada.browser, null))['__typename']).toBe('ReauthenticateSuccess');
    expect((await ada.browser.call('enrollSecondFactor', { method: 'TOTP' }))['__typename']).toBe(
      'EnrollSecondFactorSuccess',
    );
  });
});

describe('staff', () => {
  const makeStaff = (where: App, person: Person): Promise<unknown> =>
    where.ctx.db.execute(sql`update accounts set role = 'reviewer' where email = ${person.email}`);
  const scopes = async (client: Client): Promise<string[]> =>
    (await client.graphql('{ viewer { scopes } }'))['viewer'].scopes as string[];

  test('have no rights without a second factor, nor by a text message (R-093)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    await makeStaff(app(), ada);
    expect(await scopes(ada.browser)).toEqual([]);
    const sms = await ada.browser.call('enrollSecondFactor', { method: 'SMS' });
    expect(sms['__typename']).toBe('ChannelUnavailableProblem');
    const { id } = await addTotp(app(), ada);
    expect(await scopes(ada.browser)).not.toEqual([]);
    const last = await ada.browser.call('disableSecondFactor', { secondFactorId: id });
    expect(last['__typename']).toBe('LastCredentialProblem');
  });

  test('need a passkey where the installation says so (R-093)', async () => {
    const strict = await openApp({ STAFF_REQUIRE_PASSKEY: 'on' });
    try {
      const ada = await strict.person();
      await makeStaff(strict, ada);
      const { key } = await addTotp(strict, ada);
      const [client, challenge] = await passwordStep(strict, ada);
      await secondStep(client, challenge, { totpCode: await nextTotpCode(strict, key) });
      expect(await scopes(client)).toEqual([]);
      await addPasskey(client, new Authenticator());
      expect(await scopes(client)).not.toEqual([]);
    } finally {
      await strict.close();
    }
  });
});

if (process.env['TEST_DATABASE_URL']) {
  test('a sign-in in flight while the first factor is confirmed leaves no session that showed only a password (R-078)', async () => {
    const wide = await openApp({ LIMIT_GUESS: '0' });
    try {
      const ada = await wide.person();
      const accountId = await ada.accountId();
      const signIns = Array.from({ length: 10 }, () => passwordStep(wide, ada));
      const [enrolled] = await Promise.all([addTotp(wide, ada), ...signIns]);
      expect(enrolled.recoveryCodes).toHaveLength(10);
      const [fresh] = await rows<{ n: number }>(
        wide.ctx.db,
        sql`select count(*)::int as n from sessions where account_id = ${accountId} and not two_factor and proven_at is not null`,
      );
      expect(fresh?.n).toBe(0);
    } finally {
      await wide.close();
    }
  });
}
