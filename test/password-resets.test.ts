import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { openApp, useApp } from './support/app.js';
import { addPhone, newNumber } from './support/factors.js';
import { GOOD_PASSWORD, newestToken, OTHER_PASSWORD, type Person } from './support/person.js';

const app = useApp();

const REQUEST = `mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) {
  __typename ... on RequestPasswordResetAccepted { linkLifetimeMinutes resendAfterSeconds } ... on Problem { code message } } }`;
const COMPLETE = `mutation ($input: CompletePasswordResetInput!) { completePasswordReset(input: $input) {
  __typename ... on Problem { code message } } }`;

const request = (email: string, headers = {}) => app().client().send(REQUEST, { input: { email } }, headers);
const complete = (token: string, newPassword = OTHER_PASSWORD) =>
  app().client().call('completePasswordReset', { token, newPassword });

/** Asks for a link and reads it in the letter. */
async function nextLink(person: Person): Promise<string> {
  await person.asksForReset();
  return person.nextToken('reset-password');
}

const lettersTo = async (email: string) =>
  (await app().mailTo(email)).filter(({ subject }) => subject === 'Reset your Rekey password');

async function change(person: Person, column: 'locked' | 'closed'): Promise<void> {
  const set = column === 'locked' ? sql`locked_at = now(), lock_reason = 'ABUSE'` : sql`closed_at = now()`;
  await app().ctx.db.execute(sql`update accounts set ${set} where email_key = ${person.email}`);
}

describe('a person who forgot the password', () => {
  test('gets a letter with a Reset My Password button that works for 30 minutes', async () => {
    const ada = await app().person();
    const accepted = await ada.asksForReset();
    expect(accepted).toMatchObject({ __typename: 'RequestPasswordResetAccepted' });
    const [letter] = await app().mailTo(ada.email);
    expect(letter?.subject).toBe('Reset your Rekey password');
    for (const form of [letter?.text, letter?.html]) {
      expect(form).toContain('Reset My Password');
      expect(form).toContain('30 minutes');
      expect(form).toMatch(/http:\/\/localhost:4000\/reset-password#prst_[\w-]{22}\.[\w-]{43}/);
    }
  });

  test('sets a new password, and every session on every device is over (R-059)', async () => {
    const ada = await app().person();
    const phone = await ada.signsInElsewhere();
    const outcome = await ada.resetsPassword(OTHER_PASSWORD);
    expect(outcome['__typename']).toBe('CompletePasswordResetSuccess');
    for (const client of [ada.browser, phone]) {
      expect(await client.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    }
    const old = await app().client().call('signIn', { email: ada.email, password: GOOD_PASSWORD });
    expect(old['code']).toBe('INVALID_CREDENTIALS');
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test('may open the link as often as they like: looking uses nothing up (R-055, R-064)', async () => {
    const ada = await app().person();
    const token = await nextLink(ada);
    for (let i = 0; i < 20; i += 1) {
      const ticket = await app()
        .client()
        .call('inspectPasswordReset', { token }, '... on PasswordResetTicket { maskedEmail secondFactor { methods } }');
      expect(ticket).toMatchObject({ __typename: 'PasswordResetTicket', secondFactor: null });
      expect(ticket['maskedEmail']).toBe(`p•••@example.org`);
    }
    expect((await complete(token))['__typename']).toBe('CompletePasswordResetSuccess');
  });

  test('may fail the policy first: a refused password costs no link (R-058)', async () => {
    const ada = await app().person();
    const token = await nextLink(ada);
    for (const weak of ['passwordpassword', 'too short', ada.email, '\ud800 a text that none can be', 'x'.repeat(257)])
      expect((await complete(token, weak))['code']).toMatch(/PASSWORD_REJECTED|INVALID_INPUT/);
    expect((await complete(token))['__typename']).toBe('CompletePasswordResetSuccess');
  });

  test('uses a link once (R-051)', async () => {
    const ada = await app().person();
    const token = await nextLink(ada);
    await complete(token);
    expect((await complete(token, GOOD_PASSWORD))['code']).toBe('TOKEN_INVALID');
    expect((await app().client().call('inspectPasswordReset', { token }))['code']).toBe('TOKEN_INVALID');
  });

  test('is not signed in by it: no session cookie, no token in the answer (R-060)', async () => {
    const ada = await app().person();
    const client = app().client();
    const answer = await client.send(COMPLETE, { input: { token: await nextLink(ada), newPassword: OTHER_PASSWORD } });
    expect([...client.cookies.keys()]).toEqual(['rekey-device']);
    expect(await client.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    expect(answer.text).not.toMatch(/[\w-]{43}/);
  });

  test('has 29 minutes and 59 seconds, and not a second after the thirtieth minute (R-050)', async () => {
    const [early, late] = [await app().person(), await app().person()];
    const tokens = [await nextLink(early), await nextLink(late)];
    await app().advance(1795);
    expect((await complete(tokens[0] ?? ''))['__typename']).toBe('CompletePasswordResetSuccess');
    await app().advance(6);
    expect((await complete(tokens[1] ?? ''))['code']).toBe('TOKEN_INVALID');
  });

  test('can use any link that was really sent; using one voids the others (R-052)', async () => {
    const ada = await app().person();
    const first = await nextLink(ada);
    await app().advance(61);
    const second = await nextLink(ada);
    expect(second).not.toBe(first);
    expect((await app().client().call('inspectPasswordReset', { token: first }))['__typename']).toBe(
      'PasswordResetTicket',
    );
    expect((await complete(first))['__typename']).toBe('CompletePasswordResetSuccess');
    expect((await complete(second))['code']).toBe('TOKEN_INVALID');
  });

  test('is told at the stored address, with a way to say that it was not them (R-062)', async () => {
    const ada = await app().person();
    await ada.resetsPassword(OTHER_PASSWORD);
    const [notice] = await app().mailTo(ada.email);
    expect(notice?.subject).toBe('Your password was reset – Rekey');
    expect(notice?.text).toContain('/not-me#');
    expect(notice?.text).not.toContain(OTHER_PASSWORD);
  });

  test('keeps everything as it was by only asking: password, sessions, sign-in (R-056)', async () => {
    const ada = await app().person();
    for (let i = 0; i < 10; i += 1) await ada.asksForReset();
    await app().work();
    expect((await ada.browser.graphql('{ viewer { email } }'))['viewer']).toEqual({ email: ada.email });
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });
});

describe('whatever the address', () => {
  test('the answer is the same byte for byte: known, unknown, closed, locked, throttled (R-047)', async () => {
    const [known, shut, held, often] = [
      await app().person(),
      await app().person(),
      await app().person(),
      await app().person(),
    ];
    await change(shut, 'closed');
    await change(held, 'locked');
    for (let i = 0; i < 5; i += 1) await often.asksForReset();
    const answers = [];
    for (const { email } of [known, shut, held, often, { email: 'nobody@example.org' }]) {
      const { status, text, headers } = await request(email);
      answers.push({ status, text, headers: { ...headers, date: null } });
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.text).toContain('"linkLifetimeMinutes":30');
  });

  test('the request writes one event and one outbox row, and nothing else (R-048)', async () => {
    const ada = await app().person();
    await app().work();
    const written = async (email: string) => {
      const count = async () =>
        (
          await rows<{ events: number; letters: number; links: number }>(
            app().ctx.db,
            sql`select (select count(*)::int from security_events) as events, (select count(*)::int from outbox) as letters,
                  (select count(*)::int from password_resets) as links`,
          )
        )[0] as { events: number; letters: number; links: number };
      const before = await count();
      await request(email);
      const after = await count();
      return [after.events - before.events, after.letters - before.letters, after.links - before.links];
    };
    expect(await written(ada.email)).toEqual([1, 1, 0]);
    expect(await written('nobody.here@example.org')).toEqual([1, 1, 0]);
  });

  test('nobody but an open account gets a letter, and it goes to the stored address, not the typed one (R-121)', async () => {
    const [ada, shut, held] = [await app().person(), await app().person(), await app().person()];
    await change(shut, 'closed');
    await change(held, 'locked');
    const typed = ada.email.replace('person', 'PeRsOn');
    for (const email of [typed, shut.email, held.email, 'nobody@example.org']) await request(email);
    expect(await lettersTo(ada.email)).toHaveLength(1);
    for (const email of [typed, shut.email, held.email, 'nobody@example.org'])
      expect(await lettersTo(email)).toHaveLength(0);
  });

  test('look-alikes of an address reach nobody (R-120, R-121)', async () => {
    await app().person({ email: 'mike@example.org' });
    const before = (await lettersTo('mike@example.org')).length;
    for (const email of ['m\u0131ke@example.org', 'mi\u212Ae@example.org', '\uFF4Dike@example.org']) {
      const answer = await request(email);
      expect(answer.text).toMatch(/INVALID_INPUT|RequestPasswordResetAccepted/);
    }
    expect(await lettersTo('mike@example.org')).toHaveLength(before);
  });

  test.each(['ada', 'a@x.org,b@x.org', 'ada@x.org\nBcc: b@x.org', '<a@x.org>'])(
    'what cannot be an address (%j) is said at once',
    async (email) => {
      expect((await request(email)).text).toContain('INVALID_INPUT');
    },
  );

  test('the link is built from the configuration alone (R-053)', async () => {
    const ada = await app().person();
    await request(ada.email, {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'ftp',
      forwarded: 'host=evil.example',
      referer: 'http://evil.example/',
    });
    const [letter] = await lettersTo(ada.email);
    expect(letter?.text).toMatch(/http:\/\/localhost:4000\/reset-password#/);
    expect(`${letter?.text}${letter?.html}`).not.toContain('evil');
  });
});

describe('somebody who asks for letters to another’s address', () => {
  test('causes one a minute and three in half an hour, silently; the first links still work (R-057, R-052)', async () => {
    const ada = await app().person();
    const first = await nextLink(ada);
    for (let i = 0; i < 10; i += 1) await ada.asksForReset();
    expect(await lettersTo(ada.email)).toHaveLength(1);
    for (let minute = 0; minute < 10; minute += 1) {
      await app().advance(61);
      await ada.asksForReset();
      await app().work();
    }
    expect(await lettersTo(ada.email)).toHaveLength(3);
    expect((await complete(first))['__typename']).toBe('CompletePasswordResetSuccess');
  });

  test('can never leave the owner without a valid link, by asking as often as they like for hours (R-057)', async () => {
    const ada = await app().person();
    let newest = '';
    for (let slot = 0; slot < 24; slot += 1) {
      await ada.asksForReset();
      const [letter] = await lettersTo(ada.email);
      newest = /#(prst_\S+)/.exec(letter?.text ?? '')?.[1] ?? newest;
      await app().advance(598);
      const ticket = await app().client().call('inspectPasswordReset', { token: newest });
      expect([slot, ticket['__typename']]).toEqual([slot, 'PasswordResetTicket']);
      await app().advance(2);
    }
    // Three in each half hour until ten are out, then one.
    expect(await lettersTo(ada.email)).toHaveLength(14);
  });

  test('cannot do so either where the owner is reached by text, whose links die after ten minutes (R-057, R-068)', async () => {
    const ada = await app().person();
    const number = newNumber();
    await addPhone(app(), ada, number);
    await ada.browser.call('chooseNotificationChannel', { channel: 'SMS' });
    await app().advance(86_400);
    let newest = '';
    let sent = 0;
    for (let minute = 0; minute < 150; minute += 1) {
      await ada.asksForReset();
      const links = (await app().mailTo(number)).flatMap(({ text }) => /#(prst_\S+)/.exec(text)?.[1] ?? []);
      [newest = '', sent] = [links[0] ?? '', links.length];
      const ticket = await app().client().call('inspectPasswordReset', { token: newest });
      expect([minute, ticket['__typename']]).toEqual([minute, 'PasswordResetTicket']);
      await app().advance(60);
    }
    // Three at once, then one whenever the last is dead.
    expect(sent).toBe(17);
    expect(await lettersTo(ada.email)).toHaveLength(0);
  });

  test('meets a visible limit for their network, the same for every address', async () => {
    const strict = await openApp({ LIMIT_MAIL_PER_NETWORK: '5/3600' });
    try {
      const ada = await strict.person();
      const client = strict.client();
      for (let i = 0; i < 5; i += 1) await client.call('requestPasswordReset', { email: `n${i}@example.org` });
      const answers = [];
      for (const email of [ada.email, 'nobody@example.org'])
        answers.push((await client.send(REQUEST, { input: { email } })).text);
      expect(answers[0]).toContain('RATE_LIMITED');
      expect(answers[0]).toBe(answers[1]);
    } finally {
      await strict.close();
    }
  });
});

describe('a token', () => {
  test('that is unknown, used, lapsed, of another purpose or malformed gets one answer (R-063)', async () => {
    const [used, lapsed, other] = [await app().person(), await app().person(), await app().person()];
    const lapsedToken = await nextLink(lapsed);
    await app().advance(1801);
    const usedToken = await nextLink(used);
    await complete(usedToken);
    await app().client().call('signUp', { email: 'purpose@example.org' });
    const foreign = await newestToken(app(), 'purpose@example.org', 'sign-up');
    const good = await nextLink(other);
    const forged = `${good.slice(0, -4)}AAAA`;
    const tokens = [
      usedToken,
      lapsedToken,
      foreign,
      foreign.replace('sgnp_', 'prst_'),
      forged,
      '',
      'x',
      '\0',
      `' or 1=1 --`,
    ];
    const answers = new Set<string>();
    for (const token of tokens)
      answers.add(
        (
          await app()
            .client()
            .send(COMPLETE, { input: { token, newPassword: OTHER_PASSWORD } })
        ).text,
      );
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('TOKEN_INVALID');
    expect((await complete(good))['__typename']).toBe('CompletePasswordResetSuccess');
  });

  test('is void once the account is locked, closed or its password changed by another way (R-059)', async () => {
    const [held, shut, changed] = [await app().person(), await app().person(), await app().person()];
    const tokens = [await nextLink(held), await nextLink(shut), await nextLink(changed)];
    await change(held, 'locked');
    await change(shut, 'closed');
    await changed.browser.call('changePassword', { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD });
    for (const token of tokens) expect((await complete(token))['code']).toBe('TOKEN_INVALID');
  });

  test('lies nowhere in the database, neither in a queue nor in a row (R-032, R-049)', async () => {
    const ada = await app().person();
    await ada.asksForReset();
    const [queued] = await rows<{ row: string }>(
      app().ctx.db,
      sql`select o::text as row from outbox o where message = 'password_reset' and done_at is null order by id desc limit 1`,
    );
    expect(queued?.row).not.toContain('prst_');
    const secret = (await ada.nextToken('reset-password')).split('.')[1] as string;
    const tables = await rows<{ name: string }>(
      app().ctx.db,
      sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    for (const { name } of tables) {
      const [found] = await rows<{ n: number }>(
        app().ctx.db,
        sql`select count(*)::int as n from ${sql.identifier(name)} t where t::text like ${`%${secret}%`}`,
      );
      expect([name, found?.n]).toEqual([name, 0]);
    }
    expect(app().logLines.join('')).not.toContain(secret);
  });
});

describe('a person signed in', () => {
  const SELECTION =
    '... on SendPasswordResetLinkSuccess { delivery { channel maskedDestination expiresAt resendAfterSeconds } }';

  test('sends a link to the own address, is told where it went, masked, and stays signed in (R-066, R-073)', async () => {
    const ada = await app().person();
    const sent = await ada.browser.call('sendPasswordResetLink', { channel: 'EMAIL' }, SELECTION);
    expect(sent['delivery']).toMatchObject({ channel: 'EMAIL', maskedDestination: 'p•••@example.org' });
    const token = await ada.nextToken('reset-password');
    expect((await ada.browser.graphql('{ viewer { email } }'))['viewer']).not.toBeNull();
    expect((await complete(token))['__typename']).toBe('CompletePasswordResetSuccess');
    expect(await ada.browser.graphql('{ viewer { id } }')).toEqual({ viewer: null });
  });

  test('has the time from the request on: the letter does not lengthen it', async () => {
    const ada = await app().person();
    await ada.browser.call('sendPasswordResetLink', {}, SELECTION);
    await app().advance(1000);
    const token = await ada.nextToken('reset-password');
    await app().advance(795);
    expect((await app().client().call('inspectPasswordReset', { token }))['__typename']).toBe('PasswordResetTicket');
    await app().advance(6);
    expect((await complete(token))['code']).toBe('TOKEN_INVALID');
  });

  test('is refused a channel that is not set up, and a stranger is refused altogether', async () => {
    const ada = await app().person();
    const refused = await ada.browser.call('sendPasswordResetLink', { channel: 'SMS' });
    expect(refused['code']).toBe('CHANNEL_UNAVAILABLE');
    const stranger = await app().client().send('mutation { sendPasswordResetLink { __typename } }');
    expect(stranger.body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('gets three in half an hour, and is then told to wait', async () => {
    const ada = await app().person();
    for (let i = 0; i < 3; i += 1)
      expect((await ada.browser.call('sendPasswordResetLink', {}, SELECTION))['delivery']).toBeDefined();
    expect((await ada.browser.call('sendPasswordResetLink', {}, SELECTION))['code']).toBe('RATE_LIMITED');
  });
});
