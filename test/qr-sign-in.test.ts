import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Client } from './support/client.js';
import { addTotp, stepUp } from './support/factors.js';
import { OTHER_PASSWORD, newestToken } from './support/person.js';
import {
  approveQr,
  claimInTime,
  claimQr,
  denyQr,
  letsIn,
  scanned,
  scanQr,
  startQr,
  throughCamera,
  tryStart,
  type Started,
} from './support/qr.js';

const app = useApp();

const isSignedIn = async (client: Client): Promise<boolean> =>
  (await client.graphql('{ viewer { id } }'))['viewer'] !== null;

const outcomes = (answers: Record<string, unknown>[]): string[] =>
  answers.map((answer) => answer['__typename'] as string).sort();

async function countRequests(where = sql`true`): Promise<number> {
  const [row] = await rows<{ n: number }>(app().ctx.db, sql`select count(*)::int as n from qr_requests where ${where}`);
  return row?.n ?? -1;
}

/** A number that is not the one on the screen. */
const wrong = ({ comparisonNumber }: Started, by = 1): string =>
  String((Number(comparisonNumber) + by) % 100).padStart(2, '0');

describe('signing in a new device with a phone that is signed in', () => {
  test('the phone scans, the person types the number, and the new device is signed in', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    expect(code.pollAfterSeconds).toBe(2);
    expect(code.comparisonNumber).toMatch(/^\d{2}$/);
    const id = await scanned(ada.browser, code.qrPayload);
    expect(await claimInTime(app(), laptop, code.claimSecret)).toEqual({
      __typename: 'QrSignInPending',
      isScanned: true,
      pollAfterSeconds: 2,
    });
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['__typename']).toBe('ApproveQrSignInSuccess');
    const outcome = await claimInTime(app(), laptop, code.claimSecret);
    expect(outcome).toMatchObject({ __typename: 'SignInSuccess', sessionToken: null, viewer: { email: ada.email } });
    expect(await isSignedIn(laptop)).toBe(true);
    expect(laptop.cookies.has('rekey-qr')).toBe(false);
  });

  test('a native app gets a bearer token, without any cookie', async () => {
    const ada = await app().person();
    const code = await startQr(app().client({ isNative: true }));
    await letsIn(ada.browser, code);
    const watch = app().client({ isNative: true });
    const outcome = await claimInTime(app(), watch, code.claimSecret, 'BEARER');
    expect(outcome['sessionToken']).toEqual(expect.any(String));
    expect(watch.cookies.size).toBe(0);
    watch.bearer = outcome['sessionToken'] as string;
    expect(await isSignedIn(watch)).toBe(true);
  });

  test('a second tab of the same browser does not spoil the first', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const first = await startQr(laptop);
    await startQr(laptop);
    await letsIn(ada.browser, first);
    expect((await claimInTime(app(), laptop, first.claimSecret))['__typename']).toBe('SignInSuccess');
  });

  test('turning the device away is one step and needs no recent sign-in (R-099)', async () => {
    const ada = await app().person();
    await app().advance(700);
    const laptop = app().client();
    const code = await startQr(laptop);
    const id = await scanned(ada.browser, code.qrPayload);
    expect(await denyQr(ada.browser, id)).toMatchObject({ deniedRequestId: id });
    expect((await claimInTime(app(), laptop, code.claimSecret))['code']).toBe('QR_SIGN_IN_DENIED');
    expect((await denyQr(ada.browser, id))['code']).toBe('NOT_FOUND');
    expect((await scanQr(ada.browser, code.qrPayload))['code']).toBe('TOKEN_INVALID');
  });

  test('a person who changes their mind turns away a device they let in, until it has come in', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    const id = await letsIn(ada.browser, code);
    expect((await denyQr(ada.browser, id))['__typename']).toBe('DenyQrSignInSuccess');
    expect((await claimInTime(app(), laptop, code.claimSecret))['code']).toBe('QR_SIGN_IN_DENIED');
    expect(await isSignedIn(laptop)).toBe(false);
  });
});

describe('the two secrets (R-096)', () => {
  test('the picture holds a link to the approval page, which an independent reader decodes', async () => {
    const { qrPayload, claimSecret } = await startQr(app().client());
    expect(await throughCamera(qrPayload)).toBe(qrPayload);
    expect(qrPayload).toMatch(/^http:\/\/localhost:4000\/qr#qr_[\w-]{22}\.[\w-]{43}$/);
    expect(claimSecret).toMatch(/^qr_[\w-]{22}\.[\w-]{43}$/);
    expect(qrPayload).not.toContain(claimSecret.split('.')[1]);
  });

  test('the approval page may send the fragment alone, since a server never sees the rest', async () => {
    const ada = await app().person();
    const { qrPayload } = await startQr(app().client());
    expect((await scanQr(ada.browser, qrPayload.split('#')[1] as string))['__typename']).toBe('ScanQrSignInSuccess');
  });

  test('whoever knows the picture alone cannot take the session, nor can the kept secret approve', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    expect((await scanQr(ada.browser, code.claimSecret))['code']).toBe('TOKEN_INVALID');
    await letsIn(ada.browser, code);
    await app().advance(2);
    const shown = code.qrPayload.split('#')[1] as string;
    for (const guess of [code.qrPayload, shown, shown.replace(/\..*/, `.${'A'.repeat(43)}`)]) {
      expect((await claimQr(laptop, guess))['code']).toBe('TOKEN_INVALID');
      expect((await claimQr(laptop, guess, 'BEARER'))['code']).toBe('TOKEN_INVALID');
    }
    // The attempts cost the rightful device nothing, not even its turn.
    expect((await claimQr(laptop, code.claimSecret))['__typename']).toBe('SignInSuccess');
  });

  test('a kept secret that was stolen is of no use outside the browser that started, whatever is asked for', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    await letsIn(ada.browser, code);
    await app().advance(2);
    const thief = app().client();
    await startQr(thief); // with a cookie of its own
    for (const client of [thief, app().client(), app().client({ isNative: true })]) {
      expect((await claimQr(client, code.claimSecret))['code']).toBe('TOKEN_INVALID');
      expect((await claimQr(client, code.claimSecret, 'BEARER'))['code']).toBe('TOKEN_INVALID');
    }
    expect((await claimQr(laptop, code.claimSecret))['__typename']).toBe('SignInSuccess');
  });

  test('no secret and no number lies in the database in clear (R-166)', async () => {
    const code = await startQr(app().client());
    const dump = JSON.stringify(await rows(app().ctx.db, sql`select * from qr_requests`));
    for (const text of [code.qrPayload, code.claimSecret]) expect(dump).not.toContain(text.split('.')[1]);
    expect(dump).not.toContain(`"${code.comparisonNumber}"`);
    expect(app().logLines.join('\n')).not.toContain(code.claimSecret.split('.')[1]);
  });
});

describe('once, and for two minutes (R-097)', () => {
  test('after 121 seconds nothing scans, approves or claims', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const [early, late] = [await startQr(laptop), await startQr(laptop)];
    const id = await scanned(ada.browser, early.qrPayload);
    await app().advance(121);
    expect((await approveQr(ada.browser, id, early.comparisonNumber))['code']).toBe('NOT_FOUND');
    expect((await denyQr(ada.browser, id))['code']).toBe('NOT_FOUND');
    expect((await scanQr(ada.browser, late.qrPayload))['code']).toBe('TOKEN_INVALID');
    expect((await claimQr(laptop, early.claimSecret))['code']).toBe('TOKEN_INVALID');
    const approved = await startQr(laptop);
    await letsIn(ada.browser, approved);
    await app().advance(121);
    expect((await claimQr(laptop, approved.claimSecret))['code']).toBe('TOKEN_INVALID');
  });

  test('a second approval and a second claim are refused', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    const id = await letsIn(ada.browser, code);
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['code']).toBe('NOT_FOUND');
    const binding = laptop.cookies.get('rekey-qr') as string;
    expect((await claimInTime(app(), laptop, code.claimSecret))['__typename']).toBe('SignInSuccess');
    const again = app().client();
    again.cookies.set('rekey-qr', binding);
    expect((await claimInTime(app(), again, code.claimSecret))['code']).toBe('TOKEN_INVALID');
    expect((await denyQr(ada.browser, id))['code']).toBe('NOT_FOUND');
  });
});

describe('the number (R-074, R-098)', () => {
  test('is carried from screen to screen: the contract knows no approval without it', async () => {
    const ada = await app().person();
    const id = await scanned(ada.browser, (await startQr(app().client())).qrPayload);
    const bare = await ada.browser.send(
      'mutation ($input: ApproveQrSignInInput!) { approveQrSignIn(input: $input) { __typename } }',
      { input: { requestId: id } },
    );
    expect(bare.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('without it, or with a wrong one, nothing is approved; three wrong ones end the attempt on both devices', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    const id = await scanned(ada.browser, code.qrPayload);
    const rejected = (attemptsRemaining: number) => ({ code: 'PROOF_REJECTED', attemptsRemaining });
    expect(await approveQr(ada.browser, id, '')).toMatchObject(rejected(2));
    expect(await approveQr(ada.browser, id, wrong(code))).toMatchObject(rejected(1));
    expect(await approveQr(ada.browser, id, wrong(code, 2))).toMatchObject(rejected(0));
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['code']).toBe('NOT_FOUND');
    expect((await claimInTime(app(), laptop, code.claimSecret))['code']).toBe('TOKEN_INVALID');
  });

  test('is right on the third try, and may be typed with spaces', async () => {
    const ada = await app().person();
    const code = await startQr(app().client());
    const id = await scanned(ada.browser, code.qrPayload);
    await approveQr(ada.browser, id, wrong(code));
    await approveQr(ada.browser, id, wrong(code, 2));
    const typed = ` ${[...code.comparisonNumber].join(' ')} `;
    expect((await approveQr(ada.browser, id, typed))['__typename']).toBe('ApproveQrSignInSuccess');
  });

  test('wrong numbers add up over codes: five in fifteen minutes, then none is compared (R-102)', async () => {
    const ada = await app().person();
    for (let code = 0; code < 2; code += 1) {
      const started = await startQr(app().client());
      const id = await scanned(ada.browser, started.qrPayload);
      for (let attempt = 0; attempt < (code === 0 ? 3 : 2); attempt += 1) {
        expect((await approveQr(ada.browser, id, wrong(started)))['code']).toBe('PROOF_REJECTED');
      }
    }
    const code = await startQr(app().client());
    const id = await scanned(ada.browser, code.qrPayload);
    const refused = await approveQr(ada.browser, id, code.comparisonNumber);
    expect(refused['code']).toBe('RATE_LIMITED');
    expect(refused['retryAfterSeconds']).toBeGreaterThan(0);
  });
});

describe('what the person is shown before deciding (R-099)', () => {
  test('is what this server saw of the device, and whether it is on the same network', async () => {
    const ada = await app().person();
    const far = app().client({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36' });
    const code = await startQr(far);
    const { request } = await scanQr(ada.browser, code.qrPayload);
    expect(request).toMatchObject({
      isSameNetwork: false,
      expiresAt: code.expiresAt,
      device: { summary: 'Chrome on Windows', ipAddress: far.ip },
    });
    expect(Date.parse(request.expiresAt) - Date.parse(request.requestedAt)).toBe(120_000);
    const near = await startQr(app().client({ ip: ada.browser.ip }));
    expect((await scanQr(ada.browser, near.qrPayload))['request'].isSameNetwork).toBe(true);
  });

  test('facts that someone writes into the picture do not count', async () => {
    const ada = await app().person();
    const { qrPayload } = await startQr(app().client());
    const token = qrPayload.split('#')[1] as string;
    for (const forged of [
      `https://evil.example/qr#${token}`,
      `http://localhost:4000/qr?ip=${ada.browser.ip}#${token}`,
      `http://localhost:4000/qr#${token}&device=Your+laptop`,
      `${token}.extra`,
      'x'.repeat(10_000),
      '',
    ]) {
      expect((await scanQr(ada.browser, forged))['code']).toBe('TOKEN_INVALID');
    }
  });
});

describe('who may approve (R-100, R-103, R-093)', () => {
  test('not a session that proved itself long ago', async () => {
    const ada = await app().person();
    await app().advance(601);
    const code = await startQr(app().client());
    const id = await scanned(ada.browser, code.qrPayload);
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['code']).toBe('REAUTHENTICATION_REQUIRED');
    await stepUp(app(), ada, ada.browser, null);
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['__typename']).toBe('ApproveQrSignInSuccess');
  });

  test('not a session born from a QR code, until it has shown the password itself', async () => {
    const ada = await app().person();
    const tablet = app().client();
    const first = await startQr(tablet);
    await letsIn(ada.browser, first);
    await claimInTime(app(), tablet, first.claimSecret);
    const second = await startQr(app().client());
    const id = await scanned(tablet, second.qrPayload);
    expect((await approveQr(tablet, id, second.comparisonNumber))['code']).toBe('REAUTHENTICATION_REQUIRED');
    expect((await stepUp(app(), ada, tablet, null))['__typename']).toBe('ReauthenticateSuccess');
    expect((await approveQr(tablet, id, second.comparisonNumber))['__typename']).toBe('ApproveQrSignInSuccess');
  });

  test('nobody who is not signed in', async () => {
    const { qrPayload } = await startQr(app().client());
    const { body } = await app()
      .client()
      .send('mutation ($p: Secret!) { scanQrSignIn(input: { qrPayload: $p }) { __typename } }', { p: qrPayload });
    expect(body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('not a second account, nor another session of the same one: the first that scans binds', async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    const code = await startQr(app().client());
    const id = await scanned(ada.browser, code.qrPayload);
    for (const other of [eve.browser, await ada.signsInElsewhere()]) {
      expect((await scanQr(other, code.qrPayload))['code']).toBe('TOKEN_INVALID');
      expect((await approveQr(other, id, code.comparisonNumber))['code']).toBe('NOT_FOUND');
      expect((await denyQr(other, id))['code']).toBe('NOT_FOUND');
    }
    // A reload scans again, and is harmless.
    expect(await scanned(ada.browser, code.qrPayload)).toBe(id);
    expect((await approveQr(ada.browser, id, code.comparisonNumber))['__typename']).toBe('ApproveQrSignInSuccess');
  });

  test('not staff, at any step', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const [before, after] = [await startQr(laptop), await startQr(laptop)];
    const id = await scanned(ada.browser, before.qrPayload);
    await letsIn(ada.browser, after);
    await app().ctx.db.execute(sql`update accounts set role = 'support' where id = ${await ada.accountId()}`);
    expect((await approveQr(ada.browser, id, before.comparisonNumber))['code']).toBe('NOT_FOUND');
    expect((await denyQr(ada.browser, id))['code']).toBe('NOT_FOUND');
    expect((await scanQr(ada.browser, before.qrPayload))['code']).toBe('TOKEN_INVALID');
    expect((await claimInTime(app(), laptop, after.claimSecret))['code']).toBe('TOKEN_INVALID');
  });
});

describe('the new session (R-101, R-045)', () => {
  test('is marked, has proven nothing, and changes no factor without step-up', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    await letsIn(ada.browser, code);
    const { viewer } = await claimInTime(app(), laptop, code.claimSecret);
    expect(viewer.currentSession).toMatchObject({ signInMethod: 'QR_CODE', reauthenticatedUntil: null });
    for (const [mutation, input] of [
      ['enrollSecondFactor', { method: 'TOTP' }],
      ['startPasskeyRegistration', null],
      ['changeEmail', { newEmail: 'eve@example.org' }],
    ] as const) {
      expect((await laptop.call(mutation, input))['code']).toBe('REAUTHENTICATION_REQUIRED');
    }
  });

  test('takes the place of the session that the browser had (R-033)', async () => {
    const [ada, eve] = [await app().person(), await app().person()];
    const stale = app().client();
    stale.cookies.set('rekey-session', eve.browser.cookies.get('rekey-session') as string);
    const code = await startQr(eve.browser);
    await letsIn(ada.browser, code);
    const { viewer } = await claimInTime(app(), eve.browser, code.claimSecret);
    expect(viewer.email).toBe(ada.email);
    expect((await stale.graphql('{ viewer { id } }'))['viewer']).toBeNull();
  });

  test('is as strong as the phone: two-factor and short-lived, or neither', async () => {
    const ada = await app().person();
    const lifetime = async (): Promise<number> => {
      const laptop = app().client();
      const code = await startQr(laptop);
      await letsIn(ada.browser, code);
      const { currentSession } = (await claimInTime(app(), laptop, code.claimSecret))['viewer'];
      return (Date.parse(currentSession.expiresAt) - Date.parse(currentSession.createdAt)) / 1000;
    };
    expect(await lifetime()).toBe(app().config.SESSION_ABSOLUTE_TTL);
    await addTotp(app(), ada);
    expect(await lifetime()).toBe(app().config.SESSION_2FA_ABSOLUTE_TTL);
    const methods = await rows<{ two_factor: boolean }>(
      app().ctx.db,
      sql`select two_factor from sessions where account_id = ${await ada.accountId()} and method = 'QR_CODE' order by created_at`,
    );
    expect(methods.map((row) => row.two_factor)).toEqual([false, true]);
  });

  test('does not come when the password was changed, or reset, after the approval', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const first = await startQr(laptop);
    await letsIn(ada.browser, first);
    const change = { currentPassword: ada.password, newPassword: OTHER_PASSWORD };
    expect((await ada.browser.call('changePassword', change))['__typename']).toBe('ChangePasswordSuccess');
    ada.password = OTHER_PASSWORD;
    expect((await claimInTime(app(), laptop, first.claimSecret))['code']).toBe('TOKEN_INVALID');
    const second = await startQr(laptop);
    await letsIn(ada.browser, second);
    await ada.resetsPassword('eleven patient whales dive');
    expect((await claimInTime(app(), laptop, second.claimSecret))['code']).toBe('TOKEN_INVALID');
    expect(await isSignedIn(laptop)).toBe(false);
  });

  test('does not come when the credentials changed between scan and approval, or the phone was signed out', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const first = await startQr(laptop);
    const id = await scanned(ada.browser, first.qrPayload);
    await ada.browser.call('changePassword', { currentPassword: ada.password, newPassword: OTHER_PASSWORD });
    expect((await approveQr(ada.browser, id, first.comparisonNumber))['code']).toBe('NOT_FOUND');
    const second = await startQr(laptop);
    await letsIn(ada.browser, second);
    await ada.browser.call('signOut', null);
    expect((await claimInTime(app(), laptop, second.claimSecret))['code']).toBe('TOKEN_INVALID');
  });
});

describe('the owner (R-104)', () => {
  test('is told which device was let in, sees it in the list, and ends it', async () => {
    const ada = await app().person();
    const laptop = app().client({
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36',
    });
    const code = await startQr(laptop);
    await letsIn(ada.browser, code);
    const [notice] = await app().mailTo(ada.email);
    expect(notice?.subject).toContain('A new device was signed in');
    expect(notice?.text).toContain(laptop.ip);
    expect(notice?.text).toContain('/not-me#');
    await claimInTime(app(), laptop, code.claimSecret);
    const { viewer } = await ada.browser.graphql(
      '{ viewer { sessions { nodes { id signInMethod device { summary } } } securityEvents { nodes { kind } } } }',
    );
    const born = viewer.sessions.nodes.find((node: { signInMethod: string }) => node.signInMethod === 'QR_CODE');
    expect(born.device.summary).toBe('Chrome on Windows');
    expect(viewer.securityEvents.nodes.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['QR_SIGN_IN_APPROVED', 'SIGNED_IN']),
    );
    await ada.browser.call('revokeSession', { sessionId: born.id });
    expect(await isSignedIn(laptop)).toBe(false);
  });

  test('undoes it with "this was not me": the device is out, staff look at the account', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    const laptop = app().client();
    const code = await startQr(laptop);
    await letsIn(ada.browser, code);
    await claimInTime(app(), laptop, code.claimSecret);
    const token = await newestToken(app(), ada.email, 'not-me');
    const outcome = await app().client().call('disownSecurityEvent', { token });
    expect(outcome['__typename']).toBe('DisownSecurityEventSuccess');
    expect(await isSignedIn(laptop)).toBe(false);
    const flags = await rows(app().ctx.db, sql`select 1 as ok from account_flags where account_id = ${accountId}`);
    expect(flags).toHaveLength(1);
  });

  test('sees in the record that a device was turned away', async () => {
    const ada = await app().person();
    const code = await startQr(app().client());
    await denyQr(ada.browser, await scanned(ada.browser, code.qrPayload));
    const { viewer } = await ada.browser.graphql('{ viewer { securityEvents(first: 1) { nodes { kind } } } }');
    expect(viewer.securityEvents.nodes).toEqual([{ kind: 'QR_SIGN_IN_DENIED' }]);
  });
});

describe('asking (R-105)', () => {
  test('too early is refused with the time to wait, from the first question on, and does not lengthen the wait', async () => {
    const laptop = app().client();
    const code = await startQr(laptop);
    for (let early = 0; early < 3; early += 1) {
      expect(await claimQr(laptop, code.claimSecret)).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 2 });
    }
    expect(await claimInTime(app(), laptop, code.claimSecret)).toMatchObject({ isScanned: false, pollAfterSeconds: 2 });
    expect((await claimQr(laptop, code.claimSecret))['code']).toBe('RATE_LIMITED');
    expect((await claimInTime(app(), laptop, code.claimSecret))['__typename']).toBe('QrSignInPending');
  });

  test('for an unknown, wrong, malformed, lapsed, foreign or used id gives one and the same answer', async () => {
    const ada = await app().person();
    const laptop = app().client();
    const live = await startQr(laptop);
    const used = await startQr(laptop);
    const usedId = await letsIn(ada.browser, used);
    await app().advance(2);
    const stranger = app().client();
    const answers = new Set<string>();
    const ask =
      'mutation ($s: Secret!) { claimQrSignIn(input: { claimSecret: $s }) { __typename ... on Problem { code message } } }';
    const unknown = `qr_${'A'.repeat(22)}.${'B'.repeat(43)}`;
    for (const secret of [unknown, live.claimSecret, live.claimSecret.replace(/\..*/, `.${'B'.repeat(43)}`), 'x', '']) {
      answers.add((await stranger.send(ask, { s: secret })).text);
    }
    await laptop.send(ask, { s: used.claimSecret });
    answers.add((await laptop.send(ask, { s: used.claimSecret })).text);
    expect([...answers]).toHaveLength(1);
    const eve = await app().person();
    const decisions = new Set<string>();
    for (const id of [usedId, live.claimSecret.split('.')[0] as string, `qr_${'A'.repeat(22)}`, 'x', '']) {
      decisions.add(JSON.stringify(await approveQr(eve.browser, id, '00')));
      decisions.add(JSON.stringify(await denyQr(eve.browser, id)));
    }
    expect([...decisions]).toHaveLength(1);
  });
});

describe('a relay: an attacker shows a picture of their own device', () => {
  test('without the number it is nothing, and with the picture alone nobody collects', async () => {
    const victim = await app().person();
    const attacker = app().client();
    const code = await startQr(attacker);
    // The victim is talked into scanning the attacker's picture, sent as an image.
    const read = (await throughCamera(code.qrPayload)) as string;
    const { request } = await scanQr(victim.browser, read);
    // The page says where the device really is: not in this room.
    expect(request).toMatchObject({ isSameNetwork: false, device: { ipAddress: attacker.ip } });
    // Tapping on, without a number before their eyes, opens nothing; nor do guesses.
    for (const typed of ['', wrong(code), wrong(code, 2)]) {
      expect((await approveQr(victim.browser, request.id, typed))['code']).toBe('PROOF_REJECTED');
    }
    expect((await claimInTime(app(), attacker, code.claimSecret))['code']).toBe('TOKEN_INVALID');
    expect(await isSignedIn(attacker)).toBe(false);
  });

  test('an attacker who photographs the picture on the victim’s own screen gets nothing', async () => {
    const victim = await app().person();
    const laptop = app().client();
    const code = await startQr(laptop);
    const photographed = (await throughCamera(code.qrPayload)) as string;
    await letsIn(victim.browser, code);
    await app().advance(2);
    const attacker = app().client();
    await startQr(attacker);
    expect((await claimQr(attacker, photographed.split('#')[1] as string))['code']).toBe('TOKEN_INVALID');
    expect((await claimQr(laptop, code.claimSecret))['viewer']).toMatchObject({ email: victim.email });
  });

  test('an attacker’s own phone that scans the victim’s picture first signs the victim’s laptop in as nobody', async () => {
    const [victim, eve] = [await app().person(), await app().person()];
    const laptop = app().client();
    const code = await startQr(laptop);
    await scanned(eve.browser, code.qrPayload);
    expect((await scanQr(victim.browser, code.qrPayload))['code']).toBe('TOKEN_INVALID');
    expect((await claimInTime(app(), laptop, code.claimSecret))['__typename']).toBe('QrSignInPending');
  });
});

describe('limits (R-102)', () => {
  test('1 000 starts of one network: 30 succeed, the others are told to wait, and the table stays small', async () => {
    const flood = app().client();
    const before = await countRequests();
    const answers = [];
    for (let start = 0; start < 1000; start += 1) answers.push(await tryStart(flood));
    expect(answers.filter((answer) => answer['__typename'] === 'StartQrSignInSuccess')).toHaveLength(30);
    expect(answers.at(-1)).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });
    expect(await countRequests()).toBeLessThanOrEqual(before + 30);
    const [hits] = await rows<{ most: number }>(
      app().ctx.db,
      sql`select max(cardinality(hits))::int as most from rate_hits where key like '%LIMIT_QR_START%'`,
    );
    expect(hits?.most).toBeLessThanOrEqual(31);
  });

  test('what has lapsed is cleared away by the next starts, without the worker', async () => {
    await app().advance(121);
    for (let start = 0; start < 20; start += 1) await startQr(app().client());
    expect(
      await countRequests(sql`expires_at <= now() + (select offset_seconds * interval '1 second' from test_clock)`),
    ).toBe(0);
    for (let round = 0; round < 5; round += 1) {
      await app().advance(121);
      for (let start = 0; start < 20; start += 1) await startQr(app().client());
      expect(await countRequests()).toBeLessThanOrEqual(40);
    }
  });

  test('one account scans thirty codes in ten minutes and no more', async () => {
    const ada = await app().person();
    const answers = [];
    for (let scan = 0; scan < 31; scan += 1) answers.push(await scanQr(ada.browser, 'x'));
    expect(answers.at(-1)?.['code']).toBe('RATE_LIMITED');
    expect(outcomes(answers).filter((name) => name === 'TokenInvalidProblem')).toHaveLength(30);
  });
});

describe('where the door is wide open', () => {
  let wide: App;
  beforeAll(async () => {
    wide = await openApp({ LIMIT_QR_START_PER_NETWORK: '0' });
  });
  afterAll(() => wide.close());

  test('a hundred open attempts of one network are enough; others are not kept out (R-102)', async () => {
    const flood = wide.client();
    const answers = [];
    for (let start = 0; start < 105; start += 1) answers.push(await tryStart(flood));
    expect(answers.filter((answer) => answer['__typename'] === 'StartQrSignInSuccess')).toHaveLength(100);
    expect(answers.at(-1)).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 120 });
    await startQr(wide.client());
    await wide.advance(121);
    await startQr(flood);
  });
});

describe('switched off', () => {
  let off: App;
  beforeAll(async () => {
    off = await openApp({ QR_SIGN_IN: 'off' });
  });
  afterAll(() => off.close());

  test('every step is refused, and the features say so (R-095)', async () => {
    const ada = await off.person();
    const token = `qr_${'A'.repeat(22)}.${'B'.repeat(43)}`;
    expect((await tryStart(off.client()))['code']).toBe('FEATURE_DISABLED');
    expect((await scanQr(ada.browser, token))['code']).toBe('TOKEN_INVALID');
    expect((await approveQr(ada.browser, `qr_${'A'.repeat(22)}`, '00'))['code']).toBe('NOT_FOUND');
    expect((await denyQr(ada.browser, `qr_${'A'.repeat(22)}`))['code']).toBe('NOT_FOUND');
    expect((await claimQr(off.client(), token))['code']).toBe('TOKEN_INVALID');
    expect((await off.client().graphql('{ securityFeatures { qrSignIn } }'))['securityFeatures'].qrSignIn).toBe(false);
  });
});

if (process.env['TEST_DATABASE_URL']) {
  describe('everything at once', () => {
    const times = <T>(count: number, work: (turn: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, turn) => work(turn)));

    const bornSessions = async (accountId: string): Promise<number> =>
      (await rows(app().ctx.db, sql`select id from sessions where account_id = ${accountId} and method = 'QR_CODE'`))
        .length;

    test('50 parallel claims: one session (R-097)', async () => {
      const ada = await app().person();
      const laptop = app().client();
      const code = await startQr(laptop);
      await letsIn(ada.browser, code);
      await app().advance(2);
      const answers = await times(50, () => claimQr(laptop, code.claimSecret));
      expect(outcomes(answers).filter((name) => name === 'SignInSuccess')).toHaveLength(1);
      expect(await bornSessions(await ada.accountId())).toBe(1);
    });

    test('50 parallel claims with the pace taken away: still one session (R-097)', async () => {
      const ada = await app().person();
      const laptop = app().client();
      const code = await startQr(laptop);
      await letsIn(ada.browser, code);
      await app().ctx.db.execute(
        sql`create function no_pace() returns trigger language plpgsql as
            'begin new.next_poll_at := ''-infinity''; return new; end'`,
      );
      await app().ctx.db.execute(
        sql`create trigger no_pace before update on qr_requests for each row execute function no_pace()`,
      );
      try {
        await app().advance(2);
        const answers = await times(50, () => claimQr(laptop, code.claimSecret));
        expect(outcomes(answers).filter((name) => name === 'SignInSuccess')).toHaveLength(1);
        expect(outcomes(answers).filter((name) => name === 'TokenInvalidProblem')).toHaveLength(49);
        expect(await bornSessions(await ada.accountId())).toBe(1);
      } finally {
        await app().ctx.db.execute(sql`drop function no_pace() cascade`);
      }
    });

    test('50 parallel approvals: one; 50 parallel guesses: three are compared (R-097, R-098)', async () => {
      const wide = await openApp({ LIMIT_GUESS: '100/900', LIMIT_QR_PER_ACCOUNT: '1000/600' });
      try {
        const ada = await wide.person();
        const code = await startQr(wide.client());
        const id = await scanned(ada.browser, code.qrPayload);
        const approvals = await times(50, () => approveQr(ada.browser, id, code.comparisonNumber));
        expect(outcomes(approvals).filter((name) => name === 'ApproveQrSignInSuccess')).toHaveLength(1);
        const guessed = await startQr(wide.client());
        const guessedId = await scanned(ada.browser, guessed.qrPayload);
        const guesses = await times(50, (turn) => approveQr(ada.browser, guessedId, wrong(guessed, turn + 1)));
        expect(outcomes(guesses).filter((name) => name === 'ProofRejectedProblem')).toHaveLength(3);
      } finally {
        await wide.close();
      }
    });

    test('eight phones scan at once: one binds (R-103)', async () => {
      const people = [];
      for (let person = 0; person < 8; person += 1) people.push(await app().person());
      const code = await startQr(app().client());
      const answers = await Promise.all(people.map(({ browser }) => scanQr(browser, code.qrPayload)));
      expect(outcomes(answers).filter((name) => name === 'ScanQrSignInSuccess')).toHaveLength(1);
    });

    test('an approval and a change of password at once: never a session that outlives the change', async () => {
      for (let round = 0; round < 5; round += 1) {
        const ada = await app().person();
        const laptop = app().client();
        const code = await startQr(laptop);
        await letsIn(ada.browser, code);
        await app().advance(2);
        const change = { currentPassword: ada.password, newPassword: OTHER_PASSWORD };
        const [, changed] = await Promise.all([
          claimQr(laptop, code.claimSecret).catch(() => null),
          ada.browser.call('changePassword', change),
        ]);
        expect(changed?.['__typename']).toBe('ChangePasswordSuccess');
        expect(await isSignedIn(laptop)).toBe(false);
      }
    });
  });
}
