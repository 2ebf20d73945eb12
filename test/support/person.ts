/** Acts as a person would: reads letters, follows links, signs in. Learns no secret in any other way. */
import type { App } from './app.js';
import type { Client, Data } from './client.js';

export interface PersonOptions {
  readonly email?: string;
  readonly password?: string;
  readonly displayName?: string;
}

export interface Person {
  readonly email: string;
  password: string;
  /** The browser that the person signed up with; signed in. */
  readonly browser: Client;
  accountId(): Promise<string>;
  /** Signs in with the password in a browser of its own. @returns that browser. */
  signsInElsewhere(): Promise<Client>;
  asksForReset(client?: Client): Promise<Data>;
  /** The token of the newest letter or text whose link leads to this page; the worker has had its turn. */
  nextToken(page: string): Promise<string>;
  /** Asks for a link and sets a new password with it. */
  resetsPassword(newPassword: string): Promise<Data>;
}

let people = 0;

export const GOOD_PASSWORD = 'seven purple horses run';
export const OTHER_PASSWORD = 'nine quiet rivers flow north';

/** Signs a new person up through the letter. */
export async function createPerson(app: App, options: PersonOptions = {}): Promise<Person> {
  people += 1;
  const email = options.email ?? `person${people}.${process.pid}@example.org`;
  const browser = app.client();
  const person: Person = {
    email,
    password: options.password ?? GOOD_PASSWORD,
    browser,
    async accountId() {
      const { viewer } = await browser.graphql('{ viewer { account { id } } }');
      return viewer.account.id as string;
    },
    async signsInElsewhere() {
      const client = app.client();
      const outcome = await client.call('signIn', { email, password: person.password });
      if (outcome['__typename'] !== 'SignInSuccess') throw new Error(`sign-in failed: ${JSON.stringify(outcome)}`);
      return client;
    },
    asksForReset: (client = browser) => client.call('requestPasswordReset', { email }),
    nextToken: (page) => newestToken(app, email, page),
    async resetsPassword(newPassword) {
      await person.asksForReset();
      const token = await person.nextToken('reset-password');
      const outcome = await app.client().call('completePasswordReset', { token, newPassword });
      if (outcome['__typename'] === 'CompletePasswordResetSuccess') person.password = newPassword;
      return outcome;
    },
  };
  await browser.call('signUp', { email });
  const outcome = await browser.call('completeSignUp', {
    token: await person.nextToken('sign-up'),
    password: person.password,
    displayName: options.displayName ?? null,
  });
  if (outcome['__typename'] !== 'SignInSuccess') throw new Error(`sign-up failed: ${JSON.stringify(outcome)}`);
  await app.work();
  return person;
}

/** The token in the newest message to the recipient whose link leads to `/page#token`. */
export async function newestToken(app: App, recipient: string, page: string): Promise<string> {
  for (const { text } of await app.mailTo(recipient)) {
    const token = new RegExp(`/${page}#(\\S+)`).exec(text)?.[1];
    if (token) return token;
  }
  throw new Error(`no message to ${recipient} leads to /${page}`);
}
