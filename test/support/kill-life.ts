/** People who go on with their lives while the program is killed under them, and remember what they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, isDone, isSignedIn } from './kill-call.js';
import { look, LOOK } from './kill-desk.js';
import { awaitsText, type Errand, type World } from './kill-errand.js';
import { errands } from './kill-errands.js';
import { emailOf, Letters, newCitizen, Tally, waysOf, type Asked, type Citizen, type Outcome } from './kill-people.js';
import { BEARER, CHALLENGE, proofFor, SIGNED_IN } from './kill-ways-in.js';
import type { Program } from './program.js';

const REFUSED = 'InvalidCredentialsProblem';
/** What answers a right password. */
const RIGHT = ['SignInSuccess', 'SecondFactorChallenge', 'SignInBlockedProblem'];
const KINDS = ['plain', 'watched', 'guarded', 'moving'] as const;
const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath', 'inlet', 'junco'];
const MOST_CITIZENS = 40;

export class Life {
  readonly citizens: Citizen[] = [];
  readonly staff: Citizen[] = [];
  readonly answered = new Tally();
  readonly cutOff = new Tally();
  /** Those of the answers that said it was done. */
  readonly done = new Tally();
  /** Why the others were not, by deed and outcome. */
  readonly refused = new Tally();
  readonly broken: string[] = [];
  readonly letters = new Letters();
  readonly #world: World;

  constructor(private readonly random: () => number) {
    this.#world = {
      random,
      letters: this.letters,
      desk: { watched: [], flags: [], requests: [], locked: new Set(), hands: new Map() },
    };
  }

  get everyone(): readonly Citizen[] {
    return [...this.citizens, ...this.staff];
  }

  /** Four people and all staff act at once until the program is gone. */
  async work(program: Program): Promise<void> {
    const reading = this.#readLetters(program);
    await Promise.all([
      ...[1, 2, 3, 4].map(() => this.#actUntilGone(program, () => this.#someone())),
      ...this.staff.map((member) => this.#actUntilGone(program, () => member)),
    ]);
    await reading;
  }

  /** After a kill: who does not know where they stand finds out, as a person would: by trying. */
  async learn(program: Program): Promise<void> {
    await this.letters.read(program.url);
    const sample = this.citizens.filter(({ exists }) => exists).slice(-1);
    const learning = this.everyone.map(async (citizen) => {
      if (sample.includes(citizen)) citizen.isUnsure = true;
      if (citizen.exists && (citizen.isUnsure || citizen.ways.length > 1 || citizen.told.of('completeSignUp') === 0)) {
        await this.#findWay(program, citizen);
      }
      for (const token of citizen.over.splice(0)) {
        if (await isSignedIn(program, token)) this.broken.push(`${citizen.name}: a session that was over is served`);
      }
    });
    await Promise.all(learning);
    await this.#lookAtDesk(program);
  }

  /** Answers that took a hash: the quick ones would drown them. */
  countSlowAnswers(): number {
    const slow = ['completeSignUp', 'signIn', 'changePassword', 'completePasswordReset'];
    return slow.reduce((sum, deed) => sum + this.answered.of(deed), 0);
  }

  countAnswers(): number {
    return [...this.answered.values()].reduce((sum, n) => sum + n, 0);
  }

  /** What a staff member does before the first kill. @returns the address, to be given a role. */
  async hire(program: Program, name: string): Promise<string> {
    const member = newCitizen(name, 'staff');
    this.staff.push(member);
    await this.#settleIn(program, member, ['enrollSecondFactor', 'confirmSecondFactor']);
    return emailOf(member);
  }

  /** Some whose sign-in asks for a code by text message, before the first kill: by chance few would come so far. */
  async moveIn(program: Program, count: number): Promise<void> {
    const steps = ['addPhoneNumber', 'verifyPhoneNumber', 'enrollSecondFactor', 'confirmSecondFactor'];
    const movingIn = Array.from({ length: count }, () => {
      const citizen = newCitizen(`citizen${this.citizens.length + 1}`, 'guarded');
      this.citizens.push(citizen);
      return this.#settleIn(program, citizen, steps);
    });
    await Promise.all(movingIn);
  }

  /** Signs up and does these errands, each as soon as what it takes has come; and leaves. */
  async #settleIn(program: Program, citizen: Citizen, mutations: readonly string[]): Promise<void> {
    const soon = async <T>(find: () => T | undefined): Promise<T> => {
      for (let tries = 0; tries < 200; tries += 1) {
        const found = find();
        if (found !== undefined) return found;
        await sleep(50);
        await this.letters.read(program.url);
      }
      throw new Error(`nothing came to ${citizen.name} in time`);
    };
    await this.#ask(program, citizen, 'signUp');
    const { token } = await soon(() => this.letters.token(citizen, 'sign-up'));
    await this.#completeSignUp(program, citizen, token);
    for (const mutation of mutations) {
      const errand = errands.find((each) => each.mutation === mutation) as Errand;
      await this.#runErrand(program, citizen, errand, await soon(() => errand.input(citizen, this.#world)));
    }
    citizen.session = null;
  }

  async #readLetters(program: Program): Promise<void> {
    try {
      while (program.child.signalCode === null) {
        await this.letters.read(program.url);
        await sleep(1000);
      }
    } catch {
      // It was killed; what came is read from the next one.
    }
  }

  /** The staff see what is waiting. */
  async #lookAtDesk(program: Program): Promise<void> {
    const member = this.staff.find(({ session }) => session !== null);
    const answer = member && (await call(program, LOOK, {}, member.session));
    if (answer?.['flaggedAccounts']) look(this.#world.desk, answer as Outcome);
  }

  async #actUntilGone(program: Program, next: () => Citizen): Promise<void> {
    for (let n = 0; n < 100; n += 1) {
      const citizen = next();
      citizen.isBusy = true;
      const isHere = await this.#act(program, citizen);
      citizen.isBusy = false;
      if (!isHere) return;
    }
  }

  #someone(): Citizen {
    const idle = this.citizens.filter(({ isBusy, isGone }) => !isBusy && !isGone);
    // Those who were asked for their second factor come first at times: it does not wait for long.
    const asked = this.random() < 0.3 ? idle.filter(({ notes }) => notes.signIn !== null) : [];
    const from = asked.length > 0 ? asked : idle;
    const old = from[Math.floor(this.random() * from.length)];
    const present = this.citizens.filter(({ isGone }) => !isGone).length;
    if (old && (present >= MOST_CITIZENS || this.random() < 0.85)) return old;
    const serial = this.citizens.length;
    const citizen = newCitizen(`citizen${serial + 1}`, KINDS[serial % KINDS.length] ?? 'plain');
    this.citizens.push(citizen);
    return citizen;
  }

  /** @returns false when the program is gone. */
  async #act(program: Program, citizen: Citizen): Promise<boolean> {
    if (!citizen.exists) return this.#join(program, citizen);
    const sentFor = citizen.notes.signIn?.codeBefore === undefined ? null : citizen.notes.signIn;
    if (sentFor && awaitsText(citizen, sentFor, this.#world) && this.random() < 0.9) return this.#wait(program);
    const hasPassword = citizen.kind === 'plain' || citizen.kind === 'watched';
    if (this.random() < (hasPassword ? 0.6 : 0.9)) {
      const found = this.#somethingToDo(citizen);
      if (found) return this.#runErrand(program, citizen, ...found);
    }
    if (citizen.kind === 'staff') return citizen.session ? this.#wait(program) : this.#signIn(program, citizen);
    const link = this.letters.token(citizen, 'reset-password');
    if (link && this.random() < 0.6) return this.#completeReset(program, citizen, link.token);
    const dice = this.random();
    if (dice < (citizen.notes.isVoid ? 0.5 : 0.15)) return this.#ask(program, citizen, 'requestPasswordReset');
    return citizen.session && hasPassword && dice < 0.5
      ? this.#changePassword(program, citizen)
      : this.#signIn(program, citizen);
  }

  #join(program: Program, citizen: Citizen): Promise<boolean> {
    const found = this.letters.token(citizen, 'sign-up');
    if (found) return this.#completeSignUp(program, citizen, found.token);
    // The letter comes; whoever waits looks again.
    return citizen.told.of('signUp') === 0 ? this.#ask(program, citizen, 'signUp') : this.#wait(program);
  }

  async #wait(program: Program): Promise<boolean> {
    await sleep(50);
    return program.child.signalCode === null;
  }

  #somethingToDo(citizen: Citizen): [Errand, object | null] | null {
    const shuffled = errands
      .map((errand) => [this.random() * (errand.soon ? 0.2 : 1), errand] as const)
      .sort(([a], [b]) => a - b);
    for (const [, errand] of shuffled) {
      const isPossible = errand.needs === 'nothing' || (errand.needs === 'session') === (citizen.session !== null);
      if (!isPossible || !errand.kinds.includes(citizen.kind)) continue;
      const input = errand.input(citizen, this.#world);
      if (input !== undefined) return [errand, input];
    }
    return null;
  }

  async #runErrand(program: Program, citizen: Citizen, errand: Errand, input: object | null): Promise<boolean> {
    const { mutation, selection = '', atOnce = 1 } = errand;
    const session = errand.needs === 'session' ? citizen.session : null;
    const outcomes = await this.#do(program, citizen, mutation, Array(atOnce).fill(input), session, selection);
    const done = outcomes.find(isDone);
    const held = input && errand.holds?.(input as never);
    if (done) {
      this.#adopt(citizen, done);
      if (held) citizen.holds.set(held[0], [held[1]]);
      errand.then?.(citizen, done, this.#world, input as never);
    } else if (outcomes.includes(null)) {
      if (held) citizen.holds.get(held[0])?.push(held[1]);
      errand.lost?.(citizen, this.#world);
    } else if (outcomes.some((outcome) => outcome?.__typename === 'ReauthenticationProblem')) {
      citizen.notes.isStale = true;
    } else if (outcomes[0]) errand.refused?.(citizen, outcomes[0], this.#world);
    return !outcomes.includes(null);
  }

  /** The session that an answer brought: another one, or the same under a new secret. */
  #adopt(citizen: Citizen, outcome: Outcome): void {
    const token = outcome['sessionToken'] as string | null | undefined;
    if (!token) return;
    const { notes, session, sessionId } = citizen;
    const viewer = outcome['viewer'] as Outcome | undefined;
    if (outcome.__typename !== 'SignInSuccess') {
      if (session) citizen.over.push(session);
    } else if (viewer) {
      if (session && sessionId) notes.others.push({ id: sessionId, token: session });
      citizen.sessionId = viewer['currentSession'].id;
      notes.events = viewer['securityEvents'].nodes.map(({ id }: { id: string }) => id);
      this.#knows(citizen, viewer['account'].id);
    }
    citizen.session = token;
    notes.isStale = false;
  }

  #knows(citizen: Citizen, accountId: string): void {
    if (citizen.kind === 'watched' && citizen.accountId === null) this.#world.desk.watched.push(accountId);
    citizen.accountId = accountId;
  }

  async #ask(program: Program, citizen: Citizen, deed: 'signUp' | 'requestPasswordReset'): Promise<boolean> {
    const outcomes = await this.#do(program, citizen, deed, [{ email: emailOf(citizen) }]);
    return !outcomes.includes(null);
  }

  async #completeSignUp(program: Program, citizen: Citizen, token: string): Promise<boolean> {
    citizen.usedTokens.add(token);
    const password = this.#newPassword();
    citizen.ways = [{ email: emailOf(citizen), password }];
    const input = { token, password, ...BEARER };
    const outcomes = await this.#do(program, citizen, 'completeSignUp', [input, input], null, SIGNED_IN);
    const done = outcomes.find(isDone);
    citizen.exists = Boolean(done) || outcomes.includes(null);
    if (done) this.#adopt(citizen, done);
    return !outcomes.includes(null);
  }

  async #signIn(program: Program, citizen: Citizen): Promise<boolean> {
    const input = { ...citizen.ways[0], ...BEARER };
    const [outcome] = await this.#do(
      program,
      citizen,
      'signIn',
      [input],
      null,
      `${SIGNED_IN} ${CHALLENGE} ... on SignInBlockedProblem { reason }`,
    );
    if (!outcome) return false;
    const { notes } = citizen;
    for (const method of ['totp', 'sms'] as const) {
      const isAsked = outcome['methods']?.includes(method.toUpperCase());
      if (notes[method]?.isConfirmed === null && isAsked) notes[method].isConfirmed = true;
      if (notes[method]?.isConfirmed === null && isDone(outcome)) notes[method] = null;
    }
    if (isDone(outcome)) this.#adopt(citizen, outcome);
    else if (outcome.__typename === 'SecondFactorChallenge') notes.signIn = outcome as unknown as Asked;
    else if (outcome.__typename === 'SignInBlockedProblem')
      notes.isVoid = outcome['reason'] === 'PASSWORD_RESET_REQUIRED';
    // What staff do at that moment refuses a right password too: so it is tried again when all is quiet.
    else if (outcome.__typename === REFUSED) citizen.isUnsure = true;
    return true;
  }

  async #changePassword(program: Program, citizen: Citizen): Promise<boolean> {
    const newPassword = this.#newPassword();
    const { session, ways } = citizen;
    const input = { currentPassword: ways[0]?.password, newPassword };
    const changed = '... on ChangePasswordSuccess { sessionToken }';
    const [outcome] = await this.#do(program, citizen, 'changePassword', [input], session, changed);
    const emails = ways.map(({ email }) => email);
    if (!outcome) {
      citizen.ways = [...ways, ...waysOf(emails, [newPassword])];
      citizen.session = null;
    } else if (isDone(outcome)) {
      citizen.ways = waysOf(emails, [newPassword]);
      this.#adopt(citizen, outcome);
    }
    return outcome !== null;
  }

  /** Three browsers use one link at once, with the same proof where one is asked for: one of them may win. */
  async #completeReset(program: Program, citizen: Citizen, token: string): Promise<boolean> {
    const { notes, ways, session } = citizen;
    const asked = notes.reset?.token === token ? notes.reset : null;
    notes.reset = null;
    const proof = asked && proofFor(citizen, asked, this.#world);
    const passwords = [1, 2, 3].map(() => this.#newPassword());
    const inputs = passwords.map((newPassword) => ({
      token,
      newPassword,
      ...(proof && { challenge: asked.challenge, proof }),
    }));
    const outcomes = await this.#do(program, citizen, 'completePasswordReset', inputs, null, CHALLENGE);
    const emails = ways.map(({ email }) => email);
    const winner = outcomes.findIndex(isDone);
    const challenge = outcomes.find((outcome) => outcome?.__typename === 'SecondFactorChallenge');
    if (winner >= 0) citizen.ways = waysOf(emails, [passwords[winner] ?? '']);
    else if (outcomes.includes(null)) citizen.ways = [...ways, ...waysOf(emails, passwords)];
    if (challenge) notes.reset = { ...(challenge as unknown as Asked), token };
    else citizen.usedTokens.add(token);
    if (winner >= 0 && session) citizen.over.push(session);
    if (winner >= 0 || outcomes.includes(null)) citizen.session = null;
    if (winner >= 0) notes.isVoid = false;
    return !outcomes.includes(null);
  }

  /**
   * Sends one mutation with each of these inputs at once. Of several one may succeed, which is told; where none was told
   * and an answer is missing, it may have been done once.
   */
  async #do(
    program: Program,
    citizen: Citizen,
    deed: string,
    inputs: readonly (object | null)[],
    session: string | null = null,
    selection = '',
  ): Promise<(Outcome | null)[]> {
    const outcomes = await Promise.all(inputs.map((input) => this.#send(program, deed, input, session, selection)));
    const done = outcomes.filter(isDone).length;
    if (done > 1) this.broken.push(`${citizen.name}: ${deed} succeeded ${done} times at once`);
    citizen.told.add(deed, done);
    this.done.add(deed, done);
    for (const outcome of outcomes) {
      (outcome ? this.answered : this.cutOff).add(deed);
      if (outcome && !isDone(outcome)) this.refused.add(`${deed} ${outcome.__typename}`);
    }
    if (done === 0 && outcomes.includes(null)) citizen.maybe.add(deed);
    if (session !== null && citizen.session === session) {
      if (outcomes.some((outcome) => outcome?.__typename === 'UNAUTHENTICATED')) citizen.session = null;
    }
    return outcomes;
  }

  /** Null when there was no answer. What is neither outcome nor silence breaks an invariant. */
  async #send(
    program: Program,
    deed: string,
    input: object | null,
    session: string | null,
    selection: string,
  ): Promise<Outcome | null> {
    const type = `${deed[0]?.toUpperCase()}${deed.slice(1)}Input`;
    const body = `${deed}${input === null ? '' : '(input: $input)'} { __typename ${selection} }`;
    const query = input === null ? `mutation { ${body} }` : `mutation ($input: ${type}!) { ${body} }`;
    const answer = await call(program, query, input === null ? {} : { input }, session);
    if (answer === null) return null;
    if (answer[deed]) return answer[deed] as Outcome;
    const code = answer.code ?? 'no code';
    if (!EXPECTED.includes(code)) this.broken.push(`${deed}: ${code}`);
    return { __typename: code };
  }

  /** Exactly one of the ways that may be right is. */
  async #findWay(program: Program, citizen: Citizen): Promise<void> {
    const right: typeof citizen.ways = [];
    citizen.isUnsure = false;
    for (const way of citizen.ways) if (await this.#isRight(program, citizen, way)) right.push(way);
    if (right.length === 1) citizen.ways = right;
    else if (right.length === 0 && citizen.told.of('completeSignUp') === 0) {
      // Then the link was not used up either.
      citizen.exists = false;
      citizen.usedTokens.clear();
    } else this.broken.push(`${citizen.name}: ${right.length} of ${citizen.ways.length} ways are right`);
  }

  /** A machine that is too busy to say is asked again. */
  async #isRight(program: Program, citizen: Citizen, way: Citizen['ways'][number]): Promise<boolean> {
    for (let tries = 0; tries < 100; tries += 1) {
      const [outcome] = await this.#do(program, citizen, 'signIn', [way]);
      if (RIGHT.includes(outcome?.__typename ?? '')) return true;
      if (outcome?.__typename === REFUSED) return false;
      await sleep(200);
    }
    throw new Error(`no answer to a sign-in of ${citizen.name}`);
  }

  #newPassword(): string {
    const words = Array.from({ length: 4 }, () => WORDS[Math.floor(this.random() * WORDS.length)]);
    return `${words.join(' ')} ${Math.floor(this.random() * 1e9)}`;
  }
}

/** Refusals of the request as a whole that are no fault: the session is over, not strong enough, or all is busy. */
const EXPECTED = ['UNAUTHENTICATED', 'FORBIDDEN', 'BUSY', 'UNAVAILABLE', 'RATE_LIMITED'];
