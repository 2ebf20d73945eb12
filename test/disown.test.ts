/** "This was not me": one message from before undoes all that a thief did since. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { closeAccount } from '../src/accounts/profile.js';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import type { Client, Data } from './support/client.js';
import {
  addPasskey,
  addPhone,
  addTotp,
  beginPasskey,
  beginTotp,
  CHALLENGE,
  finishPasskey,
  newestCode,
  newNumber,
  nextTotpCode,
  passwordStep,
  secondStep,
  totpCode,
} from './support/factors.js';
import { newestToken, OTHER_PASSWORD, type Person } from './support/person.js';
import { untilWaiting } from './support/waiting.js';

const app = useApp();
const THIEFS = 'eleven stolen pears rot';

let thieves = 0;
const newAddress = (): string => `thief${(thieves += 1)}.${process.pid}@example.net`;

const disown = (token: string): Promise<Data> =>
  app().client().call('disownSecurityEvent', { token }, '... on DisownSecurityEventSuccess { securedAt }');
const signIn = (email: string, password: string): Promise<Data> =>
  app()
    .client()
    .call('signIn', { email, password }, CHALLENGE + '... on SignInBlockedProblem { reason }');

/** The token in the newest notice of this kind. */
async function noticeToken(recipient: string, words: string): Promise<string> {
  for (const { subject, text } of await app().mailTo(recipient)) {
    const token = /\/not-me#(\S+)/.exec(text)?.[1];
    if (token && `${subject} ${text}`.includes(words)) return token;
  }
  throw new Error(`no notice "${words}" came to ${recipient}`);
}

const flagsOf = async (person: Person, accountId: string): Promise<Data[]> =>
  rows<Data>(
    app().ctx.db,
    sql`select reason, severity, status from account_flags where account_id = ${accountId} and ${person.email}::text is not null`,
  );

const accountRow = async (accountId: string): Promise<Data | undefined> =>
  (await rows<Data>(app().ctx.db, sql`select email, email_key from accounts where id = ${accountId}`))[0];

/** The thief's whole afternoon. @returns where the thief ended up. */
async function takeOver(ada: Person): Promise<{ email: string; totpKey: string; client: Client }> {
  const client = await ada.signsInElsewhere();
  await app().advance(1);
  const { key } = await addTotp(app(), ada, client);
  await app().advance(1);
  const email = newAddress();
  await client.call('changeEmail', { newEmail: email });
  await app()
    .client()
    .call('confirmEmailChange', { token: await newestToken(app(), email, 'confirm-email') });
  await app().advance(1);
  await addPhone(app(), ada, newNumber(), client);
  await client.call('chooseNotificationChannel', { channel: 'SMS' });
  const changed = await client.call('changePassword', { currentPassword: ada.password, newPassword: THIEFS });
  expect(changed['__typename']).toBe('ChangePasswordSuccess');
  await app().advance(1);
  return { email, totpKey: key, client };
}

/** The account is reached and proven as when it was made: nothing of what a thief added or changed is left. */
async function expectAsBefore(client: Client, email: string): Promise<void> {
  const { viewer } = await client.graphql(
    '{ viewer { email phoneNumber notificationChannel secondFactors { id } recoveryCodesRemaining } }',
  );
  expect(viewer).toEqual({
    email,
    phoneNumber: null,
    notificationChannel: 'EMAIL',
    secondFactors: [],
    recoveryCodesRemaining: null,
  });
}

describe('the stolen password', () => {
  test("the notice of the thief's sign-in undoes address, password, factor, number and channel (R-087, R-029)", async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    await app().advance(5);
    const { email, client } = await takeOver(ada);
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('InvalidCredentialsProblem');
    const token = await noticeToken(ada.email, 'New sign-in');
    await app().advance(6 * 86_400);
    expect((await disown(token))['securedAt']).toBeTruthy();
    expect((await client.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    expect((await signIn(email, THIEFS))['__typename']).toBe('InvalidCredentialsProblem');
    expect(await signIn(ada.email, THIEFS)).toMatchObject({ reason: 'PASSWORD_RESET_REQUIRED' });
    expect((await ada.resetsPassword(OTHER_PASSWORD))['__typename']).toBe('CompletePasswordResetSuccess');
    const back = await ada.signsInElsewhere();
    await expectAsBefore(back, ada.email);
    expect(await flagsOf(ada, accountId)).toContainEqual({ reason: 'OWNER_REPORT', severity: 3, status: 'OPEN' });
  });

  test('the old address was told of each change, also of those after it was no longer the address (R-029)', async () => {
    const ada = await app().person();
    await takeOver(ada);
    const subjects = (await app().mailTo(ada.email)).map(({ subject }) => subject);
    for (const words of [
      'New sign-in',
      'A second factor was added',
      'A change of address',
      'Your address was changed',
    ]) {
      expect(subjects.some((subject) => subject?.startsWith(words))).toBe(true);
    }
  });

  test("the thief's own notices are void with it: nobody undoes the undoing", async () => {
    const ada = await app().person();
    await app().advance(5);
    const thief = await takeOver(ada);
    const thiefs = await noticeToken(thief.email, 'Your password was changed');
    await app().advance(1);
    await disown(await noticeToken(ada.email, 'New sign-in'));
    await app().advance(1);
    expect((await disown(thiefs))['__typename']).toBe('TokenInvalidProblem');
    const secured = await app().mailTo(thief.email);
    expect(secured.some(({ subject }) => subject?.startsWith('Your account was secured'))).toBe(false);
    const [told] = await app().mailTo(ada.email);
    expect(told?.subject).toContain('Your account was secured');
  });

  test('what the owner took off is off, what the thief took off is back', async () => {
    const ada = await app().person();
    const { key, recoveryCodes } = await addTotp(app(), ada);
    const passkey = new Authenticator();
    await addPasskey(ada.browser, passkey);
    await app().advance(5);
    // A thief at the unlocked machine, minutes after the owner signed in.
    const { viewer } = await ada.browser.graphql('{ viewer { secondFactors { id } passkeys { id } } }');
    await ada.browser.call('disableSecondFactor', { secondFactorId: viewer.secondFactors[0].id });
    await ada.browser.call('removePasskey', { passkeyId: viewer.passkeys[0].id });
    await app().advance(1);
    await addTotp(app(), ada);
    await app().advance(1);
    await disown(await noticeToken(ada.email, 'A second factor was removed'));
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const client = app().client();
    const bare = await client.call('completePasswordReset', { token, newPassword: OTHER_PASSWORD }, CHALLENGE);
    expect(bare['methods']).toEqual(['PASSKEY', 'TOTP', 'RECOVERY_CODE']);
    const proof = { totpCode: await nextTotpCode(app(), key) };
    const input = { token, newPassword: OTHER_PASSWORD, challenge: bare['challenge'], proof };
    expect((await client.call('completePasswordReset', input))['__typename']).toBe('CompletePasswordResetSuccess');
    ada.password = OTHER_PASSWORD;
    const [browser, challenge] = await passwordStep(app(), ada);
    const out = await secondStep(browser, challenge, { recoveryCode: recoveryCodes[3] });
    expect(out['__typename']).toBe('SignInSuccess');
  });

  test('an address that someone else holds by now is not taken from them; no mail goes to the thief', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    await app().advance(5);
    const thief = await takeOver(ada);
    const token = await noticeToken(ada.email, 'New sign-in');
    await app().advance(120);
    await app().person({ email: ada.email });
    expect((await disown(token))['securedAt']).toBeTruthy();
    await app().client().call('requestPasswordReset', { email: thief.email });
    const mail = await app().mailTo(thief.email);
    expect(mail.some(({ text }) => text.includes('/reset-password#'))).toBe(false);
    expect(await accountRow(accountId)).toEqual({ email: null, email_key: `released:${accountId}` });
  });

  test('a thief who closes the account has won nothing: it is open again, with all that it had', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    const number = newNumber();
    await addPhone(app(), ada, number);
    await app().advance(5);
    const thief = await ada.signsInElsewhere();
    await app().advance(1);
    expect((await thief.call('removePhoneNumber', null))['__typename']).toBe('RemovePhoneNumberSuccess');
    expect((await thief.call('closeAccount', null))['__typename']).toBe('CloseAccountSuccess');
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('InvalidCredentialsProblem');
    const token = await noticeToken(ada.email, 'New sign-in');
    await app().advance(6 * 86_400);
    expect((await disown(token))['securedAt']).toBeTruthy();
    expect(await signIn(ada.email, ada.password)).toMatchObject({ reason: 'PASSWORD_RESET_REQUIRED' });
    expect((await ada.resetsPassword(OTHER_PASSWORD))['__typename']).toBe('CompletePasswordResetSuccess');
    const { viewer } = await (await ada.signsInElsewhere()).graphql('{ viewer { account { id } phoneNumber } }');
    expect(viewer).toEqual({ account: { id: accountId }, phoneNumber: number });
    expect(await flagsOf(ada, accountId)).toContainEqual({ reason: 'OWNER_REPORT', severity: 3, status: 'OPEN' });
  });

  test('a closed account whose address someone else has by now opens without it', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    await ada.browser.call('closeAccount', null);
    const token = await noticeToken(ada.email, 'Your account was closed');
    await app().advance(60);
    const next = await app().person({ email: ada.email });
    expect((await disown(token))['securedAt']).toBeTruthy();
    expect(await accountRow(accountId)).toEqual({ email: null, email_key: `released:${accountId}` });
    await next.signsInElsewhere();
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('opening it again while someone signs up with the address leaves the address to them, and fails nobody', async () => {
      const ada = await app().person();
      const accountId = await ada.accountId();
      await ada.browser.call('closeAccount', null);
      const token = await noticeToken(ada.email, 'Your account was closed');
      await app().advance(60);
      const secured = await whileSigningUp(ada.email, () => disown(token));
      expect(secured['securedAt']).toBeTruthy();
      await expectSecuredWithoutAddress(ada, accountId);
      expect((await disown(token))['__typename']).toBe('TokenInvalidProblem');
    });

    test('so does putting an address back that someone signs up with, and the rest is undone all the same', async () => {
      const ada = await app().person();
      const accountId = await ada.accountId();
      await app().advance(5);
      const thief = await takeOver(ada);
      const token = await noticeToken(ada.email, 'New sign-in');
      await app().advance(3600);
      const secured = await whileSigningUp(ada.email, () => disown(token));
      expect(secured['securedAt']).toBeTruthy();
      await expectSecuredWithoutAddress(ada, accountId);
      expect((await thief.client.graphql('{ viewer { id } }'))['viewer']).toBeNull();
      const kept = await rows(
        app().ctx.db,
        sql`select number as id from phone_numbers where account_id = ${accountId} union all
            select id from second_factors where account_id = ${accountId} and removed_at is null`,
      );
      expect(kept).toEqual([]);
    });
  }

  /** The account is open, no one can sign in to it, and the address is that of whoever signed up. */
  async function expectSecuredWithoutAddress(ada: Person, accountId: string): Promise<void> {
    const found = await rows<Data>(
      app().ctx.db,
      sql`select email, email_key, closed_at, password_reset_required from accounts where id = ${accountId}`,
    );
    expect(found).toEqual([
      { email: null, email_key: `released:${accountId}`, closed_at: null, password_reset_required: true },
    ]);
    expect(await flagsOf(ada, accountId)).toContainEqual({ reason: 'OWNER_REPORT', severity: 3, status: 'OPEN' });
    expect((await signIn(ada.email, OTHER_PASSWORD))['__typename']).toBe('SignInSuccess');
  }

  /** Does it at the moment when a new account with this address is written and not yet for all to see. */
  async function whileSigningUp(email: string, act: () => Promise<Data>): Promise<Data> {
    const client = app().client();
    await client.call('signUp', { email });
    const token = await newestToken(app(), email, 'sign-up');
    await app().advance(61);
    await client.call('signUp', { email });
    await app().work();
    const held = await app().ctx.db.transaction(async (db) => {
      await db.execute(sql`set local idle_in_transaction_session_timeout = 0`);
      // Signing up makes other links to the address void once the account is written: it waits there.
      await db.execute(
        sql`select id from sign_up_links where email_key = ${email} and id <> ${token.split('.')[0]} for update`,
      );
      const signedUp = client.call('completeSignUp', { token, password: OTHER_PASSWORD });
      await untilWaiting(app(), 'update sign_up_links');
      const outcome = act();
      await untilWaiting(app(), 'update accounts');
      return { signedUp, outcome };
    });
    expect((await held.signedUp)['__typename']).toBe('SignInSuccess');
    return held.outcome;
  }

  test('what an operator closed stays closed', async () => {
    const ada = await app().person();
    await ada.signsInElsewhere();
    const token = await noticeToken(ada.email, 'New sign-in');
    await closeAccount(app().ctx, await ada.accountId(), 'any');
    expect((await disown(token))['__typename']).toBe('TokenInvalidProblem');
    expect((await signIn(ada.email, ada.password))['__typename']).toBe('InvalidCredentialsProblem');
  });

  test('what a late notice undoes is kept as long as its link works', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    const { id } = await addTotp(app(), ada);
    await app().advance(5);
    await ada.browser.call('disableSecondFactor', { secondFactorId: id });
    await ada.browser.call('removePhoneNumber', null);
    // The mail server was away for two days.
    await app().advance(2 * 86_400);
    const token = await noticeToken(ada.email, 'A second factor was removed');
    await app().advance(6 * 86_400);
    await app().work();
    expect((await disown(token))['securedAt']).toBeTruthy();
    await ada.asksForReset();
    const input = { token: await ada.nextToken('reset-password'), newPassword: OTHER_PASSWORD };
    const asked = await app().client().call('completePasswordReset', input, CHALLENGE);
    expect(asked['methods']).toEqual(['TOTP', 'RECOVERY_CODE']);
    expect((await app().mailTo(number))[0]?.text).toContain('your account was secured');
  });
});

describe('the link of a notice', () => {
  test('works once, for seven days, and leads nowhere when it is made up', async () => {
    const ada = await app().person();
    await ada.signsInElsewhere();
    const first = await noticeToken(ada.email, 'New sign-in');
    expect((await disown(first))['securedAt']).toBeTruthy();
    expect((await disown(first))['__typename']).toBe('TokenInvalidProblem');
    await ada.resetsPassword(OTHER_PASSWORD);
    const late = await noticeToken(ada.email, 'Your password was reset');
    await app().advance(7 * 86_400);
    expect((await disown(late))['__typename']).toBe('TokenInvalidProblem');
    const tampered = late.slice(0, -4) + 'AAAA';
    for (const token of ['', 'x', 'disown_AAAAAAAAAAAAAAAAAAAAAA.' + 'A'.repeat(43), tampered]) {
      expect((await disown(token))['__typename']).toBe('TokenInvalidProblem');
    }
  });

  test('is no link for anything else, and nothing else is one for it (R-049)', async () => {
    const ada = await app().person();
    await ada.signsInElsewhere();
    const token = await noticeToken(ada.email, 'New sign-in');
    const reset = await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD });
    expect(reset['__typename']).toBe('TokenInvalidProblem');
    await ada.asksForReset();
    expect((await disown(await ada.nextToken('reset-password')))['__typename']).toBe('TokenInvalidProblem');
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('of 50 parallel uses one succeeds, and one flag is open (R-106)', async () => {
      const ada = await app().person();
      const accountId = await ada.accountId();
      await ada.signsInElsewhere();
      const token = await noticeToken(ada.email, 'New sign-in');
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => disown(token)));
      expect(outcomes.filter((one) => one['__typename'] === 'DisownSecurityEventSuccess')).toHaveLength(1);
      expect(await flagsOf(ada, accountId)).toHaveLength(1);
    });
  }
});

describe('planted persistence', () => {
  test('what a thief began before a reset cannot be finished after it (R-059, R-086)', async () => {
    const ada = await app().person();
    const thief = await ada.signsInElsewhere();
    const [totp, passkey] = [await beginTotp(thief), await beginPasskey(thief)];
    const [number, email] = [newNumber(), newAddress()];
    await thief.call('addPhoneNumber', { phoneNumber: number });
    await thief.call('changeEmail', { newEmail: email });
    const phoneCode = await newestCode(app(), number);
    const emailToken = await newestToken(app(), email, 'confirm-email');
    const [pending] = [thief.cookies.get('rekey-device')];
    await ada.resetsPassword(OTHER_PASSWORD);
    // The thief learns the new password too, and is back with a session: what was begun is void all the same.
    const back = await ada.signsInElsewhere();
    const code = await totpCode(app(), totp.key);
    for (const client of [thief, back]) {
      const attempts: [string, Data][] = [
        ['confirmSecondFactor', { secondFactorId: totp.id, code }],
        ['finishPasskeyRegistration', finishInput(passkey)],
        ['verifyPhoneNumber', { code: phoneCode }],
      ];
      for (const [mutation, input] of attempts) {
        const answer = await client.send(document(mutation), { input });
        expect(answer.text).not.toContain('Success');
        expect(answer.text).toMatch(/UNAUTHENTICATED|NotFoundProblem|TokenInvalidProblem/);
      }
    }
    const address = await app().client().call('confirmEmailChange', { token: emailToken });
    expect(address['__typename']).toBe('TokenInvalidProblem');
    const { viewer } = await back.graphql('{ viewer { email phoneNumber secondFactors { id } passkeys { id } } }');
    expect(viewer).toEqual({ email: ada.email, phoneNumber: null, secondFactors: [], passkeys: [] });
    // The remembered device has no budget of its own any more.
    const [kept] = await rows<{ n: number }>(
      app().ctx.db,
      sql`select count(*)::int as n from remembered_devices d join accounts a on a.id = d.account_id
          where d.id = ${pending?.split('.')[0] ?? ''} and d.epoch = a.credential_epoch`,
    );
    expect(kept?.n).toBe(0);
  });

  const finishInput = (begun: Data): Data => ({
    ceremony: begun['ceremony'],
    registration: new Authenticator().create(begun['options']),
  });
  const document = (mutation: string): string => {
    const type = mutation[0]?.toUpperCase() + mutation.slice(1);
    return `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename } }`;
  };

  test('a passkey begun with the password alone is not finished beside a factor that came meanwhile (R-087)', async () => {
    const ada = await app().person();
    const thief = await ada.signsInElsewhere();
    const begun = await beginPasskey(thief);
    const totp = await beginTotp(thief);
    await addTotp(app(), ada);
    const finished = await finishPasskey(thief, begun['ceremony'], new Authenticator().create(begun['options']));
    expect(finished['__typename']).toBe('ProofRejectedProblem');
    const confirmed = await thief.call('confirmSecondFactor', {
      secondFactorId: totp.id,
      code: await totpCode(app(), totp.key),
    });
    expect(confirmed['__typename']).toBe('ReauthenticationProblem');
  });

  test('nor is a number or an address: what the password alone has asked for ends with the first factor (R-087)', async () => {
    const ada = await app().person();
    const thief = await ada.signsInElsewhere();
    const [number, email] = [newNumber(), newAddress()];
    await thief.call('addPhoneNumber', { phoneNumber: number });
    await thief.call('changeEmail', { newEmail: email });
    const code = await newestCode(app(), number);
    const token = await newestToken(app(), email, 'confirm-email');
    await addTotp(app(), ada);
    expect((await thief.call('verifyPhoneNumber', { code }))['__typename']).toBe('NotFoundProblem');
    const address = await app().client().call('confirmEmailChange', { token });
    expect(address['__typename']).toBe('TokenInvalidProblem');
    // The owner's own browser, which has shown the factor, may finish.
    expect((await ada.browser.call('verifyPhoneNumber', { code }))['__typename']).toBe('VerifyPhoneNumberSuccess');
  });
});

describe('a report from inside', () => {
  const REPORT =
    '... on ReportSecurityEventSuccess { sessionToken delivery { channel maskedDestination } viewer { sessions { nodes { isCurrent } } } }';

  test('ends every other session, makes the password void, sends a link and flags the account (R-104)', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    const thief = await ada.signsInElsewhere();
    const { viewer } = await ada.browser.graphql(
      '{ viewer { securityEvents { nodes { id kind byStaff device { summary ipAddress } } } } }',
    );
    const [newest] = viewer.securityEvents.nodes;
    expect(newest).toMatchObject({
      kind: 'SIGNED_IN',
      byStaff: false,
      device: { summary: 'Firefox on Linux', ipAddress: thief.ip },
    });
    const reported = await ada.browser.call('reportSecurityEvent', { eventId: newest.id }, REPORT);
    expect(reported).toMatchObject({
      sessionToken: null,
      delivery: { channel: 'EMAIL' },
      viewer: { sessions: { nodes: [{ isCurrent: true }] } },
    });
    expect((await thief.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    expect((await ada.browser.graphql('{ viewer { id } }'))['viewer']).not.toBeNull();
    expect(await signIn(ada.email, ada.password)).toMatchObject({ reason: 'PASSWORD_RESET_REQUIRED' });
    const void_ = await ada.browser.call('reauthenticate', { password: ada.password });
    expect(void_['__typename']).toBe('InvalidCredentialsProblem');
    expect(await flagsOf(ada, accountId)).toContainEqual({ reason: 'OWNER_REPORT', severity: 3, status: 'OPEN' });
    const token = await ada.nextToken('reset-password');
    const done = await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD });
    expect(done['__typename']).toBe('CompletePasswordResetSuccess');
    ada.password = OTHER_PASSWORD;
    await ada.signsInElsewhere();
  });

  /** The newest event of this kind in the person's own record. */
  async function eventOf(client: Client, kind: string): Promise<string> {
    const { viewer } = await client.graphql('{ viewer { securityEvents { nodes { id kind } } } }');
    return viewer.securityEvents.nodes.find((event: Data) => event['kind'] === kind).id as string;
  }

  test('puts address, factors and number back as before the event; the link goes to the address of then', async () => {
    const ada = await app().person();
    await app().advance(5);
    const thief = await takeOver(ada);
    // Whoever holds the strongest factor reports; here it is the one that the thief added.
    const eventId = await eventOf(thief.client, 'SECOND_FACTOR_ADDED');
    await app().advance(1);
    const planted = await noticeToken(thief.email, 'Your password was changed');
    const reported = await thief.client.call('reportSecurityEvent', { eventId }, REPORT);
    expect(reported['delivery'].maskedDestination).toBe(`${ada.email[0]}•••@example.org`);
    await expectAsBefore(thief.client, ada.email);
    await app().advance(1);
    expect((await disown(planted))['__typename']).toBe('TokenInvalidProblem');
    expect((await app().mailTo(thief.email)).some(({ text }) => text.includes('/reset-password#'))).toBe(false);
    // Said once more of something in between, it must not bring the thief's address back.
    await thief.client.call('reportSecurityEvent', { eventId: await eventOf(thief.client, 'EMAIL_CHANGED') });
    expect((await thief.client.graphql('{ viewer { email } }'))['viewer']).toEqual({ email: ada.email });
    const done = await app()
      .client()
      .call('completePasswordReset', { token: await ada.nextToken('reset-password'), newPassword: OTHER_PASSWORD });
    expect(done['__typename']).toBe('CompletePasswordResetSuccess');
  });

  test('takes nothing off for what a stranger tried outside, nor for what is long past', async () => {
    const ada = await app().person();
    await signIn(ada.email, 'not the one at all');
    await app().work();
    const failed = await eventOf(ada.browser, 'SIGN_IN_FAILED');
    const created = await eventOf(ada.browser, 'ACCOUNT_CREATED');
    await app().advance(5);
    const { key } = await addTotp(app(), ada);
    const factors = async (): Promise<unknown> =>
      (await ada.browser.graphql('{ viewer { secondFactors { isConfirmed } } }'))['viewer'];
    await ada.browser.call('reportSecurityEvent', { eventId: failed });
    expect(await factors()).toEqual({ secondFactors: [{ isConfirmed: true }] });
    await app().advance(8 * 86_400);
    await ada.asksForReset();
    const client = app().client();
    const input = { token: await ada.nextToken('reset-password'), newPassword: OTHER_PASSWORD };
    const { challenge } = await client.call('completePasswordReset', input, CHALLENGE);
    const proof = { totpCode: await nextTotpCode(app(), key) };
    await client.call('completePasswordReset', { ...input, challenge, proof });
    ada.password = OTHER_PASSWORD;
    const [browser, asked] = await passwordStep(app(), ada);
    await secondStep(browser, asked, { totpCode: await nextTotpCode(app(), key) });
    const reported = await browser.call('reportSecurityEvent', { eventId: created });
    expect(reported['__typename']).toBe('ReportSecurityEventSuccess');
    const { viewer } = await browser.graphql('{ viewer { secondFactors { isConfirmed } } }');
    expect(viewer).toEqual({ secondFactors: [{ isConfirmed: true }] });
  });

  test("another's event does not exist, and an old session must prove itself first (R-046)", async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    const { viewer } = await eve.browser.graphql('{ viewer { securityEvents(first: 1) { nodes { id } } } }');
    const eventId = viewer.securityEvents.nodes[0].id as string;
    for (const id of [eventId, 'evt_AAAAAAAAAAAAAAAAAAAAAA', 'x']) {
      const outcome = await ada.browser.call('reportSecurityEvent', { eventId: id });
      expect(outcome['__typename']).toBe('NotFoundProblem');
    }
    await app().advance(601);
    const stale = await eve.browser.call('reportSecurityEvent', { eventId });
    expect(stale['__typename']).toBe('ReauthenticationProblem');
  });

  test('the record is paged, and a cursor is good for its own list and person (R-141)', async () => {
    const ada = await app().person();
    for (let n = 0; n < 3; n += 1) await ada.signsInElsewhere();
    const page = async (after: string | null): Promise<Data> => {
      const { viewer } = await ada.browser.graphql(
        'query ($after: String) { viewer { securityEvents(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } } }',
        { after },
      );
      return viewer.securityEvents as Data;
    };
    const one = await page(null);
    const two = await page(one['pageInfo'].endCursor);
    const ids = [...one['nodes'], ...two['nodes']].map(({ id }: Data) => id as string);
    expect(new Set(ids).size).toBe(4);
    const eve = await app().person();
    const stolen = await eve.browser.send(
      'query ($after: String) { viewer { securityEvents(after: $after) { nodes { id } } } }',
      { after: one['pageInfo'].endCursor },
    );
    expect(stolen.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});
