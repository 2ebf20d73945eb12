/** People who go on with their lives while the program is killed under them, and remember what they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { blankNotes, errands, type Errand, type Notes } from './kill-errands.js';
import type { Program } from './program.js';

/** How often something happened, by its name. */
export class Tally extends Map<string, number> {
  of(name: string): number {
    return this.get(name) ?? 0;
  }

  add(name: string, count = 1): void {
    this.set(name, this.of(name) + count);
  }
}

interface Citizen {
  readonly email: string;
  /** Has second factors and passkeys, and nothing to do with passwords, which would ask for them. */
  readonly isGuarded: boolean;
  /** Closed the account, or may have. */
  isGone: boolean;
  readonly notes: Notes;
  exists: boolean;
  /** Passwords that may be the right one: one, unless a kill cut an answer off. */
  passwords: string[];
  /** What they were told has happened, and what may have. */
  readonly told: Tally;
  readonly maybe: Tally;
  /** The session they hold, and sessions that an answer said are over. */
  session: string | null;
  readonly over: string[];
  readonly usedTokens: Set<string>;
  isBusy: boolean;
}

interface Letter {
  readonly to: string;
  readonly id: string;
  readonly text: string;
}

export type Outcome = Record<string, unknown> & { __typename: string };

/** Deeds that take a hash. */
const SLOW = ['completeSignUp', 'signIn', 'changePassword', 'completePasswordReset'];
/** Without it no answer holds a session to act with. */
const BEARER = { transport: 'BEARER' };
const SELECTIONS: Record<string, string> = {
  completeSignUp: '... on SignInSuccess { sessionToken }',
  signIn: '... on SignInSuccess { sessionToken }',
  changePassword: '... on ChangePasswordSuccess { sessionToken }',
};
const REFUSED = 'InvalidCredentialsProblem';
const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath', 'inlet', 'junco'];

export class Life {
  readonly citizens: Citizen[] = [];
  readonly answered = new Tally();
  readonly cutOff = new Tally();
  readonly broken: string[] = [];
  #serial = 0;
  #letters: Letter[] = [];

  constructor(private readonly random: () => number) {}

  /** Four people act at once until the program is gone. */
  async work(program: Program): Promise<void> {
    await Promise.all([1, 2, 3, 4].map(() => this.#actUntilGone(program)));
  }

  /** After a kill: who does not know where they stand finds out, as a person would: by trying. */
  async learn(program: Program): Promise<void> {
    await this.readLetters(program);
    for (const citizen of this.citizens) {
      const isUnsure = citizen.passwords.length > 1 || citizen.told.of('completeSignUp') === 0;
      if (citizen.exists && isUnsure) await this.#findPassword(program, citizen);
      for (const token of citizen.over.splice(0)) {
        if (await this.#isSignedIn(program, token))
          this.broken.push(`${citizen.email}: a session that was over is served`);
      }
    }
    const sample = this.citizens.filter(({ exists }) => exists).slice(-3);
    for (const citizen of sample) await this.#findPassword(program, citizen);
  }

  /** Letters of different ids to this address that lead to this page. */
  letters(email: string, page: string): number {
    const ids = this.#letters.filter(({ to, text }) => to === email && text.includes(`/${page}#`)).map(({ id }) => id);
    return new Set(ids).size;
  }

  /** Answers that took a hash: the quick ones would drown them. */
  countSlowAnswers(): number {
    return SLOW.reduce((sum, deed) => sum + this.answered.of(deed), 0);
  }

  countLetters(): number {
    return new Set(this.#letters.map(({ id }) => id)).size;
  }

  async readLetters(program: Program): Promise<void> {
    this.#letters = (await (await fetch(`${program.url}/mailbox.json`)).json()) as Letter[];
  }

  async #actUntilGone(program: Program): Promise<void> {
    for (let n = 0; n < 50; n += 1) if (!(await this.#act(program))) return;
  }

  /** @returns false when the program is gone. */
  async #act(program: Program): Promise<boolean> {
    const citizen = this.#someone();
    citizen.isBusy = true;
    try {
      return await this.#deedOf(program, citizen);
    } finally {
      citizen.isBusy = false;
    }
  }

  #someone(): Citizen {
    const idle = this.citizens.filter(({ isBusy, isGone }) => !isBusy && !isGone);
    const old = idle[Math.floor(this.random() * idle.length)];
    if (old && (this.citizens.length >= 40 || this.random() < 0.8)) return old;
    this.#serial += 1;
    const citizen: Citizen = {
      email: `citizen${this.#serial}@example.org`,
      isGuarded: this.#serial % 5 === 0,
      isGone: false,
      notes: blankNotes(),
      exists: false,
      passwords: [],
      told: new Tally(),
      maybe: new Tally(),
      session: null,
      over: [],
      usedTokens: new Set(),
      isBusy: false,
    };
    this.citizens.push(citizen);
    return citizen;
  }

  async #deedOf(program: Program, citizen: Citizen): Promise<boolean> {
    if (!citizen.exists) {
      const token = this.#token(citizen, 'sign-up');
      if (token) return this.#completeSignUp(program, citizen, token);
      if (citizen.told.of('signUp') === 0) return this.#ask(program, citizen, 'signUp');
      // The letter comes; whoever waits looks again.
      await sleep(50);
      return program.child.signalCode === null;
    }
    if (citizen.session && (citizen.isGuarded || this.random() < 0.4)) {
      const errand = this.#somethingToDo(citizen);
      if (errand) return this.#runErrand(program, citizen, ...errand);
    }
    if (citizen.isGuarded) return citizen.session ? true : this.#signIn(program, citizen);
    const token = this.#token(citizen, 'reset-password');
    if (token && this.random() < 0.6) return this.#completeReset(program, citizen, token);
    const dice = this.random();
    if (dice < 0.25) return this.#ask(program, citizen, 'requestPasswordReset');
    return citizen.session && dice < 0.6 ? this.#change(program, citizen) : this.#signIn(program, citizen);
  }

  #somethingToDo({ notes, isGuarded }: Citizen): [Errand, object | null] | null {
    const from = Math.floor(this.random() * errands.length);
    for (const errand of [...errands.slice(from), ...errands.slice(0, from)]) {
      if (errand.guardedOnly && !isGuarded) continue;
      const input = errand.input(notes, this.random, (to) => this.#code(to));
      if (input !== undefined) return [errand, input];
    }
    return null;
  }

  async #runErrand(program: Program, citizen: Citizen, errand: Errand, input: object | null): Promise<boolean> {
    const { mutation, selection = '' } = errand;
    const session = citizen.session as string;
    let isDone = false;
    const isHere = await this.#do(
      program,
      citizen,
      mutation,
      input,
      (outcome) => {
        isDone = outcome.__typename.endsWith('Success');
        if (isDone) errand.then?.(citizen.notes, outcome);
      },
      selection,
    );
    // Whoever does not know whether it was done can't go on under this session.
    const mayBeOver = mutation === 'signOut' || mutation === 'closeAccount';
    if (mayBeOver && (isDone || !isHere)) citizen.session = null;
    if (mayBeOver && isDone) citizen.over.push(session);
    if (mutation === 'closeAccount' && (isDone || !isHere)) {
      citizen.isGone = true;
      citizen.exists = false;
    }
    return isHere;
  }

  /** The newest code that came to a telephone. */
  #code(to: string): string | undefined {
    const text = this.#letters.find((letter) => letter.to === to)?.text ?? '';
    return /^ *(\d{8})\b/m.exec(text)?.[1];
  }

  #token({ email, usedTokens }: Citizen, page: string): string | null {
    for (const { to, text } of this.#letters) {
      const token = to === email ? new RegExp(`/${page}#(\\S+)`).exec(text)?.[1] : undefined;
      if (token && !usedTokens.has(token)) return token;
    }
    return null;
  }

  #ask(program: Program, citizen: Citizen, deed: 'signUp' | 'requestPasswordReset'): Promise<boolean> {
    return this.#do(program, citizen, deed, { email: citizen.email }, () => undefined);
  }

  async #completeSignUp(program: Program, citizen: Citizen, token: string): Promise<boolean> {
    citizen.usedTokens.add(token);
    const password = this.#newPassword();
    citizen.passwords = [password];
    const isHere = await this.#do(program, citizen, 'completeSignUp', { token, password, ...BEARER }, (outcome) => {
      citizen.exists = outcome.__typename === 'SignInSuccess';
      citizen.session = (outcome['sessionToken'] as string | null) ?? null;
    });
    if (!isHere) citizen.exists = citizen.maybe.of('completeSignUp') > 0;
    return isHere;
  }

  #signIn(program: Program, citizen: Citizen): Promise<boolean> {
    const [password = ''] = citizen.passwords;
    return this.#do(program, citizen, 'signIn', { email: citizen.email, password, ...BEARER }, (outcome) => {
      if (outcome.__typename === 'SignInSuccess') citizen.session = outcome['sessionToken'] as string;
      else if (outcome.__typename === REFUSED && citizen.passwords.length === 1)
        this.broken.push(`${citizen.email}: the password told is refused`);
    });
  }

  async #change(program: Program, citizen: Citizen): Promise<boolean> {
    const [currentPassword = ''] = citizen.passwords;
    const newPassword = this.#newPassword();
    const before = citizen.session as string;
    const input = { currentPassword, newPassword };
    const told = citizen.told.of('changePassword');
    const isHere = await this.#do(program, citizen, 'changePassword', input, (outcome) => {
      if (outcome.__typename !== 'ChangePasswordSuccess') return void (citizen.session = null);
      citizen.passwords = [newPassword];
      citizen.session = outcome['sessionToken'] as string;
      citizen.over.push(before);
    });
    if (!isHere && citizen.told.of('changePassword') === told) citizen.passwords = [...citizen.passwords, newPassword];
    if (!isHere) citizen.session = null;
    return isHere;
  }

  /** Three browsers use one link at once: one of them may win. */
  async #completeReset(program: Program, citizen: Citizen, token: string): Promise<boolean> {
    citizen.usedTokens.add(token);
    const passwords = [1, 2, 3].map(() => this.#newPassword());
    const winners: string[] = [];
    const before = citizen.session;
    const results = await Promise.all(
      passwords.map((newPassword) =>
        this.#do(program, citizen, 'completePasswordReset', { token, newPassword }, ({ __typename }) => {
          if (__typename === 'CompletePasswordResetSuccess') winners.push(newPassword);
        }),
      ),
    );
    if (winners.length > 1) this.broken.push(`${citizen.email}: a link was used twice`);
    if (winners.length === 1) citizen.passwords = winners;
    else if (results.includes(false)) citizen.passwords = [...citizen.passwords, ...passwords];
    if (winners.length === 1 && before) citizen.over.push(before);
    citizen.session = null;
    return !results.includes(false);
  }

  async #do(
    program: Program,
    citizen: Citizen,
    deed: string,
    input: object | null,
    then: (outcome: Outcome) => void,
    selection = SELECTIONS[deed] ?? '',
  ): Promise<boolean> {
    const needsSession = deed === 'changePassword' || errands.some(({ mutation }) => mutation === deed);
    const outcome = await this.#send(program, deed, input, needsSession ? citizen.session : null, selection);
    if (outcome === null) {
      this.cutOff.add(deed);
      citizen.maybe.add(deed);
      return false;
    }
    this.answered.add(deed);
    const isDone = /(?:Success|Accepted)$/.test(outcome.__typename) && outcome['sessionEnded'] !== false;
    if (isDone) citizen.told.add(deed);
    then(outcome);
    return true;
  }

  /** Null when there was no answer. What is neither outcome nor silence breaks an invariant. */
  async #send(
    program: Program,
    deed: string,
    input: object | null,
    session: string | null,
    selection = SELECTIONS[deed] ?? '',
  ): Promise<Outcome | null> {
    const type = `${deed[0]?.toUpperCase()}${deed.slice(1)}Input`;
    const query =
      input === null
        ? `mutation { ${deed} { __typename ${selection} } }`
        : `mutation ($input: ${type}!) { ${deed}(input: $input) { __typename ${selection} } }`;
    try {
      const response = await fetch(`${program.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(session && { authorization: `Bearer ${session}` }) },
        body: JSON.stringify({ query, variables: input === null ? {} : { input } }),
      });
      const { data, errors } = (await response.json()) as { data?: Record<string, Outcome>; errors?: RequestError[] };
      const outcome = data?.[deed];
      if (outcome) return outcome;
      const code = errors?.[0]?.extensions.code ?? 'no code';
      if (code === 'INTERNAL_SERVER_ERROR') this.broken.push(`${deed}: ${code}`);
      return { __typename: code };
    } catch {
      return null;
    }
  }

  /** Exactly one of the passwords that may be right is. */
  async #findPassword(program: Program, citizen: Citizen): Promise<void> {
    const right: string[] = [];
    for (const password of citizen.passwords) {
      if (await this.#isRight(program, citizen.email, password)) right.push(password);
    }
    citizen.maybe.add('signIn', right.length);
    if (right.length === 1) citizen.passwords = right;
    else if (right.length === 0 && citizen.told.of('completeSignUp') === 0) citizen.exists = false;
    else this.broken.push(`${citizen.email}: ${right.length} of ${citizen.passwords.length} passwords are right`);
  }

  /** A machine that is too busy to say is asked again. */
  async #isRight(program: Program, email: string, password: string): Promise<boolean> {
    for (let tries = 0; ; tries += 1) {
      const outcome = await this.#send(program, 'signIn', { email, password }, null);
      if (outcome?.__typename === 'SignInSuccess' || outcome?.__typename === 'SecondFactorChallenge') return true;
      if (outcome?.__typename === REFUSED) return false;
      if (tries > 100) throw new Error(`no answer to a sign-in: ${outcome?.__typename ?? 'none'}`);
      await sleep(200);
    }
  }

  async #isSignedIn(program: Program, token: string): Promise<boolean> {
    const response = await fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { account { id } } }' }),
    });
    const { data } = (await response.json()) as { data?: { viewer: object | null } };
    return data?.viewer != null;
  }

  #newPassword(): string {
    const words = Array.from({ length: 4 }, () => WORDS[Math.floor(this.random() * WORDS.length)]);
    return `${words.join(' ')} ${Math.floor(this.random() * 1e9)}`;
  }
}

interface RequestError {
  readonly extensions: { readonly code: string };
}
