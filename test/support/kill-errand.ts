/** What an errand is: one mutation, when there is a reason for it, and what is known after it. */
import type { Asked, Citizen, Kind, Letters, Outcome } from './kill-people.js';
import type { Desk } from './kill-desk.js';

/** What everyone can see. */
export interface World {
  readonly random: () => number;
  readonly letters: Letters;
  readonly desk: Desk;
}

export interface Errand {
  readonly mutation: string;
  /**
   * What the database must hold once for each time that it was done, by the names of `kill-evidence.ts`. None where the
   * mutation leaves nothing but what `holds` or the later errands look at.
   */
  readonly evidence: readonly string[];
  readonly kinds: readonly Kind[];
  /** With a session; without one, which gives a session; or whether there is one or not. */
  readonly needs: 'session' | 'no session' | 'nothing';
  /** Called so many times at once with the same input, of which one may succeed. */
  readonly atOnce?: 2;
  /** It is the next step of something that does not wait for long. */
  readonly soon?: true;
  readonly selection?: string;
  /** Undefined where there is nothing to do now; null where it takes no input. Called once for what is then done. */
  input(citizen: Citizen, world: World): object | null | undefined;
  /** The column that it writes, and what. */
  holds?(input: never): readonly [what: string, value: string];
  /** It succeeded. */
  then?(citizen: Citizen, outcome: Outcome, world: World, input: never): void;
  /** It was refused: what was noted is out of date. */
  refused?(citizen: Citizen, outcome: Outcome, world: World): void;
  /** Nobody knows whether it was done. */
  lost?(citizen: Citizen, world: World): void;
}

export const owners: readonly Kind[] = ['plain', 'guarded', 'moving', 'watched'];

/** A code by text message is still to be sent for, or to come. */
export function awaitsText({ notes: { phone } }: Citizen, { methods, codeBefore }: Asked, { letters }: World): boolean {
  if (!phone || !methods.includes('SMS')) return false;
  return codeBefore === undefined || (letters.code(phone.number) ?? '') === codeBefore;
}
