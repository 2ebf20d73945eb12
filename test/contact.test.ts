/** How a person is reached: address, telephone number, and where security messages go. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { openApp, useApp } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { addPhone, addTotp, newestCode, newNumber, passwordStep, secondStep } from './support/factors.js';
import { newestToken, OTHER_PASSWORD } from './support/person.js';

const app = useApp();

let addresses = 0;
const newAddress = (): string => `new${(addresses += 1)}.${process.pid}@example.net`;

const PHONE = '{ viewer { phoneNumber phoneNumberVerified availableNotificationChannels notificationChannel } }';
const phoneOf = async (client: Client): Promise<Data> => (await client.graphql(PHONE))['viewer'] as Data;

describe('the telephone number', () => {
  test('counts only once its code came back, and every channel is told (R-067)', async () => {
    const ada = await app().person();
    const number = newNumber();
    const spaced = `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`;
    const added = await ada.browser.call(
      'addPhoneNumber',
      { phoneNumber: spaced },
      '... on AddPhoneNumberSuccess { delivery { channel maskedDestination expiresAt } }',
    );
    expect(added['delivery']).toMatchObject({ channel: 'SMS', maskedDestination: `••• ••${number.slice(-2)}` });
    const now = await app().advance(0);
    expect(Math.round((Date.parse(added['delivery'].expiresAt as string) - now.getTime()) / 10_000)).toBe(60);
    expect(await phoneOf(ada.browser)).toEqual({
      phoneNumber: number,
      phoneNumberVerified: false,
      availableNotificationChannels: ['EMAIL'],
      notificationChannel: 'EMAIL',
    });
    const early = await ada.browser.call('chooseNotificationChannel', { channel: 'SMS' });
    expect(early['__typename']).toBe('ChannelUnavailableProblem');
    const code = await newestCode(app(), number);
    expect((await ada.browser.call('verifyPhoneNumber', { code }))['__typename']).toBe('VerifyPhoneNumberSuccess');
    expect(await phoneOf(ada.browser)).toMatchObject({
      phoneNumberVerified: true,
      availableNotificationChannels: ['EMAIL', 'SMS'],
    });
    expect((await ada.browser.call('verifyPhoneNumber', { code }))['__typename']).toBe('NotFoundProblem');
    for (const recipient of [ada.email, number]) {
      const told = await app().mailTo(recipient);
      expect(told.some(({ text }) => /telephone number.*was changed/.test(text.replace(/\n/g, ' ')))).toBe(true);
    }
  });

  test('cannot receive a reset link on its first day (R-067)', async () => {
    const ada = await app().person();
    await addPhone(app(), ada, newNumber());
    const outcome = await ada.browser.call('sendPasswordResetLink', { channel: 'SMS' });
    expect(outcome['__typename']).toBe('ChannelUnavailableProblem');
    await app().advance(86_400);
    const later = await ada.browser.call('sendPasswordResetLink', { channel: 'SMS' });
    expect(later['__typename']).toBe('SendPasswordResetLinkSuccess');
  });

  test('is sealed at rest, and so is its code (R-166)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await ada.browser.call('addPhoneNumber', { phoneNumber: number });
    const code = await newestCode(app(), number);
    const dump = async (): Promise<string> =>
      JSON.stringify([
        await rows(app().ctx.db, sql`select * from phone_verifications`),
        await rows(app().ctx.db, sql`select * from phone_numbers`),
        await rows(app().ctx.db, sql`select * from account_snapshots`),
        await rows(app().ctx.db, sql`select * from outbox`),
        await rows(app().ctx.db, sql`select key from rate_hits`),
      ]);
    expect(await dump()).not.toContain(number.slice(1));
    expect(await dump()).not.toContain(code);
    await ada.browser.call('verifyPhoneNumber', { code });
    expect(await dump()).not.toContain(number.slice(1));
  });

  test('five wrong codes end it, and failures add up over new ones (R-070)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await ada.browser.call('addPhoneNumber', { phoneNumber: number });
    for (let remaining = 4; remaining >= 0; remaining -= 1) {
      const wrong = await ada.browser.call(
        'verifyPhoneNumber',
        { code: '00000000' },
        '... on ProofRejectedProblem { attemptsRemaining }',
      );
      expect(wrong).toMatchObject({ __typename: 'ProofRejectedProblem', attemptsRemaining: remaining });
    }
    const code = await newestCode(app(), number);
    expect((await ada.browser.call('verifyPhoneNumber', { code }))['__typename']).toBe('RateLimitProblem');
    await ada.browser.call('addPhoneNumber', { phoneNumber: number });
    const next = await newestCode(app(), number);
    expect((await ada.browser.call('verifyPhoneNumber', { code: next }))['__typename']).toBe('RateLimitProblem');
  });

  test('a code lapses after ten minutes (R-068)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await ada.browser.call('addPhoneNumber', { phoneNumber: number });
    const code = await newestCode(app(), number);
    await app().advance(600);
    expect((await ada.browser.call('verifyPhoneNumber', { code }))['__typename']).toBe('NotFoundProblem');
  });

  test('twenty asks give three messages, also from several accounts to one number (R-071)', async () => {
    const number = newNumber();
    const people = [await app().person(), await app().person()];
    const names: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const outcome = await people[n % 2]?.browser.call('addPhoneNumber', { phoneNumber: number });
      names.push(outcome?.['__typename'] as string);
    }
    expect(names.filter((name) => name === 'AddPhoneNumberSuccess')).toHaveLength(6);
    expect(await app().mailTo(number)).toHaveLength(3);
  });

  test('a stranger who has codes sent to it does not use up what its owner signs in with (R-020, R-071)', async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    const number = newNumber();
    await addPhone(app(), ada, number);
    const { secondFactor } = await ada.browser.call(
      'enrollSecondFactor',
      { method: 'SMS' },
      '... on EnrollSecondFactorSuccess { secondFactor { id } }',
    );
    const code = await newestCode(app(), number);
    await ada.browser.call('confirmSecondFactor', { secondFactorId: secondFactor.id, code });
    await app().advance(700);
    const stranger = await eve.signsInElsewhere();
    for (let n = 0; n < 5; n += 1) await stranger.call('addPhoneNumber', { phoneNumber: number });
    await app().work();
    const [client, challenge] = await passwordStep(app(), ada);
    await client.call('sendChallengeCode', { challenge: challenge['challenge'], method: 'SMS' });
    const proof = { smsCode: await newestCode(app(), number) };
    expect((await secondStep(client, challenge, proof))['__typename']).toBe('SignInSuccess');
  });

  test('is not flooded with notices: twenty an hour, and every one still goes by e-mail (R-071)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    const notices = async (to: string): Promise<number> =>
      (await app().mailTo(to)).filter(({ text }) => text.includes('/not-me#')).length;
    for (let n = 0; n < 12; n += 1) {
      for (const channel of ['SMS', 'EMAIL']) await ada.browser.call('chooseNotificationChannel', { channel });
    }
    expect(await notices(ada.email)).toBeGreaterThanOrEqual(25);
    expect(await notices(number)).toBe(20);
  });

  test('no text of any kind goes beyond the total of the installation, and the log says so (R-071)', async () => {
    const sparing = await openApp({ LIMIT_SMS_TOTAL: '3/3600' });
    try {
      const ada = await sparing.person();
      const number = newNumber();
      await addPhone(sparing, ada, number);
      await ada.browser.call('chooseNotificationChannel', { channel: 'SMS' });
      await sparing.work();
      await ada.browser.call('addPhoneNumber', { phoneNumber: newNumber() });
      await ada.asksForReset();
      await sparing.work();
      const texts = (await sparing.mailTo(number)).length;
      expect(texts).toBe(3);
      expect(sparing.logLines.some((line) => line.includes('"sms_limit_hit"') && line.includes('"total"'))).toBe(true);
      await sparing.advance(86_400);
      await ada.asksForReset();
      expect((await sparing.mailTo(number))[0]?.text).toContain('/reset-password#');
    } finally {
      await sparing.close();
    }
  });

  test('premium, unlisted and malformed numbers are refused (R-071)', async () => {
    const nordic = await openApp({ SMS_COUNTRY_PREFIXES: '+47,+46' });
    try {
      const ada = await nordic.person();
      const bad = ['', '90000001', '+4790', 'tel:+4790000001', '+44 7700 900123', '+4782012345', '+47900\r\n00001'];
      for (const phoneNumber of bad) {
        const outcome = await ada.browser.call('addPhoneNumber', { phoneNumber });
        expect(outcome['__typename']).toBe('InvalidInputProblem');
      }
      const good = await ada.browser.call('addPhoneNumber', { phoneNumber: '+4790000001' });
      expect(good['__typename']).toBe('AddPhoneNumberSuccess');
    } finally {
      await nordic.close();
    }
  });

  test('a new one replaces the old only when proven, and the old one is told (R-067)', async () => {
    const ada = await app().person();
    const [old, next] = [newNumber(), newNumber()];
    await addPhone(app(), ada, old);
    await ada.browser.call('addPhoneNumber', { phoneNumber: next });
    expect((await phoneOf(ada.browser))['phoneNumber']).toBe(old);
    const before = (await app().mailTo(old)).length;
    await ada.browser.call('verifyPhoneNumber', { code: await newestCode(app(), next) });
    expect((await phoneOf(ada.browser))['phoneNumber']).toBe(next);
    const told = await app().mailTo(old);
    expect(told).toHaveLength(before + 1);
    expect(told[0]?.text).toContain('telephone number was changed');
  });

  test('is forgotten on request, told of, and messages go by e-mail again', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    await ada.browser.call('chooseNotificationChannel', { channel: 'SMS' });
    const removed = await ada.browser.call(
      'removePhoneNumber',
      null,
      '... on RemovePhoneNumberSuccess { viewer { phoneNumber phoneNumberVerified notificationChannel } }',
    );
    expect(removed['viewer']).toEqual({ phoneNumber: null, phoneNumberVerified: false, notificationChannel: 'EMAIL' });
    const told = (await app().mailTo(number)).filter(({ text }) => text.includes('telephone number was changed'));
    expect(told).toHaveLength(2);
  });

  test('a reset kills a number that waits for its code (R-059)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await ada.browser.call('addPhoneNumber', { phoneNumber: number });
    const code = await newestCode(app(), number);
    await ada.resetsPassword(OTHER_PASSWORD);
    const client = await ada.signsInElsewhere();
    expect((await client.call('verifyPhoneNumber', { code }))['__typename']).toBe('NotFoundProblem');
    expect((await phoneOf(client))['phoneNumber']).toBeNull();
  });
});

describe('the chosen channel', () => {
  test('every security notice goes to all verified channels, whatever was chosen (R-062)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    const chosen = await ada.browser.call(
      'chooseNotificationChannel',
      { channel: 'SMS' },
      '... on ChooseNotificationChannelSuccess { viewer { notificationChannel } }',
    );
    expect(chosen['viewer'].notificationChannel).toBe('SMS');
    for (const recipient of [ada.email, number]) {
      const told = (await app().mailTo(recipient)).map(({ subject, text }) => `${subject} ${text}`);
      const chosenNow = told.find((words) => words.includes('Where we write to you was changed'));
      expect(chosenNow).toMatch(/\/not-me#\S+/);
    }
  });

  test('a reset asked for from the profile goes there, says where and until when (R-066, R-068, R-073)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    await ada.browser.call('chooseNotificationChannel', { channel: 'SMS' });
    await app().advance(86_400);
    const select =
      '... on SendPasswordResetLinkSuccess { delivery { channel maskedDestination expiresAt resendAfterSeconds } }';
    const now = (await app().advance(0)).getTime();
    const text = await ada.browser.call('sendPasswordResetLink', {}, select);
    expect(text['delivery']).toMatchObject({ channel: 'SMS', maskedDestination: `••• ••${number.slice(-2)}` });
    expect(Math.round((Date.parse(text['delivery'].expiresAt as string) - now) / 60_000)).toBe(10);
    const letter = await ada.browser.call('sendPasswordResetLink', { channel: 'EMAIL' }, select);
    expect(letter['delivery'].maskedDestination).toBe(`${ada.email[0]}•••@example.org`);
    expect(Math.round((Date.parse(letter['delivery'].expiresAt as string) - now) / 60_000)).toBe(30);
    expect(await newestToken(app(), number, 'reset-password')).toMatch(/^prst_/);
    expect(await newestToken(app(), ada.email, 'reset-password')).toMatch(/^prst_/);
  });
});

describe('a change of address', () => {
  const ask = (client: Client, newEmail: string): Promise<Data> =>
    client.call('changeEmail', { newEmail }, '... on ChangeEmailAccepted { linkLifetimeMinutes }');
  const confirm = (token: string): Promise<Data> =>
    app().client().call('confirmEmailChange', { token }, '... on ConfirmEmailChangeSuccess { changedAt }');
  const signIn = (email: string, password: string): Promise<Data> => app().client().call('signIn', { email, password });

  test('waits for the new address, and the old one is told, before and after (R-126)', async () => {
    const ada = await app().person();
    const next = newAddress();
    expect(await ask(ada.browser, next)).toMatchObject({
      __typename: 'ChangeEmailAccepted',
      linkLifetimeMinutes: 1440,
    });
    const [asked] = await app().mailTo(ada.email);
    expect(asked?.subject).toContain('A change of address was asked for');
    expect(asked?.text).toMatch(/\/not-me#\S+/);
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('SignInSuccess');
    const token = await newestToken(app(), next, 'confirm-email');
    expect((await confirm(token))['changedAt']).toBeTruthy();
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('InvalidCredentialsProblem');
    expect((await signIn(next, ada.password))['__typename']).toBe('SignInSuccess');
    const { viewer } = await ada.browser.graphql('{ viewer { email } }');
    expect(viewer.email).toBe(next);
    for (const recipient of [ada.email, next]) {
      const told = await app().mailTo(recipient);
      expect(told.some(({ subject }) => subject?.startsWith('Your address was changed'))).toBe(true);
    }
    expect((await confirm(token))['__typename']).toBe('TokenInvalidProblem');
  });

  test('kills the reset links that went to the old address (R-127)', async () => {
    const ada = await app().person();
    await ada.asksForReset();
    const link = await ada.nextToken('reset-password');
    const next = newAddress();
    await ask(ada.browser, next);
    await confirm(await newestToken(app(), next, 'confirm-email'));
    const outcome = await app().client().call('completePasswordReset', { token: link, newPassword: OTHER_PASSWORD });
    expect(outcome['__typename']).toBe('TokenInvalidProblem');
  });

  test('dies with a reset of the password (R-127)', async () => {
    const ada = await app().person();
    const next = newAddress();
    await ask(ada.browser, next);
    const token = await newestToken(app(), next, 'confirm-email');
    await ada.resetsPassword(OTHER_PASSWORD);
    expect((await confirm(token))['__typename']).toBe('TokenInvalidProblem');
  });

  test('lapses, and of two asked for one is used (R-126)', async () => {
    const ada = await app().person();
    const [one, two] = [newAddress(), newAddress()];
    await ask(ada.browser, one);
    const late = await newestToken(app(), one, 'confirm-email');
    await app().advance(86_400);
    expect((await confirm(late))['__typename']).toBe('TokenInvalidProblem');
    await ada.browser.call('reauthenticate', { password: ada.password });
    await ask(ada.browser, one);
    await ask(ada.browser, two);
    const [first, second] = [
      await newestToken(app(), one, 'confirm-email'),
      await newestToken(app(), two, 'confirm-email'),
    ];
    expect((await confirm(second))['changedAt']).toBeTruthy();
    expect((await confirm(first))['__typename']).toBe('TokenInvalidProblem');
  });

  test('tells nothing of whether the address is taken; its owner learns (R-120, R-122)', async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    const free = await ask(eve.browser, newAddress());
    const taken = await ask(eve.browser, ada.email.toUpperCase());
    expect(taken).toEqual(free);
    const [letter] = await app().mailTo(ada.email);
    expect(letter?.subject).toContain('already has');
    expect(letter?.text).not.toContain('confirm-email');
  });

  test('an address that was taken meanwhile is a void link (R-122)', async () => {
    const ada = await app().person();
    const next = newAddress();
    await ask(ada.browser, next);
    const token = await newestToken(app(), next, 'confirm-email');
    await app().person({ email: next });
    expect((await confirm(token))['__typename']).toBe('TokenInvalidProblem');
    const { viewer } = await ada.browser.graphql('{ viewer { email } }');
    expect(viewer.email).toBe(ada.email);
  });

  test('look-alikes and what is no address are refused (R-120, R-123)', async () => {
    const ada = await app().person();
    for (const bad of ['', 'x', 'a@b', '"a b"@example.org', 'a@example.org,b@example.org', 'm\u0131ke@example.org']) {
      expect((await ask(ada.browser, bad))['__typename']).toBe('InvalidInputProblem');
    }
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('of 50 parallel confirmations one succeeds (R-126)', async () => {
      const ada = await app().person();
      const next = newAddress();
      await ask(ada.browser, next);
      const token = await newestToken(app(), next, 'confirm-email');
      const names = (await Promise.all(Array.from({ length: 50 }, () => confirm(token)))).map(
        (one) => one['__typename'],
      );
      expect(names.filter((name) => name === 'ConfirmEmailChangeSuccess')).toHaveLength(1);
    });

    test('of 50 parallel codes for one number one verifies it (R-069)', async () => {
      const wide = await openApp({ LIMIT_GUESS: '0' });
      try {
        const ada = await wide.person();
        const number = newNumber();
        await ada.browser.call('addPhoneNumber', { phoneNumber: number });
        const code = await newestCode(wide, number);
        const names = (
          await Promise.all(Array.from({ length: 50 }, () => ada.browser.call('verifyPhoneNumber', { code })))
        ).map((one) => one['__typename']);
        expect(names.filter((name) => name === 'VerifyPhoneNumberSuccess')).toHaveLength(1);
      } finally {
        await wide.close();
      }
    });
  }
});

describe('the account itself', () => {
  test('shows the name its owner chose, in a form that deceives nobody (R-125)', async () => {
    const ada = await app().person();
    const select = '... on ChangeDisplayNameSuccess { viewer { account { displayName } } }';
    const named = await ada.browser.call('changeDisplayName', { displayName: '  Ada Lovelace ' }, select);
    expect(named['viewer'].account.displayName).toBe('Ada Lovelace');
    for (const displayName of ['', '   ', 'x'.repeat(61), 'a\u202Eb', 'a\nb', 'a\u0000b']) {
      const refused = await ada.browser.call('changeDisplayName', { displayName });
      expect(refused['__typename']).toBe('InvalidInputProblem');
    }
    const none = await ada.browser.call('changeDisplayName', { displayName: null }, select);
    expect(none['viewer'].account.displayName).toBeNull();
  });

  test('is closed for good: nobody is signed in, nothing signs in, no link works', async () => {
    const ada = await app().person();
    await addTotp(app(), ada);
    const elsewhere = app().client();
    for (const [name, value] of ada.browser.cookies) elsewhere.cookies.set(name, value);
    await ada.asksForReset();
    const link = await ada.nextToken('reset-password');
    const closed = await ada.browser.call('closeAccount', null, '... on CloseAccountSuccess { closedAt }');
    expect(closed['closedAt']).toBeTruthy();
    expect(ada.browser.cookies.has('rekey-session')).toBe(false);
    expect((await elsewhere.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('InvalidCredentialsProblem');
    const reset = await app().client().call('completePasswordReset', { token: link, newPassword: OTHER_PASSWORD });
    expect(reset['__typename']).toBe('TokenInvalidProblem');
    const [told] = await app().mailTo(ada.email);
    expect(told?.subject).toContain('Your account was closed');
  });

  const signIn = (email: string, password: string): Promise<Data> => app().client().call('signIn', { email, password });
});
