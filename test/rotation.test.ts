/** Keys are changed node by node, as SECURITY.md tells operators to, and nobody who is under way notices. */
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import postgres, { type Sql } from 'postgres';
import { createDatabase, MAIN, serverUrl, type OwnDatabase } from './support/built-program.js';
import { newNumber } from './support/factors.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';
import { startProgram, type Program } from './support/program.js';
import { advance, lettersTo, nextToken, PUBLIC_URL, Visitor } from './support/visitor.js';

const OLD = 'old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const NEW = 'new:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=';
const ROUTER = ['router-secret-that-is-in-use-today-1', 'router-secret-that-comes-next-month-2'] as const;

/** What both nodes are told at each step; the nodes are restarted one after the other. The router sends `router`. */
const STEPS = [
  { name: 'the new key last', keys: `${OLD},${NEW}`, routers: ROUTER, router: ROUTER[0] },
  { name: 'the new key first', keys: `${NEW},${OLD}`, routers: ROUTER, router: ROUTER[1] },
  { name: 'the old key out, after a reseal', keys: NEW, routers: [ROUTER[1]], router: ROUTER[1] },
];

const CONFIRM = '... on SecondFactorChallenge { challenge }';

if (serverUrl() === null) {
  test.skip('keys are changed under two nodes: not on the embedded database, which one process alone opens', () => {});
} else {
  describe('with two nodes on one database', () => {
    let database: OwnDatabase;
    let sql: Sql;
    let dataDir: string;
    const running: Program[] = [];

    beforeAll(async () => {
      database = await createDatabase(serverUrl() as string, 'rotation');
      sql = postgres(database.url, { max: 1 });
      dataDir = mkdtempSync(join(tmpdir(), 'rekey-rotation-'));
    });
    afterAll(async () => {
      await Promise.all(running.map((program) => program.stop()));
      await sql.end();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    }, 30_000);

    async function start(keys: string, routers: readonly string[], args?: readonly string[]): Promise<Program> {
      const env = {
        PUBLIC_URL,
        DATABASE_URL: database.url,
        SECRET_KEYS: keys,
        ROUTER_SECRETS: routers.join(','),
        IDENTITY_AUDIENCES: 'orders',
        REAUTH_TTL: '3600',
        LIMIT_GUESS: '0',
        LIMIT_RESET_PER_ADDRESS: '0',
        LIMIT_MAIL_PER_NETWORK: '0',
        LIMIT_SIGN_IN_PER_NETWORK: '0',
      };
      const options = args === undefined ? {} : { args, wait: false };
      const program = await startProgram({ ...options, env, dataDir, main: MAIN });
      running.push(program);
      return program;
    }
    const command = async (keys: string, ...args: string[]): Promise<string> => {
      const program = await start(keys, ROUTER, args);
      expect([await program.ended, program.complaints()]).toEqual([0, '']);
      return program.words();
    };

    test('sessions, links, codes, factors, cursors, letters under way and assertions outlast each step at each node', async () => {
      const nodes = [await start(OLD, [ROUTER[0]]), await start(OLD, [ROUTER[0]])] as [Program, Program];
      const life = new Life();
      await life.begins(nodes);
      const held = await holdLetter(nodes[0], 'cara@example.org');
      let jwks = await publishedAt(nodes[0]);

      for (const { keys, routers, router, name } of STEPS) {
        if (keys === NEW) {
          expect(await command(`${NEW},${OLD}`, 'reseal')).toMatch(/^[1-9]\d* values were sealed anew/);
          await command(`${NEW},${OLD}`, 'rotate-keys');
          jwks = await publishedAt(nodes[1]);
        }
        for (const at of [0, 1]) {
          await nodes[at]?.stop();
          nodes[at] = await start(keys, routers);
          await life.goesOn(nodes, router, jwks, `${name}, node ${at + 1}`);
        }
      }

      await held.release(nodes[1]);
      await advance(nodes[0], 601);
      const next = await life.signedBy(nodes[0], ROUTER[1], jwks);
      expect(next).not.toBe(life.firstKid);
      expect(await life.signedBy(nodes[1], ROUTER[1], jwks)).toBe(next);
      const isBad = ({ level }: Record<string, unknown>) => level === 'error' || level === 'fatal';
      for (const { lines } of running) expect(lines.filter(isBad)).toEqual([]);
    }, 600_000);

    /** Someone asks for a link while letters cannot leave: it lies sealed until it is released, on another day's keys. */
    async function holdLetter(node: Program, email: string) {
      const cara = new Visitor(email, GOOD_PASSWORD);
      await cara.signsUp(node);
      const mailbox = join(dataDir, 'mailbox.jsonl');
      renameSync(mailbox, `${mailbox}.aside`);
      mkdirSync(mailbox);
      await cara.call(node, 'requestPasswordReset', { email }, 'RequestPasswordResetAccepted');
      const sealed = async () =>
        sql`update outbox set available_at = available_at + interval '1 day'
            where message = 'password_reset' and composed is not null and last_error is not null and done_at is null returning id, composed`;
      let [row] = await sealed();
      for (let tries = 0; !row && tries < 400; tries += 1) [[row]] = [await sealed(), await sleep(50)];
      rmdirSync(mailbox);
      renameSync(`${mailbox}.aside`, mailbox);
      expect(row?.['composed']).toMatch(/^v1\.old\./);
      return {
        async release(at: Program) {
          await sql`update outbox set available_at = available_at - interval '1 day' where id = ${row?.['id'] as string}`;
          const token = await nextToken(at, email, 'reset-password');
          const input = { token, newPassword: OTHER_PASSWORD };
          await cara.call(at, 'completePasswordReset', input, 'CompletePasswordResetSuccess');
        },
      };
    }
  });
}

/** What people have under way over each step. */
class Life {
  readonly ada = new Visitor('ada@example.org', GOOD_PASSWORD);
  readonly adaElsewhere = new Visitor('ada@example.org', GOOD_PASSWORD);
  readonly ben = new Visitor('ben@example.org', GOOD_PASSWORD);
  firstKid: string | undefined;
  #link = '';
  #code = '';
  #cursor = '';
  #challenge = '';

  async begins([here, there]: readonly [Program, Program]): Promise<void> {
    for (const person of [this.ada, this.ben]) await person.signsUp(here);
    await this.ada.addsTotp(here, there);
    this.adaElsewhere.totpKey = this.ada.totpKey;
    await this.#leavesOpen(here, there);
    await this.#asksForCode(here);
  }

  /** Ends, at both nodes, what was begun before the last restart, and begins it again. */
  async goesOn(nodes: readonly [Program, Program], router: string, jwks: JSONWebKeySet, step: string): Promise<void> {
    try {
      for (const node of nodes) expect(await this.ada.seenAt(node)).toBe(this.ada.email);
      await this.#typesCode(nodes[0]);
      for (const [here, there] of [nodes, [nodes[1], nodes[0]]] as const) {
        await this.#ends(here);
        this.firstKid ??= await this.signedBy(here, router, jwks);
        expect(await this.signedBy(here, router, jwks)).toBe(this.firstKid);
        await this.#leavesOpen(here, there);
      }
      await this.#asksForCode(nodes[1]);
    } catch (error) {
      throw new Error(`after "${step}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** Three codes in ten minutes are all that there is. */
  async #asksForCode(node: Program): Promise<void> {
    await advance(node, 180);
    const phoneNumber = newNumber();
    await this.ada.call(node, 'addPhoneNumber', { phoneNumber }, 'AddPhoneNumberSuccess');
    this.#code = await codeTo(node, phoneNumber);
  }

  #typesCode(node: Program): Promise<unknown> {
    return this.ada.call(node, 'verifyPhoneNumber', { code: this.#code }, 'VerifyPhoneNumberSuccess');
  }

  async #leavesOpen(here: Program, there: Program): Promise<void> {
    await this.ben.call(here, 'requestPasswordReset', { email: this.ben.email }, 'RequestPasswordResetAccepted');
    this.#link = await nextToken(there, this.ben.email, 'reset-password');
    const { viewer } = await this.ada.ask(here, '{ viewer { securityEvents(first: 1) { pageInfo { endCursor } } } }');
    this.#cursor = viewer.securityEvents.pageInfo.endCursor as string;
    this.adaElsewhere.cookies.clear();
    const { email, password } = this.adaElsewhere;
    const begun = await this.adaElsewhere.call(here, 'signIn', { email, password }, 'SecondFactorChallenge', CONFIRM);
    this.#challenge = begun['challenge'] as string;
  }

  async #ends(node: Program): Promise<void> {
    const newPassword = this.ben.password === GOOD_PASSWORD ? OTHER_PASSWORD : GOOD_PASSWORD;
    const reset = { token: this.#link, newPassword };
    await this.ben.call(node, 'completePasswordReset', reset, 'CompletePasswordResetSuccess');
    this.ben.password = newPassword;
    await this.ben.signsIn(node);
    const events = `{ viewer { securityEvents(first: 1, after: "${this.#cursor}") { nodes { id } } } }`;
    expect((await this.ada.ask(node, events))['viewer'].securityEvents.nodes).toHaveLength(1);
    await this.adaElsewhere.answers(node, this.#challenge);
  }

  /** The key of the assertion that this node makes for ada, checked as a service does, by the keys that it read before. */
  async signedBy(node: Program, router: string, jwks: JSONWebKeySet): Promise<string | undefined> {
    const cookie = [...this.ada.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { authorization: `Bearer ${router}`, cookie };
    const answer = await fetch(`${node.url}/identity?audience=orders`, { method: 'POST', headers });
    const { assertion } = (await answer.json()) as { assertion: string };
    const { protectedHeader } = await jwtVerify(assertion, createLocalJWKSet(jwks), {
      algorithms: ['EdDSA'],
      issuer: PUBLIC_URL,
      audience: 'orders',
      currentDate: await advance(node, 0),
    });
    return protectedHeader.kid;
  }
}

const publishedAt = async (node: Program): Promise<JSONWebKeySet> =>
  (await (await fetch(`${node.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;

async function codeTo(node: Program, number: string): Promise<string> {
  for (let tries = 0; tries < 400; tries += 1) {
    const [message] = await lettersTo(node, number);
    const code = message && /^ *(\d{8})\b/m.exec(message.text)?.[1];
    if (code) return code;
    await sleep(50);
  }
  throw new Error(`no code came to ${number}`);
}
