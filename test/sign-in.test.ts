import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import type { Answer, Client } from './support/client.js';
import { foreignHashes, importAccount } from './support/imported.js';
import { GOOD_PASSWORD, OTHER_PASSWORD, type Person } from './support/person.js';

const app = useApp();

const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) {
  __typename ... on Problem { code message } ... on RateLimitProblem { retryAfterSeconds } ... on SignInBlockedProblem { reason } } }`;
const WRONG = 'not the password of anyone';

const attempt = (client: Client, email: string, password: string): Promise<Answer> =>
  client.send(SIGN_IN, { input: { email, password } });

/** What a client can tell answers apart by: status, headers but for the date, body. */
const visible = ({ status, headers, text }: Answer) => ({ status, text, headers: { ...headers, date: null } });

/** Guesses wrongly until the budget is used up. */
async function exhaust(email: string, client = app().client()): Promise<void> {
  for (let i = 0; i < 5; i += 1) await attempt(client, email, WRONG);
}

async function lock(person: Person): Promise<void> {
  await app().ctx.db.execute(
    sql`update accounts set locked_at = now(), lock_reason = 'ABUSE' where email_key = ${person.email}`,
  );
}

async function close(person: Person): Promise<void> {
  await app().ctx.db.execute(sql`update accounts set closed_at = now() where email_key = ${person.email}`);
}

describe('a stranger who guesses', () => {
  test('gets one answer for unknown, wrong, closed, locked, and passwordless accounts, byte for byte (R-015)', async () => {
    const [ada, shut, held] = [await app().person(), await app().person(), await app().person()];
    await close(shut);
    await lock(held);
    await importAccount(app().ctx, 'no.password@example.org', null);
    const emails = ['nobody@example.org', ada.email, shut.email, held.email, 'no.password@example.org'];
    const answers = [];
    for (const email of emails) answers.push(visible(await attempt(app().client(), email, WRONG)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.text).toContain('INVALID_CREDENTIALS');
  });

  test('gets that answer for a closed account even with its password, and learns of a lock only with it', async () => {
    const [shut, held] = [await app().person(), await app().person()];
    await close(shut);
    await lock(held);
    expect((await app().client().call('signIn', { email: shut.email, password: GOOD_PASSWORD }))['code']).toBe(
      'INVALID_CREDENTIALS',
    );
    expect(await app().client().call('signIn', { email: held.email, password: GOOD_PASSWORD })).toMatchObject({
      code: 'SIGN_IN_BLOCKED',
      reason: 'ACCOUNT_LOCKED',
    });
  });

  test('is throttled at the same attempt with the same answer whether or not the account exists (R-015, R-017, R-026)', async () => {
    const ada = await app().person();
    const seen = new Map<string, string[]>();
    for (const email of [ada.email, 'nobody.at.all@example.org']) {
      const texts: string[] = [];
      for (let i = 0; i < 8; i += 1) texts.push((await attempt(app().client(), email, WRONG)).text);
      seen.set(email, texts.map(withoutWait));
    }
    const [known, unknown] = [...seen.values()];
    expect(known).toEqual(unknown);
    expect(known?.slice(0, 5).every((text) => text.includes('INVALID_CREDENTIALS'))).toBe(true);
    expect(known?.slice(5).every((text) => text.includes('RATE_LIMITED'))).toBe(true);
  });

  test('learns nothing from a throttled attempt: right and wrong password answer alike, and nothing is hashed (R-025)', async () => {
    const ada = await app().person();
    await exhaust(ada.email);
    const right = await attempt(app().client(), ada.email, GOOD_PASSWORD);
    const wrong = await attempt(app().client(), ada.email, WRONG);
    expect(withoutWait(right.text)).toBe(withoutWait(wrong.text));
    expect(right.text).toContain('RATE_LIMITED');
  });

  test('gains nothing by spelling the address differently: one budget (R-024)', async () => {
    const ada = await app().person();
    const at = ada.email.indexOf('@');
    const spellings = [
      ada.email,
      ada.email.toUpperCase(),
      ` ${ada.email} `,
      `${ada.email.slice(0, at)}@EXAMPLE.org`,
      ada.email.replace('person', 'PERSON'),
    ];
    for (const email of spellings)
      expect((await attempt(app().client(), email, WRONG)).text).toContain('INVALID_CREDENTIALS');
    expect((await attempt(app().client(), ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
  });

  test('gains nothing by claiming to come from elsewhere: forged headers do not change who is counted (R-023)', async () => {
    const ada = await app().person();
    for (let i = 0; i < 6; i += 1) {
      const headers = {
        'x-forwarded-for': `198.51.100.${i}`,
        forwarded: `for=198.51.100.${i}`,
        'x-real-ip': `9.9.9.${i}`,
      };
      await app()
        .client()
        .send(SIGN_IN, { input: { email: ada.email, password: WRONG } }, headers);
    }
    const events = await rows<{ ip: string }>(
      app().ctx.db,
      sql`select distinct ip from security_events where email_key = ${ada.email} and kind = 'sign_in_failed'`,
    );
    expect(events.every(({ ip }) => ip.startsWith('10.'))).toBe(true);
  });

  test('shares one budget over all doors to the password: change and sign-in (R-022)', async () => {
    const ada = await app().person();
    ada.browser.cookies.delete('rekey-device');
    for (let i = 0; i < 5; i += 1) {
      const refused = await ada.browser.call('changePassword', { currentPassword: WRONG, newPassword: OTHER_PASSWORD });
      expect(refused['code']).toBe('INVALID_CREDENTIALS');
    }
    expect((await attempt(app().client(), ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
  });

  test('writes the same rows for a known and an unknown address (R-016)', async () => {
    const ada = await app().person();
    const written = async (email: string) => {
      const count = async () => {
        const [row] = await rows<{ n: number }>(
          app().ctx.db,
          sql`select ((select count(*) from security_events) * 1000000 + (select count(*) from attempt_counters) * 1000
                + (select count(*) from unjudged_events))::int as n`,
        );
        return row?.n ?? 0;
      };
      const before = await count();
      await attempt(app().client(), email, WRONG);
      return (await count()) - before;
    };
    expect(await written(ada.email)).toBe(await written('nobody.writes@example.org'));
  });
});

const withoutWait = (text: string): string => text.replace(/"retryAfterSeconds":\d+/, '"retryAfterSeconds":0');

describe('the owner of an account under attack', () => {
  test('comes in from a browser that signed in before, while the address is throttled (R-020)', async () => {
    const ada = await app().person();
    await exhaust(ada.email);
    expect((await attempt(app().client(), ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
    expect((await attempt(ada.browser, ada.email, GOOD_PASSWORD)).text).toContain('SignInSuccess');
  });

  test('is told when to come back, and may then (R-017)', async () => {
    const ada = await app().person();
    await exhaust(ada.email);
    await app().advance(300);
    const refused = await app().client().call('signIn', { email: ada.email, password: GOOD_PASSWORD });
    expect(refused['retryAfterSeconds']).toBeGreaterThan(590);
    expect(refused['retryAfterSeconds']).toBeLessThanOrEqual(600);
    await app().advance(refused['retryAfterSeconds'] as number);
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test('can always reset the password, and is then not throttled any more (R-020)', async () => {
    const ada = await app().person();
    await exhaust(ada.email);
    expect((await ada.resetsPassword(OTHER_PASSWORD))['__typename']).toBe('CompletePasswordResetSuccess');
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test('is not helped by a cookie that somebody made up, or got with another account', async () => {
    const [ada, mallory] = [await app().person(), await app().person()];
    await exhaust(ada.email);
    expect((await attempt(mallory.browser, ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
    const forger = app().client();
    forger.cookies.set('rekey-device', `dev_${'A'.repeat(22)}.${'B'.repeat(43)}`);
    expect((await attempt(forger, ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
  });

  test('has a budget for the known browser too: a stolen cookie is no endless door', async () => {
    const ada = await app().person();
    for (let i = 0; i < 5; i += 1)
      expect((await attempt(ada.browser, ada.email, WRONG)).text).toContain('INVALID_CREDENTIALS');
    expect((await attempt(ada.browser, ada.email, GOOD_PASSWORD)).text).toContain('RATE_LIMITED');
  });

  test('gets a notice of a sign-in from a new device, and none from a known one (R-029)', async () => {
    const ada = await app().person();
    const elsewhere = await ada.signsInElsewhere();
    const notices = async () =>
      (await app().mailTo(ada.email)).filter(({ subject }) => subject === 'New sign-in to your account – Rekey');
    expect(await notices()).toHaveLength(1);
    await attempt(elsewhere, ada.email, GOOD_PASSWORD);
    await attempt(ada.browser, ada.email, GOOD_PASSWORD);
    expect(await notices()).toHaveLength(1);
  });
});

describe('the right password', () => {
  test('is compared exactly: case, spaces and every character count, in NFC (R-004, R-007)', async () => {
    const person = await app().person({ password: 'sept chevaux violets é galopent' });
    const variants = [' sept chevaux violets é galopent', 'Sept chevaux violets é galopent', 'sept chevaux violets é'];
    for (const password of variants)
      expect((await attempt(app().client(), person.email, password)).text).toContain('INVALID_CREDENTIALS');
    const decomposed = 'sept chevaux violets e\u0301 galopent';
    expect((await attempt(app().client(), person.email, decomposed)).text).toContain('SignInSuccess');
  });

  test('signs in also where its failures cannot be forgotten, and says so in the log', async () => {
    const person = await app().person();
    const { db } = app().ctx;
    await db.execute(
      sql`create function stuck() returns trigger language plpgsql as 'begin raise exception ''the disk is full''; end'`,
    );
    await db.execute(sql`create trigger stuck before delete on attempt_counters execute function stuck()`);
    try {
      expect((await attempt(app().client(), person.email, person.password)).text).toContain('SignInSuccess');
      expect(app().logLines.some((line) => line.includes('attempts_not_cleared'))).toBe(true);
    } finally {
      await db.execute(sql`drop trigger stuck on attempt_counters`);
      await db.execute(sql`drop function stuck`);
    }
  });

  test('of 200 characters signs in whole and not cut (R-004)', async () => {
    const password = Array.from({ length: 40 }, (_, i) => `w${i}${'xyz'[i % 3]}`)
      .join('-')
      .padEnd(200, '.')
      .slice(0, 200);
    const person = await app().person({ password });
    for (const length of [64, 72, 128, 199])
      expect((await attempt(app().client(), person.email, password.slice(0, length))).text).toContain('INVALID');
    await app().advance(901);
    expect((await attempt(app().client(), person.email, password)).text).toContain('SignInSuccess');
  });

  test('of 90 kB is as wrong as any (R-005)', async () => {
    const ada = await app().person();
    const huge = await attempt(app().client(), ada.email, 'x'.repeat(90_000));
    const wrong = await attempt(app().client(), ada.email, WRONG);
    expect(visible(huge)).toEqual(visible(wrong));
  });

  test.each(['\ud800', '\udc00', '\0'])(
    'that no text can be (%j) is a mistake of the input, for every address (R-008, R-009)',
    async (character) => {
      const ada = await app().person();
      const answers = [];
      for (const email of [ada.email, 'nobody.surrogate@example.org'])
        answers.push(visible(await attempt(app().client(), email, `${GOOD_PASSWORD}${character}`)));
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0]?.text).toContain('INVALID_INPUT');
    },
  );

  test('never expires by itself (R-012)', async () => {
    const ada = await app().person();
    await app().advance(400 * 86_400);
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test.each(Object.keys(foreignHashes))(
    'signs in with a hash from elsewhere (%s), which is then replaced (R-002)',
    async (name) => {
      const email = `imported.${name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '.')
        .replaceAll(/^\.|\.$/g, '')}@example.org`;
      const accountId = await importAccount(app().ctx, email, foreignHashes[name]?.(GOOD_PASSWORD) ?? '');
      const stored = async () =>
        (await rows<{ hash: string }>(app().ctx.db, sql`select hash from passwords where account_id = ${accountId}`))[0]
          ?.hash;
      const before = await stored();
      expect((await attempt(app().client(), email, WRONG)).text).toContain('INVALID_CREDENTIALS');
      expect(await stored()).toBe(before);
      expect((await attempt(app().client(), email, GOOD_PASSWORD)).text).toContain('SignInSuccess');
      expect(await stored()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect((await attempt(app().client(), email, GOOD_PASSWORD)).text).toContain('SignInSuccess');
    },
  );
});

describe('signing in', () => {
  test('makes a new token each time and never adopts one that the client brought (R-033)', async () => {
    const ada = await app().person();
    const client = app().client();
    const madeUp = 'A'.repeat(43);
    client.cookies.set('rekey-session', madeUp);
    await attempt(client, ada.email, GOOD_PASSWORD);
    const first = client.cookies.get('rekey-session');
    expect(first).not.toBe(madeUp);
    const forger = app().client();
    forger.cookies.set('rekey-session', madeUp);
    expect(await forger.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    await attempt(client, ada.email, GOOD_PASSWORD);
    expect(client.cookies.get('rekey-session')).not.toBe(first);
  });

  test('ends the session that the browser had until then (R-033)', async () => {
    const [ada, ben] = [await app().person(), await app().person()];
    const before = app().client();
    before.cookies.set('rekey-session', ada.browser.cookies.get('rekey-session') ?? '');
    expect((await before.graphql('{ viewer { email } }'))['viewer']).toEqual({ email: ada.email });
    await attempt(ada.browser, ben.email, GOOD_PASSWORD);
    expect(await before.graphql('{ viewer { email } }')).toEqual({ viewer: null });
    expect((await ada.browser.graphql('{ viewer { email } }'))['viewer']).toEqual({ email: ben.email });
  });

  test('sets a cookie that ends with the browser, unless the person asks to stay signed in', async () => {
    const ada = await app().person();
    const cookieOf = async (persistent: boolean) => {
      const answer = await app()
        .client()
        .send(SIGN_IN, { input: { email: ada.email, password: GOOD_PASSWORD, persistent } });
      return [answer.headers['set-cookie'] ?? ''].flat().find((line) => String(line).startsWith('rekey-session='));
    };
    expect(await cookieOf(false)).not.toMatch(/max-age|expires/i);
    expect(await cookieOf(true)).toMatch(/Max-Age=2592000/);
  });

  test('answers a token only to a native app, and a cookie only to a browser (R-041)', async () => {
    const ada = await app().person();
    const phone = app().client();
    const outcome = await phone.call(
      'signIn',
      { email: ada.email, password: GOOD_PASSWORD, transport: 'BEARER' },
      '... on SignInSuccess { sessionToken }',
    );
    expect([...phone.cookies.keys()]).toEqual([]);
    phone.bearer = outcome['sessionToken'] as string;
    expect((await phone.graphql('{ viewer { email } }'))['viewer']).toEqual({ email: ada.email });
    const browser = await app()
      .client()
      .call('signIn', { email: ada.email, password: GOOD_PASSWORD }, '... on SignInSuccess { sessionToken }');
    expect(browser['sessionToken']).toBeNull();
  });

  test('is refused for what cannot be an address, before anything is counted', async () => {
    for (const email of ['ada', 'ada@example', 'a@x.org\0', 'a@x.org,b@x.org'])
      expect((await attempt(app().client(), email, WRONG)).text).toContain('INVALID_INPUT');
  });

  test('leaves a trace of each outcome, and never the password (R-176, R-178)', async () => {
    const ada = await app().person();
    await attempt(app().client(), ada.email, 'canary-password-in-a-log');
    await ada.signsInElsewhere();
    const kinds = await rows<{ kind: string }>(
      app().ctx.db,
      sql`select kind from security_events where email_key = ${ada.email} or account_id = ${await ada.accountId()}`,
    );
    expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['sign_in_failed', 'signed_in']));
    expect(app().logLines.join('')).not.toContain('canary-password-in-a-log');
  });
});
