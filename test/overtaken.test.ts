/** What a faster change overtakes says so, does nothing, and costs nobody anything. */
import { describe, expect, test } from '@jest/globals';
import { sql, type SQL } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import type { Client, Data } from './support/client.js';
import {
  addPhone,
  addTotp,
  beginTotp,
  CHALLENGE,
  CONFIRMED,
  newestCode,
  newNumber,
  passwordStep,
  totpCode,
} from './support/factors.js';
import { OTHER_PASSWORD } from './support/person.js';
import { staffMember } from './support/staff.js';
import { untilWaiting } from './support/waiting.js';

const app = useApp();

test('an enrolment that is refused leaves the one before it, whose code is on its way', async () => {
  const ada = await app().person();
  const number = newNumber();
  await addPhone(app(), ada, number);
  const enroll = () =>
    ada.browser.call(
      'enrollSecondFactor',
      { method: 'SMS' },
      '... on EnrollSecondFactorSuccess { secondFactor { id } }',
    );
  await enroll();
  const { secondFactor } = await enroll();
  // The number's, the two of before, and no fourth within ten minutes.
  expect((await enroll())['__typename']).toBe('RateLimitProblem');
  const code = await newestCode(app(), number);
  const confirmed = await ada.browser.call('confirmSecondFactor', { secondFactorId: secondFactor.id, code }, CONFIRMED);
  expect(confirmed['__typename']).toBe('ConfirmSecondFactorSuccess');
});

/** Calls it, and lets these happen between its look at the session and the statement that begins so. */
async function overtaken(
  call: { client: Client; mutation: string; input: Data | null; waitsIn: string },
  lock: SQL,
  meanwhile: SQL,
): Promise<string> {
  const { answer } = await app().ctx.db.transaction(async (db) => {
    await db.execute(lock);
    const answer = call.client.call(call.mutation, call.input).then(
      (outcome) => outcome['__typename'] as string,
      (error: Error) => /"code":"(\w+)"/.exec(error.message)?.[1] ?? error.message,
    );
    await untilWaiting(app(), call.waitsIn);
    await db.execute(meanwhile);
    return { answer };
  });
  return answer;
}

const lockOf = (email: string) => sql`select id from accounts where email = ${email} for update`;
const lockOfTables = sql`lock table email_changes, phone_verifications, challenges in share mode`;
const newCredentials = (email: string) =>
  sql`update accounts set credential_epoch = credential_epoch + 1 where email = ${email}`;

async function recoveryCodesLeft(email: string): Promise<unknown> {
  const left = await rows(
    app().ctx.db,
    sql`select count(*)::int as n from recovery_codes c join accounts a on a.id = c.account_id
        where a.email = ${email} and c.used_at is null`,
  );
  return left[0]?.['n'];
}

function races(): void {
  test('a change of contact or factors that a change of credentials overtakes says signed out', async () => {
    const ada = await app().person();
    await addPhone(app(), ada, newNumber());
    const pending = await beginTotp(ada.browser);
    const changes: [mutation: string, input: Data | null, waitsIn: string, lock: SQL][] = [
      ['changeEmail', { newEmail: 'new.ada@example.net' }, 'insert into email_changes', lockOfTables],
      ['addPhoneNumber', { phoneNumber: newNumber() }, 'insert into phone_verifications', lockOfTables],
      ['chooseNotificationChannel', { channel: 'SMS' }, 'select id from accounts', lockOf(ada.email)],
      ['removePhoneNumber', null, 'select id from accounts', lockOf(ada.email)],
      ['enrollSecondFactor', { method: 'TOTP' }, 'select id from accounts', lockOf(ada.email)],
    ];
    for (const [mutation, input, waitsIn, lock] of changes) {
      const call = { client: ada.browser, mutation, input, waitsIn };
      expect([mutation, await overtaken(call, lock, newCredentials(ada.email))]).toEqual([mutation, 'UNAUTHENTICATED']);
      // Back to where her session is alive, for the next.
      await app().ctx.db.execute(
        sql`update accounts set credential_epoch = credential_epoch - 1 where email = ${ada.email}`,
      );
    }
    const asked = await rows(app().ctx.db, sql`select 1 as ok from email_changes`);
    expect(asked).toHaveLength(0);
    const about = '{ viewer { phoneNumberVerified notificationChannel } }';
    expect((await ada.browser.graphql(about))['viewer']).toEqual({
      phoneNumberVerified: true,
      notificationChannel: 'EMAIL',
    });
    const code = await totpCode(app(), pending.key);
    const confirmed = await ada.browser.call('confirmSecondFactor', { secondFactorId: pending.id, code }, CONFIRMED);
    expect(confirmed['__typename']).toBe('ConfirmSecondFactorSuccess');
  });

  test('a change of name that the end of the account overtakes says signed out', async () => {
    const ada = await app().person();
    const call = {
      client: ada.browser,
      mutation: 'changeDisplayName',
      input: { displayName: 'Ada' },
      waitsIn: 'update accounts set display_name',
    };
    const closed = sql`update accounts set closed_at = now(), credential_epoch = credential_epoch + 1 where email = ${ada.email}`;
    expect(await overtaken(call, lockOf(ada.email), closed)).toBe('UNAUTHENTICATED');
  });

  test('a change of password by a session that is ended meanwhile changes nothing', async () => {
    const ada = await app().person();
    const call = {
      client: ada.browser,
      mutation: 'changePassword',
      input: { currentPassword: ada.password, newPassword: OTHER_PASSWORD },
      waitsIn: 'update accounts set credential_epoch',
    };
    const ended = sql`update sessions set revoked_at = now() from accounts
      where account_id = accounts.id and email = ${ada.email}`;
    expect(await overtaken(call, lockOf(ada.email), ended)).toBe('UNAUTHENTICATED');
    const signIn = { email: ada.email, password: ada.password };
    expect((await app().client().call('signIn', signIn))['__typename']).toBe('SignInSuccess');
  });

  describe('a recovery code is not used up', () => {
    test('by a reset whose link is void by then', async () => {
      const ada = await app().person();
      const { recoveryCodes } = await addTotp(app(), ada);
      await ada.asksForReset();
      const token = await ada.nextToken('reset-password');
      const client = app().client();
      const input = { token, newPassword: OTHER_PASSWORD };
      const { challenge } = await client.call('completePasswordReset', input, CHALLENGE);
      const proof = { recoveryCode: recoveryCodes[0] };
      const call = {
        client,
        mutation: 'completePasswordReset',
        input: { ...input, challenge, proof },
        waitsIn: 'select id from accounts',
      };
      const linkIsVoid = sql`update password_resets r set used_at = now() from accounts a
        where a.id = r.account_id and a.email = ${ada.email}`;
      expect(await overtaken(call, lockOf(ada.email), linkIsVoid)).toBe('TokenInvalidProblem');
      expect(await recoveryCodesLeft(ada.email)).toBe(10);
    });

    test('by a proof again of a session that is over by then', async () => {
      const ada = await app().person();
      const { recoveryCodes } = await addTotp(app(), ada);
      const { challenge } = await ada.browser.call('reauthenticate', { password: ada.password }, CHALLENGE);
      const proof = { recoveryCode: recoveryCodes[0] };
      const call = {
        client: ada.browser,
        mutation: 'reauthenticate',
        input: { challenge, proof },
        waitsIn: 'select id from accounts',
      };
      const ended = sql`update sessions set revoked_at = now() from accounts
        where account_id = accounts.id and email = ${ada.email}`;
      expect(await overtaken(call, lockOf(ada.email), ended)).toBe('TokenInvalidProblem');
      expect(await recoveryCodesLeft(ada.email)).toBe(10);
    });
  });

  test('no code is promised for a challenge that a change of credentials has ended', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    const enrolled = await ada.browser.call(
      'enrollSecondFactor',
      { method: 'SMS' },
      '... on EnrollSecondFactorSuccess { secondFactor { id } }',
    );
    const first = { secondFactorId: enrolled['secondFactor'].id, code: await newestCode(app(), number) };
    await ada.browser.call('confirmSecondFactor', first, CONFIRMED);
    const [client, { challenge }] = await passwordStep(app(), ada);
    const call = {
      client,
      mutation: 'sendChallengeCode',
      input: { challenge, method: 'SMS' },
      waitsIn: 'update challenges c set code_method',
    };
    expect(await overtaken(call, lockOfTables, newCredentials(ada.email))).toBe('TokenInvalidProblem');
  });

  test('no link is promised to the owner of an account that is closed meanwhile', async () => {
    const [ada, hanna] = [await app().person(), await staffMember(app(), 'support')];
    await app().client().call('requestManualReset', { email: ada.email });
    const [request] = await rows<{ id: string }>(
      app().ctx.db,
      sql`select id from support_requests where claimed_email = ${ada.email}`,
    );
    const supportRequestId = request?.id;
    await hanna.client.call('claimSupportRequest', { supportRequestId });
    const call = {
      client: hanna.client,
      mutation: 'decideSupportRequest',
      input: { supportRequestId, decision: 'APPROVE', note: 'Showed a passport.' },
      waitsIn: 'select id',
    };
    const closed = sql`update accounts set closed_at = now(), credential_epoch = credential_epoch + 1 where email = ${ada.email}`;
    expect(await overtaken(call, lockOf(ada.email), closed)).toBe('SupportRequestConflictProblem');
  });
}

if (process.env['TEST_DATABASE_URL']) races();
