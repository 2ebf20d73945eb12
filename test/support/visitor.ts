/** Someone with one browser, before whom several nodes of the program stand: each step goes to the node that is named. */
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSync } from 'otplib';
import { openBrowser } from './browser.js';
import type { Data } from './client.js';
import type { Program } from './program.js';

/** Of what the nodes are told, what a visitor must know: browsers name it as their origin. */
export const PUBLIC_URL = 'http://localhost:4000';

/** The answer of `signOut` has one kind: GraphQL refuses to ask it for problems. */
const WITHOUT_PROBLEMS = new Set(['signOut']);
const CHALLENGE = '... on SecondFactorChallenge { challenge }';

export class Visitor {
  readonly cookies = new Map<string, string>();
  totpKey: string | null = null;

  constructor(
    readonly email: string,
    public password: string,
  ) {}

  ask(node: Program, document: string, input?: Record<string, unknown>): Promise<Data> {
    return openBrowser(node.url, PUBLIC_URL, this.cookies).graphql(document, input) as Promise<Data>;
  }

  /** Calls one mutation; answers its outcome. @throws Error where it is another than the one expected. */
  async call(node: Program, mutation: string, input: Data | null, expected: string, selection = ''): Promise<Data> {
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
    const problems = WITHOUT_PROBLEMS.has(mutation) ? '' : '... on Problem { code message }';
    const field = input === null ? mutation : `${mutation}(input: $input)`;
    const document = `mutation ${input === null ? '' : `($input: ${type})`} { ${field} { __typename ${selection} ${problems} } }`;
    const outcome = (await this.ask(node, document, input ?? undefined))[mutation] as Data;
    if (outcome['__typename'] !== expected) throw new Error(`${mutation} at ${node.url}: ${JSON.stringify(outcome)}`);
    return outcome;
  }

  /** The address that this node sees signed in; null for nobody. */
  async seenAt(node: Program): Promise<string | null> {
    const { viewer } = await this.ask(node, '{ viewer { email } }');
    return (viewer as Data | null)?.['email'] ?? null;
  }

  async signsUp(node: Program): Promise<void> {
    await this.call(node, 'signUp', { email: this.email }, 'SignUpAccepted');
    const token = await nextToken(node, this.email, 'sign-up');
    await this.call(node, 'completeSignUp', { token, password: this.password }, 'SignInSuccess');
  }

  /** With the password, and where one was added the authenticator app. The last browser is forgotten. */
  async signsIn(node: Program, answering = node): Promise<void> {
    this.cookies.clear();
    const input = { email: this.email, password: this.password };
    if (this.totpKey === null) return void (await this.call(node, 'signIn', input, 'SignInSuccess'));
    const { challenge } = await this.call(node, 'signIn', input, 'SecondFactorChallenge', CHALLENGE);
    await this.answers(answering, challenge as string);
  }

  /** Answers a sign-in's challenge with the authenticator app. */
  async answers(node: Program, challenge: string): Promise<void> {
    const proof = { totpCode: await nextTotp(node, this.totpKey as string) };
    await this.call(node, 'completeSignIn', { challenge, proof }, 'SignInSuccess');
  }

  async addsTotp(node: Program, confirming = node): Promise<void> {
    const selection = '... on EnrollSecondFactorSuccess { secondFactor { id } totp { manualEntryKey } }';
    const begun = await this.call(
      node,
      'enrollSecondFactor',
      { method: 'TOTP' },
      'EnrollSecondFactorSuccess',
      selection,
    );
    const key = begun['totp'].manualEntryKey as string;
    const input = { secondFactorId: begun['secondFactor'].id as string, code: await nextTotp(confirming, key) };
    await this.call(confirming, 'confirmSecondFactor', input, 'ConfirmSecondFactorSuccess');
    this.totpKey = key;
  }
}

/** Moves the one clock of all nodes. Seconds. @returns what it shows then. */
export async function advance(node: Program, seconds: number): Promise<Date> {
  const response = await fetch(`${node.url}/test/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advanceSeconds: seconds }),
  });
  return new Date(((await response.json()) as { now: string }).now);
}

/** A code that was not used before: of the next step. */
async function nextTotp(node: Program, key: string): Promise<string> {
  const now = await advance(node, 30);
  return generateSync({ secret: key, epoch: Math.floor(now.getTime() / 1000) });
}

interface Letter {
  readonly to: string;
  readonly text: string;
}

export async function lettersTo(node: Program, email: string): Promise<Letter[]> {
  const all = (await (await fetch(`${node.url}/mailbox.json`)).json()) as Letter[];
  return all.filter(({ to }) => to === email);
}

const taken = new Set<string>();

/** The token of a letter that leads to this page and was not taken before; waits until a worker has sent it. */
export async function nextToken(node: Program, email: string, page: string): Promise<string> {
  for (let tries = 0; tries < 400; tries += 1) {
    for (const { text } of await lettersTo(node, email)) {
      const token = new RegExp(`/${page}#(\\S+)`).exec(text)?.[1];
      if (token === undefined || taken.has(token)) continue;
      taken.add(token);
      return token;
    }
    await sleep(50);
  }
  throw new Error(`no letter to ${email} leads to /${page}`);
}
