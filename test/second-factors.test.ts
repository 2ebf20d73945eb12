/** A person adds something they have, and nobody signs in without it any more. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { generateSync } from 'otplib';
import { rows } from '../src/base/database.js';
import { totpStep } from '../src/second-factors/totp.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Client, Data } from './support/client.js';
import {
  addPhone,
  addTotp,
  beginTotp,
  CHALLENGE,
  CONFIRMED,
  newestCode,
  newNumber,
  nextTotpCode,
  passwordStep,
  secondStep,
  stepUp,
  totpCode,
  TRIES,
} from './support/factors.js';
import { newestToken, OTHER_PASSWORD, type Person } from './support/person.js';
import { untilWaiting } from './support/waiting.js';

const app = useApp();
const onPostgres = !!process.env['TEST_DATABASE_URL'];

describe('an authenticator app', () => {
  test('RFC 6238 appendix B: the codes for its times are those of its table', () => {
    const secret = Buffer.from('12345678901234567890');
    const table: [number, string][] = [
      [59, '94287082'],
      [1111111109, '07081804'],
      [1111111111, '14050471'],
      [1234567890, '89005924'],
      [2000000000, '69279037'],
      [20000000000, '65353130'],
    ];
    for (const [epoch, code] of table) expect(generateSync({ secret, epoch, digits: 8 })).toBe(code);
    // Six digits are the last six of eight (RFC 4226 §5.3), which is what people type here.
    const base32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    for (const [epoch, code] of table) {
      expect(totpStep(base32, code.slice(2), new Date(epoch * 1000))).toBe(Math.floor(epoch / 30));
    }
  });

  test('the current and one earlier step are accepted, never a later one (R-083)', () => {
    const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const now = new Date(1_800_000_015_000);
    const codeAt = (steps: number) => generateSync({ secret: key, epoch: 1_800_000_015 + 30 * steps });
    expect([-2, -1, 0, 1].map((steps) => totpStep(key, codeAt(steps), now) !== null)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    for (const text of ['', '12345', '1234567', 'abcdef', '\u0661\u0661\u0661\u0661\u0661\u0661', '-12345']) {
      expect(totpStep(key, text, now)).toBeNull();
    }
  });

  test('counts only after a proof with it, and belongs to the session that began it (R-086)', async () => {
    const ada = await app().person();
    const { id, key, uri } = await beginTotp(ada.browser);
    expect(uri).toMatch(/^otpauth:\/\/totp\/.*issuer=Rekey/);
    expect(Buffer.byteLength(key)).toBe(32);
    const elsewhere = await ada.signsInElsewhere();
    const foreign = await elsewhere.call('confirmSecondFactor', {
      secondFactorId: id,
      code: await totpCode(app(), key),
    });
    expect(foreign['__typename']).toBe('NotFoundProblem');
    const wrong = await ada.browser.call('confirmSecondFactor', { secondFactorId: id, code: '000000' }, TRIES);
    expect(wrong).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: 4 });
    await app().advance(601);
    const late = await ada.browser.call('reauthenticate', { password: ada.password });
    expect(late['__typename']).toBe('ReauthenticateSuccess');
    const lapsed = await ada.browser.call('confirmSecondFactor', {
      secondFactorId: id,
      code: await totpCode(app(), key),
    });
    expect(lapsed['__typename']).toBe('NotFoundProblem');
  });

  test('its key is shown once and sealed at rest (R-082); ten recovery codes come with the first (R-088)', async () => {
    const ada = await app().person();
    const { key, recoveryCodes } = await addTotp(app(), ada);
    expect(recoveryCodes).toHaveLength(10);
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code.replace(/-/g, '')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    const { viewer } = await ada.browser.graphql(
      '{ viewer { secondFactors { method isConfirmed label lastUsedAt } recoveryCodesRemaining } }',
    );
    expect(viewer).toEqual({
      secondFactors: [{ method: 'TOTP', isConfirmed: true, label: null, lastUsedAt: null }],
      recoveryCodesRemaining: 10,
    });
    expect(JSON.stringify(viewer)).not.toContain(key);
    const dump = JSON.stringify([
      await rows(app().ctx.db, sql`select * from second_factors`),
      await rows(app().ctx.db, sql`select * from recovery_codes`),
    ]);
    expect(dump).not.toContain(key);
    for (const code of recoveryCodes) {
      expect(dump).not.toContain(code);
      expect(dump).not.toContain(code.replace(/-/g, ''));
    }
    const letters = await app().mailTo(ada.email);
    expect(letters.some(({ subject }) => subject?.startsWith('A second factor was added'))).toBe(true);
  });

  test('signing in asks for it, and the challenge is good for nothing else (R-027)', async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    expect(challenge).toMatchObject({ __typename: 'SecondFactorChallenge', methods: ['TOTP', 'RECOVERY_CODE'] });
    expect(client.cookies.has('rekey-session')).toBe(false);
    expect((await client.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    const token = challenge['challenge'] as string;
    const asBearer = await app().client({ bearer: token }).send('{ viewer { id } }');
    expect(asBearer.text).not.toContain('view_');
    const code = await nextTotpCode(app(), key);
    // Another browser, and a native app, without the cookie it was given with.
    const stranger = await secondStep(app().client(), challenge, { totpCode: code });
    expect(stranger['__typename']).toBe('TokenInvalidProblem');
    const asStepUp = await ada.browser.call('reauthenticate', { challenge: token, proof: { totpCode: code } });
    expect(asStepUp['__typename']).toBe('TokenInvalidProblem');
    const done = await secondStep(client, challenge, { totpCode: code });
    expect(done['__typename']).toBe('SignInSuccess');
    const { viewer } = await client.graphql('{ viewer { currentSession { signInMethod } } }');
    expect(viewer.currentSession.signInMethod).toBe('PASSWORD_AND_SECOND_FACTOR');
    expect((await secondStep(client, challenge, { totpCode: code }))['__typename']).toBe('TokenInvalidProblem');
  });

  test("one person's code does not answer another person's challenge (R-027)", async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    await addTotp(app(), ada);
    const eves = await addTotp(app(), eve);
    const [client, challenge] = await passwordStep(app(), ada);
    const outcome = await secondStep(client, challenge, { totpCode: await nextTotpCode(app(), eves.key) });
    expect(outcome).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: 4 });
  });

  test('exactly one proof must be given', async () => {
    const ada = await app().person();
    await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    for (const proof of [{}, { totpCode: '123456', recoveryCode: 'x' }]) {
      const outcome = await secondStep(client, challenge, proof);
      expect(outcome['__typename']).toBe('InvalidInputProblem');
    }
    expect((await secondStep(client, challenge, { totpCode: '000000' }))['attemptsRemaining']).toBe(4);
  });

  test('a code works once, also for another purpose two seconds later (R-084)', async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    const code = await nextTotpCode(app(), key);
    expect((await secondStep(client, challenge, { totpCode: code }))['__typename']).toBe('SignInSuccess');
    await app().advance(2);
    const asked = await client.call('reauthenticate', { password: ada.password }, CHALLENGE);
    const again = await client.call('reauthenticate', { challenge: asked['challenge'], proof: { totpCode: code } });
    expect(again['__typename']).toBe('ProofRejectedProblem');
    const [other, another] = await passwordStep(app(), ada);
    expect((await secondStep(other, another, { totpCode: code }))['__typename']).toBe('ProofRejectedProblem');
  });

  test('five wrong codes end a challenge, and the failures outlive it and a right password (R-021, R-085)', async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    for (let remaining = 4; remaining >= 1; remaining -= 1) {
      const outcome = await secondStep(client, challenge, { totpCode: '000000' });
      expect(outcome).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: remaining });
    }
    const [again, next] = await passwordStep(app(), ada);
    expect((await secondStep(again, next, { totpCode: '000000' }))['__typename']).toBe('ProofRejectedProblem');
    const delayed = await secondStep(again, next, { totpCode: await nextTotpCode(app(), key) });
    expect(delayed['__typename']).toBe('RateLimitProblem');
    // Step-up has the same budget.
    const asked = await ada.browser.call('reauthenticate', { password: ada.password }, CHALLENGE);
    const proof = { totpCode: await nextTotpCode(app(), key) };
    const stepped = await ada.browser.call('reauthenticate', { challenge: asked['challenge'], proof });
    expect(stepped['__typename']).toBe('RateLimitProblem');
    await app().advance(901);
    const [last, late] = await passwordStep(app(), ada);
    const done = await secondStep(last, late, { totpCode: await totpCode(app(), key) });
    expect(done['__typename']).toBe('SignInSuccess');
  });

  test('the owner hears of a right password with a failed second factor (R-029)', async () => {
    const ada = await app().person();
    await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    await secondStep(client, challenge, { totpCode: '000000' });
    await secondStep(client, challenge, { totpCode: '000001' });
    const told = (await app().mailTo(ada.email)).filter(({ subject }) => subject?.startsWith('Someone knows'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toMatch(/\/not-me#\S+/);
  });

  test('is off after a hundred failures in a row, stays required, and a recovery code leads out (R-018)', async () => {
    const lenient = await openApp({ LIMIT_GUESS: '0' });
    try {
      const ada = await lenient.person();
      const { key, recoveryCodes } = await addTotp(lenient, ada);
      for (let round = 0; round < 20; round += 1) {
        const [client, challenge] = await passwordStep(lenient, ada);
        for (let n = 0; n < 5; n += 1) await secondStep(client, challenge, { totpCode: '000000' });
      }
      const [client, challenge] = await passwordStep(lenient, ada);
      expect(challenge['methods']).toContain('TOTP');
      const stopped = await secondStep(client, challenge, { totpCode: await nextTotpCode(lenient, key) });
      expect(stopped['__typename']).toBe('RateLimitProblem');
      const out = await secondStep(client, challenge, { recoveryCode: recoveryCodes[0] });
      expect(out['__typename']).toBe('SignInSuccess');
      const { key: rebound } = await addTotp(lenient, ada, client);
      const [next, last] = await passwordStep(lenient, ada);
      const done = await secondStep(next, last, { totpCode: await nextTotpCode(lenient, rebound) });
      expect(done['__typename']).toBe('SignInSuccess');
    } finally {
      await lenient.close();
    }
  }, 60_000);

  test('is taken off by a session that proved it, and the recovery codes go with the last one (R-087)', async () => {
    const ada = await app().person();
    const { id } = await addTotp(app(), ada);
    const gone = await ada.browser.call(
      'disableSecondFactor',
      { secondFactorId: id },
      '... on DisableSecondFactorSuccess { disabledSecondFactorId viewer { secondFactors { id } recoveryCodesRemaining } }',
    );
    expect(gone).toMatchObject({
      disabledSecondFactorId: id,
      viewer: { secondFactors: [], recoveryCodesRemaining: null },
    });
    const [, outcome] = await passwordStep(app(), ada);
    expect(outcome['__typename']).toBe('SignInSuccess');
    const again = await ada.browser.call('disableSecondFactor', { secondFactorId: id });
    expect(again['__typename']).toBe('NotFoundProblem');
  });
});

describe('recovery codes', () => {
  test('work once each, however they are typed, and the owner is told (R-029, R-088)', async () => {
    const ada = await app().person();
    const { recoveryCodes } = await addTotp(app(), ada);
    const [code, second] = recoveryCodes as [string, string];
    const [client, challenge] = await passwordStep(app(), ada);
    const sloppy = ` ${code.toLowerCase().replace(/-/g, ' ').replace(/1/g, 'l').replace(/0/g, 'o')} `;
    expect((await secondStep(client, challenge, { recoveryCode: sloppy }))['__typename']).toBe('SignInSuccess');
    const { viewer } = await client.graphql('{ viewer { recoveryCodesRemaining } }');
    expect(viewer.recoveryCodesRemaining).toBe(9);
    const [again, next] = await passwordStep(app(), ada);
    expect((await secondStep(again, next, { recoveryCode: code }))['__typename']).toBe('ProofRejectedProblem');
    expect((await secondStep(again, next, { recoveryCode: second }))['__typename']).toBe('SignInSuccess');
    const told = (await app().mailTo(ada.email)).filter(({ subject }) => subject?.startsWith('A recovery code'));
    expect(told).toHaveLength(2);
  });

  test('a new set kills the old one (R-088); without a second factor there is none', async () => {
    const ada = await app().person();
    const none = await ada.browser.call('regenerateRecoveryCodes', null);
    expect(none['__typename']).toBe('NotFoundProblem');
    const { recoveryCodes: old } = await addTotp(app(), ada);
    const made = await ada.browser.call(
      'regenerateRecoveryCodes',
      null,
      '... on RegenerateRecoveryCodesSuccess { recoveryCodes viewer { recoveryCodesRemaining } }',
    );
    expect(made['viewer'].recoveryCodesRemaining).toBe(10);
    const [client, challenge] = await passwordStep(app(), ada);
    expect((await secondStep(client, challenge, { recoveryCode: old[0] }))['__typename']).toBe('ProofRejectedProblem');
    const fresh = { recoveryCode: made['recoveryCodes'][0] };
    expect((await secondStep(client, challenge, fresh))['__typename']).toBe('SignInSuccess');
  });
});

describe('codes by text message', () => {
  async function withSms(): Promise<{ ada: Awaited<ReturnType<ReturnType<typeof app>['person']>>; number: string }> {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    const enrolled = await ada.browser.call(
      'enrollSecondFactor',
      { method: 'SMS', label: 'My phone' },
      '... on EnrollSecondFactorSuccess { secondFactor { id label } totp { uri } delivery { channel maskedDestination expiresAt } }',
    );
    expect(enrolled).toMatchObject({ totp: null, delivery: { channel: 'SMS' } });
    expect(enrolled['delivery'].maskedDestination).toBe(`••• ••${number.slice(-2)}`);
    const code = await newestCode(app(), number);
    expect(code).toMatch(/^\d{8}$/);
    const input = { secondFactorId: enrolled['secondFactor'].id, code };
    const confirmed = await ada.browser.call('confirmSecondFactor', input, CONFIRMED);
    expect(confirmed['recoveryCodes']).toHaveLength(10);
    return { ada, number };
  }

  const send = (client: Client, challenge: Data, method = 'SMS'): Promise<Data> =>
    client.call(
      'sendChallengeCode',
      { challenge: challenge['challenge'], method },
      '... on SendChallengeCodeSuccess { delivery { maskedDestination expiresAt resendAfterSeconds } } ... on ChannelUnavailableProblem { availableChannels }',
    );

  test('are sent on request, masked, and work once, for their challenge alone (R-069, R-073)', async () => {
    const { ada, number } = await withSms();
    await app().advance(601);
    const [client, challenge] = await passwordStep(app(), ada);
    expect(challenge).toMatchObject({
      methods: ['SMS', 'RECOVERY_CODE'],
      maskedPhoneNumber: `••• ••${number.slice(-2)}`,
    });
    const sent = await send(client, challenge);
    expect(sent['delivery'].maskedDestination).not.toContain(number.slice(3, 9));
    const code = await newestCode(app(), number);
    const [other, another] = await passwordStep(app(), ada);
    expect((await secondStep(other, another, { smsCode: code }))['__typename']).toBe('ProofRejectedProblem');
    expect((await secondStep(client, challenge, { emailCode: code }))['__typename']).toBe('ProofRejectedProblem');
    expect((await secondStep(client, challenge, { smsCode: code }))['__typename']).toBe('SignInSuccess');
    expect((await secondStep(client, challenge, { smsCode: code }))['__typename']).toBe('TokenInvalidProblem');
  });

  test('lapse after ten minutes at most; a new one replaces the earlier, its failures stay (R-021, R-068, R-070)', async () => {
    const { ada, number } = await withSms();
    await app().advance(601);
    const [client, challenge] = await passwordStep(app(), ada);
    await send(client, challenge);
    const first = await newestCode(app(), number);
    for (let n = 0; n < 3; n += 1) await secondStep(client, challenge, { smsCode: '00000000' });
    await app().advance(60);
    await send(client, challenge);
    expect(await newestCode(app(), number)).not.toBe(first);
    const wrong = await secondStep(client, challenge, { smsCode: first });
    expect(wrong).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: 1 });
    await app().advance(1000);
    const [late, next] = await passwordStep(app(), ada);
    await send(late, next);
    const code = await newestCode(app(), number);
    await app().advance(600);
    expect((await secondStep(late, next, { smsCode: code }))['__typename']).toBe('TokenInvalidProblem');
  });

  test('twenty asks give three messages (R-071)', async () => {
    const { ada, number } = await withSms();
    await app().advance(601);
    const before = (await app().mailTo(number)).length;
    const outcomes: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      const [client, challenge] = await passwordStep(app(), ada);
      outcomes.push((await send(client, challenge))['__typename'], (await send(client, challenge))['__typename']);
    }
    expect(outcomes.filter((name) => name === 'SendChallengeCodeSuccess')).toHaveLength(3);
    expect(outcomes.filter((name) => name === 'RateLimitProblem')).toHaveLength(17);
    expect((await app().mailTo(number)).length - before).toBe(3);
  });

  test('a channel that is no method of the challenge is not available', async () => {
    const ada = await app().person();
    await addTotp(app(), ada);
    const [client, challenge] = await passwordStep(app(), ada);
    for (const method of ['SMS', 'EMAIL', 'TOTP', 'PASSKEY']) {
      const outcome = await send(client, challenge, method);
      expect(outcome).toMatchObject({ __typename: 'ChannelUnavailableProblem', availableChannels: [] });
    }
    expect((await send(app().client(), challenge))['__typename']).toBe('TokenInvalidProblem');
  });

  test('the number stays while codes go to it', async () => {
    const { ada } = await withSms();
    expect((await ada.browser.call('removePhoneNumber', null))['__typename']).toBe('LastCredentialProblem');
  });
});

describe('codes by e-mail', () => {
  test('are off unless the operator switches them on (R-072)', async () => {
    const ada = await app().person();
    const outcome = await ada.browser.call('enrollSecondFactor', { method: 'EMAIL' });
    expect(outcome['__typename']).toBe('FeatureDisabledProblem');
  });

  test('never make a session two-factor, never count beside a link by e-mail, never walk around a real factor (R-072)', async () => {
    const mailing = await openApp({ EMAIL_CODES: 'on' });
    try {
      const ada = await mailing.person();
      const select = '... on EnrollSecondFactorSuccess { secondFactor { id } delivery { channel } }';
      const enrolled = await ada.browser.call('enrollSecondFactor', { method: 'EMAIL' }, select);
      const input = { secondFactorId: enrolled['secondFactor'].id, code: await newestCode(mailing, ada.email) };
      const confirmed = await ada.browser.call('confirmSecondFactor', input, CONFIRMED);
      expect(confirmed).toMatchObject({ __typename: 'ConfirmSecondFactorSuccess', recoveryCodes: null });
      const [client, challenge] = await passwordStep(mailing, ada);
      expect(challenge['methods']).toEqual(['EMAIL']);
      await client.call('sendChallengeCode', { challenge: challenge['challenge'], method: 'EMAIL' });
      const emailCode = await newestCode(mailing, ada.email);
      expect((await secondStep(client, challenge, { emailCode }))['__typename']).toBe('SignInSuccess');
      const [flags] = await rows<{ n: number }>(
        mailing.ctx.db,
        sql`select count(*)::int as n from sessions where two_factor`,
      );
      expect(flags?.n).toBe(0);
      expect((await ada.resetsPassword(OTHER_PASSWORD))['__typename']).toBe('CompletePasswordResetSuccess');
      // Beside an authenticator app the mailbox is no way in.
      const [browser, asked] = await passwordStep(mailing, ada);
      await browser.call('sendChallengeCode', { challenge: asked['challenge'], method: 'EMAIL' });
      await secondStep(browser, asked, { emailCode: await newestCode(mailing, ada.email) });
      await addTotp(mailing, ada, browser);
      const [, last] = await passwordStep(mailing, ada);
      expect(last['methods']).toEqual(['TOTP', 'RECOVERY_CODE']);
    } finally {
      await mailing.close();
    }
  });
});

describe('a reset with a second factor', () => {
  const COMPLETE = `${CHALLENGE} ${TRIES}`;

  test('asks for it, and a missing or wrong proof uses nothing up (R-061)', async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const client = app().client();
    const ticket = await client.call(
      'inspectPasswordReset',
      { token },
      '... on PasswordResetTicket { secondFactor { challenge methods } }',
    );
    expect(ticket['secondFactor'].methods).toEqual(['TOTP', 'RECOVERY_CODE']);
    const complete = (more: Data): Promise<Data> =>
      client.call('completePasswordReset', { token, newPassword: OTHER_PASSWORD, ...more }, COMPLETE);
    const bare = await complete({});
    expect(bare).toMatchObject({ __typename: 'SecondFactorChallenge', methods: ['TOTP', 'RECOVERY_CODE'] });
    const { challenge } = bare;
    const wrong = await complete({ challenge, proof: { totpCode: '000000' } });
    expect(wrong).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: 4 });
    const totp = await nextTotpCode(app(), key);
    const weak = await client.call(
      'completePasswordReset',
      { token, newPassword: 'passwordpassword', challenge, proof: { totpCode: totp } },
      COMPLETE,
    );
    expect(weak['__typename']).toBe('PasswordRejectedProblem');
    // The code that came with a password against the rules still works.
    const done = await complete({ challenge, proof: { totpCode: totp } });
    expect(done['__typename']).toBe('CompletePasswordResetSuccess');
    ada.password = OTHER_PASSWORD;
    const [, next] = await passwordStep(app(), ada);
    expect(next['methods']).toEqual(['TOTP', 'RECOVERY_CODE']);
  });

  test('ends every pending sign-in, and the factors stay; recovery codes are the way when the app is lost (R-059, R-061, R-094)', async () => {
    const ada = await app().person();
    const { key, recoveryCodes } = await addTotp(app(), ada);
    const [client, pending] = await passwordStep(app(), ada);
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const bare = await client.call('completePasswordReset', { token, newPassword: OTHER_PASSWORD }, COMPLETE);
    const input = { token, newPassword: OTHER_PASSWORD, challenge: bare['challenge'] };
    const done = await client.call('completePasswordReset', { ...input, proof: { recoveryCode: recoveryCodes[0] } });
    expect(done['__typename']).toBe('CompletePasswordResetSuccess');
    const late = await secondStep(client, pending, { totpCode: await nextTotpCode(app(), key) });
    expect(late['__typename']).toBe('TokenInvalidProblem');
    ada.password = OTHER_PASSWORD;
    const [again, challenge] = await passwordStep(app(), ada);
    expect((await secondStep(again, challenge, { totpCode: await nextTotpCode(app(), key) }))['__typename']).toBe(
      'SignInSuccess',
    );
  });

  test("a challenge of a sign-in, and of another's link, does not answer it (R-027, R-061)", async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const [client, signIn] = await passwordStep(app(), ada);
    const proof = { totpCode: await nextTotpCode(app(), key) };
    const input = { token, newPassword: OTHER_PASSWORD, challenge: signIn['challenge'], proof };
    expect((await client.call('completePasswordReset', input))['__typename']).toBe('TokenInvalidProblem');
  });

  test('a link by text does not go with a code by text: the phone alone is one factor (R-028, R-061)', async () => {
    const swift = await openApp({ PHONE_RECOVERY_DELAY: '0' });
    try {
      const ada = await swift.person();
      const number = newNumber();
      await addPhone(swift, ada, number);
      const enrolled = await ada.browser.call(
        'enrollSecondFactor',
        { method: 'SMS' },
        '... on EnrollSecondFactorSuccess { secondFactor { id } }',
      );
      const code = await newestCode(swift, number);
      await ada.browser.call('confirmSecondFactor', { secondFactorId: enrolled['secondFactor'].id, code });
      await ada.browser.call('sendPasswordResetLink', { channel: 'SMS' });
      const token = await newestToken(swift, number, 'reset-password');
      const bare = await swift.client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD }, COMPLETE);
      expect(bare['methods']).toEqual(['RECOVERY_CODE']);
    } finally {
      await swift.close();
    }
  });
});

describe('at once, on PostgreSQL', () => {
  if (!onPostgres) return;

  const tally = (outcomes: Data[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { __typename: name } of outcomes) counts[name as string] = (counts[name as string] ?? 0) + 1;
    return counts;
  };

  /** A step-up that waits for its proof, in a copy of the person's browser. */
  async function stepUpDoor(app: App, person: Person, proof: Data): Promise<() => Promise<Data>> {
    const asked = await person.browser.call('reauthenticate', { password: person.password }, CHALLENGE);
    const twin = app.client();
    for (const [name, value] of person.browser.cookies) twin.cookies.set(name, value);
    return () => twin.call('reauthenticate', { challenge: asked['challenge'], proof }, TRIES);
  }

  /** A reset that waits for its proof. */
  async function resetDoor(app: App, token: string, proof: Data): Promise<() => Promise<Data>> {
    const input = { token, newPassword: OTHER_PASSWORD };
    const { challenge } = await app.client().call('completePasswordReset', input, CHALLENGE);
    return () => app.client().call('completePasswordReset', { ...input, challenge, proof }, TRIES);
  }

  test('a factor that is confirmed while a sign-in with the password alone is under way is asked for', async () => {
    const ada = await app().person();
    const { id } = await beginTotp(ada.browser);
    const signingIn = await app().ctx.db.transaction(async (db) => {
      await db.execute(sql`select id from accounts where email = ${ada.email} for update`);
      const answer = passwordStep(app(), ada);
      await untilWaiting(app(), 'select id from accounts');
      await db.execute(sql`update second_factors set confirmed_at = now() where id = ${id}`);
      return { answer };
    });
    const [client, answer] = await signingIn.answer;
    expect(answer).toMatchObject({ __typename: 'SecondFactorChallenge', methods: ['TOTP'] });
    expect(client.cookies.has('rekey-session')).toBe(false);
  });

  test('one code used 50 times across sign-in and step-up succeeds once (R-084)', async () => {
    const wide = await openApp({ LIMIT_GUESS: '0' });
    try {
      const ada = await wide.person();
      const { key } = await addTotp(wide, ada);
      const doors: ((totpCode: string) => Promise<Data>)[] = [];
      for (let n = 0; n < 25; n += 1) {
        const [client, challenge] = await passwordStep(wide, ada);
        doors.push((code) => secondStep(client, challenge, { totpCode: code }));
      }
      const [client, challenge] = await passwordStep(wide, ada);
      await secondStep(client, challenge, { totpCode: await nextTotpCode(wide, key) });
      for (let n = 0; n < 25; n += 1) {
        const asked = await client.call('reauthenticate', { password: ada.password }, CHALLENGE);
        const pending = client.cookies.get('rekey-pending') as string;
        doors.push((code) => {
          const twin = wide.client();
          twin.cookies.set('rekey-session', client.cookies.get('rekey-session') as string);
          twin.cookies.set('rekey-pending', pending);
          return twin.call('reauthenticate', { challenge: asked['challenge'], proof: { totpCode: code } });
        });
      }
      const code = await nextTotpCode(wide, key);
      const counts = tally(await Promise.all(doors.map((door) => door(code))));
      expect((counts['SignInSuccess'] ?? 0) + (counts['ReauthenticateSuccess'] ?? 0)).toBe(1);
    } finally {
      await wide.close();
    }
  }, 60_000);

  test('one recovery code used 50 times across sign-in, step-up and reset succeeds once (R-088)', async () => {
    const wide = await openApp({ LIMIT_GUESS: '0' });
    try {
      const ada = await wide.person();
      const { recoveryCodes } = await addTotp(wide, ada);
      const proof = { recoveryCode: recoveryCodes[0] };
      const doors: (() => Promise<Data>)[] = [];
      for (let n = 0; n < 20; n += 1) {
        const [client, challenge] = await passwordStep(wide, ada);
        doors.push(() => secondStep(client, challenge, proof));
        doors.push(await stepUpDoor(wide, ada, proof));
      }
      await ada.asksForReset();
      const token = await ada.nextToken('reset-password');
      for (let n = 0; n < 10; n += 1) doors.push(await resetDoor(wide, token, proof));
      const counts = tally(await Promise.all(doors.map((door) => door())));
      const successes = Object.entries(counts).filter(([name]) => name.endsWith('Success'));
      expect(successes).toEqual([[expect.anything(), 1]]);
    } finally {
      await wide.close();
    }
  }, 60_000);

  test('of 200 wrong codes through every door together, no more than the budget are compared (R-019, R-022)', async () => {
    const ada = await app().person();
    const { key } = await addTotp(app(), ada);
    const doors: (() => Promise<Data>)[] = [];
    const proof = { totpCode: '000000' };
    const knock = (door: () => Promise<Data>): void => void doors.push(...new Array<typeof door>(5).fill(door));
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    for (let n = 0; n < 14; n += 1) {
      const [client, challenge] = await passwordStep(app(), ada);
      knock(() => secondStep(client, challenge, proof));
      knock(await stepUpDoor(app(), ada, proof));
      if (n < 12) knock(await resetDoor(app(), token, proof));
    }
    expect(doors).toHaveLength(200);
    const counts = tally(await Promise.all(doors.map((door) => door())));
    expect(counts['ProofRejectedProblem'] ?? 0).toBeLessThanOrEqual(5);
    expect(counts['ProofRejectedProblem'] ?? 0).toBeGreaterThan(0);
    const [client, challenge] = await passwordStep(app(), ada);
    const right = await secondStep(client, challenge, { totpCode: await nextTotpCode(app(), key) });
    expect(right['__typename']).toBe('RateLimitProblem');
  }, 60_000);
});

test('with the clock moved on, an authenticator app still signs in after a step-up in between', async () => {
  const ada = await app().person();
  const { key } = await addTotp(app(), ada);
  await app().advance(700);
  expect((await stepUp(app(), ada, ada.browser, key))['__typename']).toBe('ReauthenticateSuccess');
});
