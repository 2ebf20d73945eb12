import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { digest } from '../src/base/secrets.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Client } from './support/client.js';
import { GOOD_PASSWORD, type Person } from './support/person.js';

const app = useApp({ SESSION_IDLE_TTL: '3600', SESSION_ABSOLUTE_TTL: '7200', MAX_SESSIONS: '4' });

const COOKIE = 'rekey-session';
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const tokenOf = (client: Client): string => client.cookies.get(COOKIE) ?? '';

async function isSignedIn(client: Client): Promise<boolean> {
  return (await client.graphql('{ viewer { id } }'))['viewer'] !== null;
}

/** Sends a session token of somebody's choice. */
function withToken(token: string): Client {
  const client = app().client();
  client.cookies.set(COOKIE, token);
  return client;
}

async function listed(client: Client) {
  const { viewer } = await client.graphql(
    '{ viewer { sessions { totalCount nodes { id isCurrent signInMethod device { summary ipAddress } createdAt lastUsedAt expiresAt reauthenticatedUntil } } } }',
  );
  return viewer.sessions as {
    totalCount: number;
    nodes: { id: string; isCurrent: boolean; [field: string]: unknown }[];
  };
}

const otherIdOf = async (client: Client): Promise<string> =>
  (await listed(client)).nodes.find(({ isCurrent }) => !isCurrent)?.id ?? '';

/** Signs in with a bearer token, as a native app. */
async function nativeApp(person: Person): Promise<Client> {
  const phone = app().client();
  const input = { email: person.email, password: person.password, transport: 'BEARER' };
  phone.bearer = (await phone.call('signIn', input, '... on SignInSuccess { sessionToken }'))['sessionToken'] as string;
  return phone;
}

describe('a session', () => {
  test('lasts while it is used, and not longer than the idle limit without use (R-036)', async () => {
    const ada = await app().person();
    await app().advance(3500);
    expect(await isSignedIn(ada.browser)).toBe(true);
    await app().advance(3599);
    expect(await isSignedIn(ada.browser)).toBe(true);
    const idle = await app().person();
    await app().advance(3601);
    expect(await isSignedIn(idle.browser)).toBe(false);
  });

  test('ends at the absolute limit, however busy it is (R-036)', async () => {
    const ada = await app().person();
    for (let minute = 0; minute < 118; minute += 30) {
      await app().advance(1800 - 15);
      expect(await isSignedIn(ada.browser)).toBe(true);
    }
    await app().advance(61);
    expect(await isSignedIn(ada.browser)).toBe(false);
  });

  test('notes its last use to the minute, and not at each request', async () => {
    const ada = await app().person();
    const lastUse = async () => (await listed(ada.browser)).nodes[0]?.['lastUsedAt'];
    const first = await lastUse();
    await app().advance(55);
    expect(await lastUse()).toBe(first);
    await app().advance(10);
    await isSignedIn(ada.browser);
    const second = await lastUse();
    expect(new Date(second as string).getTime()).toBeGreaterThan(new Date(first as string).getTime() + 60_000);
  });

  test('is kept as a digest; neither the digest nor its id opens anything (R-031, R-032, R-039)', async () => {
    const ada = await app().person();
    const token = tokenOf(ada.browser);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const [row] = await rows<{ id: string; digest: string; dump: string }>(
      app().ctx.db,
      sql`select id, digest, s::text as dump from sessions s where digest = ${digest('session', token)}`,
    );
    expect(row?.dump).not.toContain(token);
    for (const stolen of [row?.digest, row?.id]) expect(await isSignedIn(withToken(stolen ?? ''))).toBe(false);
  });

  test('has a token of 256 bits that means nothing (R-031)', async () => {
    const ada = await app().person();
    const tokens = new Set([tokenOf(ada.browser)]);
    for (let i = 0; i < 20; i += 1) tokens.add(tokenOf(await ada.signsInElsewhere()));
    expect(tokens.size).toBe(21);
    expect(new Set([...tokens].map((token) => token.slice(0, 3))).size).toBeGreaterThan(15);
  });

  test('answers unknown, malformed, ended and lapsed tokens alike, and never with 5xx (R-034)', async () => {
    const ada = await app().person();
    const ended = tokenOf(await ada.signsInElsewhere());
    await withToken(ended).call('signOut', null);
    const tokens = ['', 'x', 'A'.repeat(43), 'x'.repeat(10_000), '%', `'--`, '%00', '\u00e9', ended];
    const answers = [];
    for (const token of tokens) {
      const answer = await withToken(token).send('mutation { revokeOtherSessions { __typename } }');
      answers.push([answer.status, answer.text]);
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.[1]).toContain('UNAUTHENTICATED');
  });

  test('is over at once when the person signs out, and its cookie is cleared (R-035, R-040)', async () => {
    const ada = await app().person();
    const copy = withToken(tokenOf(ada.browser));
    const answer = await ada.browser.send('mutation { signOut { ... on SignOutSuccess { sessionEnded } } }');
    expect(answer.body.data).toEqual({ signOut: { sessionEnded: true } });
    expect(String([answer.headers['set-cookie']].flat()[0])).toMatch(/^rekey-session=; .*Expires=Thu, 01 Jan 1970/);
    expect(await isSignedIn(copy)).toBe(false);
  });

  test('that is over already can be signed out of, but a late answer clears no fresh cookie', async () => {
    const answer = await withToken('A'.repeat(43)).send(
      'mutation { signOut { ... on SignOutSuccess { sessionEnded } } }',
    );
    expect(answer.body.data).toEqual({ signOut: { sessionEnded: false } });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('comes from the cookie or the Authorization header only, and from one of them (R-041)', async () => {
    const ada = await app().person();
    const phone = await nativeApp(ada);
    const both = withToken(tokenOf(ada.browser));
    both.bearer = phone.bearer;
    expect((await both.send('{ viewer { id } }')).status).toBe(400);
    const asBearer = app().client({ bearer: tokenOf(ada.browser) });
    expect(await isSignedIn(asBearer)).toBe(false);
    expect(await isSignedIn(withToken(phone.bearer ?? ''))).toBe(false);
    const inUrl = await app().http.inject({
      method: 'POST',
      url: `/graphql?token=${phone.bearer}&access_token=${phone.bearer}`,
      headers: { 'content-type': 'application/json' },
      payload: { query: '{ viewer { id } }', extensions: { token: phone.bearer }, variables: { token: phone.bearer } },
    });
    expect(inUrl.json()).toEqual({ data: { viewer: null } });
  });

  test('is not over for a lock that has ended, and is while it holds or the account is closed (R-042)', async () => {
    const ada = await app().person();
    await app().ctx.db.execute(
      sql`update accounts set locked_at = now(), lock_reason = 'ABUSE' where email_key = ${ada.email}`,
    );
    expect(await isSignedIn(ada.browser)).toBe(false);
    await app().ctx.db.execute(
      sql`update accounts set locked_at = null, lock_reason = null where email_key = ${ada.email}`,
    );
    expect(await isSignedIn(ada.browser)).toBe(true);
    await app().ctx.db.execute(sql`update accounts set closed_at = now() where email_key = ${ada.email}`);
    expect(await isSignedIn(ada.browser)).toBe(false);
  });
});

describe('a person with several devices', () => {
  test('sees each with its times, and which one this is (R-038, R-045)', async () => {
    const ada = await app().person();
    await nativeApp(ada);
    const { totalCount, nodes } = await listed(ada.browser);
    expect(totalCount).toBe(2);
    expect(nodes.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
    expect(nodes.map((node) => node['signInMethod']).sort()).toEqual(['PASSWORD', 'SIGN_UP']);
    for (const node of nodes) expect(node['reauthenticatedUntil']).not.toBeNull();
  });

  test('ends one, which is refused at once; ending it again succeeds (R-038)', async () => {
    const ada = await app().person();
    const other = await ada.signsInElsewhere();
    const sessionId = await otherIdOf(ada.browser);
    for (let i = 0; i < 2; i += 1) {
      const outcome = await ada.browser.call(
        'revokeSession',
        { sessionId },
        '... on RevokeSessionSuccess { revokedSessionId }',
      );
      expect(outcome).toEqual({ __typename: 'RevokeSessionSuccess', revokedSessionId: sessionId });
    }
    expect(await isSignedIn(other)).toBe(false);
    expect((await listed(ada.browser)).totalCount).toBe(1);
  });

  test('ends the current one, which clears its cookie', async () => {
    const ada = await app().person();
    const [current] = (await listed(ada.browser)).nodes;
    const outcome = await ada.browser.call('revokeSession', { sessionId: current?.id });
    expect(outcome['__typename']).toBe('RevokeSessionSuccess');
    expect(ada.browser.cookies.has(COOKIE)).toBe(false);
  });

  test('ends all others and stays signed in; links and challenges issued before are void with them', async () => {
    const ada = await app().person();
    const others = [await ada.signsInElsewhere(), await nativeApp(ada)];
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const outcome = await ada.browser.call(
      'revokeOtherSessions',
      null,
      '... on RevokeOtherSessionsSuccess { revokedSessionCount viewer { sessions { totalCount } } }',
    );
    expect(outcome).toMatchObject({ revokedSessionCount: 2, viewer: { sessions: { totalCount: 1 } } });
    for (const other of others) expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(ada.browser)).toBe(true);
    expect((await app().client().call('inspectPasswordReset', { token }))['code']).toBe('TOKEN_INVALID');
  });

  test('cannot touch a stranger’s session: its id behaves as one that does not exist (R-039)', async () => {
    const [ada, mallory] = [await app().person(), await app().person()];
    const [mine] = (await listed(ada.browser)).nodes;
    const document =
      'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { __typename ... on Problem { code message } } }';
    const texts = [];
    for (const sessionId of [mine?.id, `sess_${'A'.repeat(22)}`, 'nonsense', `sess_%' or 1=1 --`])
      texts.push((await mallory.browser.send(document, { input: { sessionId } })).text);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('NOT_FOUND');
    expect(await isSignedIn(ada.browser)).toBe(true);
  });

  test('keeps four here: at the fifth the least recently used ends (R-043)', async () => {
    const ada = await app().person();
    const clients = [ada.browser];
    for (let i = 0; i < 4; i += 1) {
      await app().advance(70);
      clients.push(await ada.signsInElsewhere());
      if (i === 2) await isSignedIn(ada.browser);
    }
    expect(await Promise.all(clients.map(isSignedIn))).toEqual([true, false, true, true, true]);
  });

  test('does not lose a session to ones that are over: they do not count (R-043)', async () => {
    const ada = await app().person();
    const others = [];
    await app().advance(30);
    for (let i = 0; i < 3; i += 1) others.push(await ada.signsInElsewhere());
    await ada.browser.call('revokeOtherSessions', null);
    for (let i = 0; i < 3; i += 1) others.push(await ada.signsInElsewhere());
    expect(await isSignedIn(ada.browser)).toBe(true);
  });

  test('is never answered from a cache: every GraphQL answer says no-store (R-044)', async () => {
    const ada = await app().person();
    for (const query of ['{ viewer { id } }', '{ nonsense }', '{ viewer { id '])
      expect((await ada.browser.send(query)).headers['cache-control']).toBe('no-store');
  });

  test('cannot revive an ended session by using it while it ends (R-037)', async () => {
    const ada = await app().person();
    const other = await ada.signsInElsewhere();
    const sessionId = await otherIdOf(ada.browser);
    await app().advance(100);
    const use = Promise.all(Array.from({ length: 50 }, () => isSignedIn(other)));
    await ada.browser.call('revokeSession', { sessionId });
    expect(await isSignedIn(other)).toBe(false);
    await use;
    expect(await isSignedIn(other)).toBe(false);
    const [row] = await rows<{ revoked: boolean }>(
      app().ctx.db,
      sql`select revoked_at is not null as revoked from sessions where id = ${sessionId}`,
    );
    expect(row?.revoked).toBe(true);
  });
});

describe('where the site is served over https', () => {
  test('every cookie carries __Host-, Secure, HttpOnly, SameSite=Lax and Path=/, and no Domain (R-040)', async () => {
    const secure: App = await openApp({ PUBLIC_URL: 'https://id.example.org' });
    try {
      const ada = await secure.person();
      const answer = await secure.client().send(SIGN_IN, { input: { email: ada.email, password: GOOD_PASSWORD } });
      const cookies = [answer.headers['set-cookie'] ?? []].flat().map(String);
      expect(cookies.map((line) => line.split('=')[0]).sort()).toEqual(['__Host-rekey-device', '__Host-rekey-session']);
      for (const line of cookies) {
        const attributes = line.split('; ').slice(1);
        expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']));
        expect(line).not.toMatch(/domain=/i);
      }
      const out = await ada.browser.send('mutation { signOut { __typename } }');
      expect(String([out.headers['set-cookie']].flat()[0])).toMatch(/^__Host-rekey-session=; .*Secure/);
    } finally {
      await secure.close();
    }
  });
});
