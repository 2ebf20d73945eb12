/** The people of the kill loop: what they know, and what came to their mailboxes. */
import type { Authenticator } from './authenticator.js';

/** How often something happened, by its name. */
export class Tally extends Map<string, number> {
  of(name: string): number {
    return this.get(name) ?? 0;
  }

  add(name: string, count = 1): void {
    this.set(name, this.of(name) + count);
  }
}

/**
 * Plain people have a password. The guarded have second factors and passkeys. The moving change their address, and say
 * that it was not them. Staff act on the watched, who also ask the desk for help.
 */
export type Kind = 'plain' | 'guarded' | 'moving' | 'watched' | 'staff';

// Answers are read by path; their shape is the contract's business.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Outcome = Record<string, any> & { __typename: string };

/** One more proof that was asked for. */
export interface Asked {
  readonly challenge: string;
  readonly methods: readonly string[];
  readonly passkeyOptions: Parameters<Authenticator['get']>[0] | null;
  /** The newest code when another was sent for; undefined where none was. */
  codeBefore?: string;
}

export interface Factor {
  readonly id: string;
  /** Null for one by text message. */
  readonly key: string | null;
  /** Null where the answer was lost: the next sign-in tells. */
  isConfirmed: boolean | null;
}

/** A citizen's own notes: what an answer said, as far as answers came. They may be out of date. */
export interface Notes {
  phone: { readonly number: string; isVerified: boolean } | null;
  /** Undefined where an answer was lost. */
  channel: 'EMAIL' | 'SMS' | undefined;
  totp: Factor | null;
  sms: Factor | null;
  /** The newest code when the factor by text message was begun. */
  codeBefore: string;
  recoveryCodes: string[];
  registration: { readonly ceremony: string; readonly options: Parameters<Authenticator['create']>[0] } | null;
  passkeyId: string | null;
  authenticators: Authenticator[];
  passkeySignIn: { readonly ceremony: string; readonly options: Parameters<Authenticator['get']>[0] } | null;
  qr: QrNotes | null;
  signIn: Asked | null;
  stepUp: Asked | null;
  /** Beside the reset link that is in hand. */
  reset: (Asked & { readonly token: string }) | null;
  /** What is sensitive was refused to this session. */
  isStale: boolean;
  /** The password is void: a reset is the way back. */
  isVoid: boolean;
  /** Sessions besides the one at hand. */
  others: { readonly id: string; readonly token: string }[];
  /** Of the account, as the last sign-in showed them. */
  events: string[];
  /** What a staff member is about to act on. */
  inHand: string;
}

export interface QrNotes {
  readonly payload: string;
  readonly secret: string;
  readonly number: string;
  requestId: string | null;
  isApproved: boolean;
}

const blankNotes = (): Notes => ({
  phone: null,
  channel: 'EMAIL',
  totp: null,
  sms: null,
  codeBefore: '',
  recoveryCodes: [],
  registration: null,
  passkeyId: null,
  authenticators: [],
  passkeySignIn: null,
  qr: null,
  signIn: null,
  stepUp: null,
  reset: null,
  isStale: false,
  isVoid: false,
  others: [],
  events: [],
  inHand: '',
});

/** An address and a password that may open the account. */
export interface Way {
  readonly email: string;
  readonly password: string;
}

export interface Citizen {
  readonly name: string;
  readonly kind: Kind;
  accountId: string | null;
  /** Where letters to them may come: their addresses, past and wanted, and the contact they gave to the desk. */
  readonly addresses: string[];
  /** One, unless a kill cut an answer off. */
  ways: Way[];
  /** Their password was refused. */
  isUnsure: boolean;
  exists: boolean;
  /** Closed the account, or may have. */
  isGone: boolean;
  readonly notes: Notes;
  /** What they were told has happened, and what may have. */
  readonly told: Tally;
  readonly maybe: Tally;
  /** What a column may hold since it was first told, by its name or the id of its row: one value, unless an answer was lost. */
  readonly holds: Map<string, string[]>;
  /** The session they hold, and sessions that an answer said are over. */
  session: string | null;
  sessionId: string | null;
  readonly over: string[];
  readonly usedTokens: Set<string>;
  /** References that the desk has given them. */
  readonly references: string[];
  isBusy: boolean;
}

export function newCitizen(name: string, kind: Kind): Citizen {
  return {
    name,
    kind,
    accountId: null,
    addresses: [`${name}@example.org`],
    ways: [],
    isUnsure: false,
    exists: false,
    isGone: false,
    notes: blankNotes(),
    told: new Tally(),
    maybe: new Tally(),
    holds: new Map(),
    session: null,
    sessionId: null,
    over: [],
    usedTokens: new Set(),
    references: [],
    isBusy: false,
  };
}

/** The address they sign in with, as far as they know. */
export const emailOf = ({ ways, addresses }: Citizen): string => ways[0]?.email ?? addresses[0] ?? '';

/** What may open the account, where any of these addresses and any of these passwords may. */
export function waysOf(emails: readonly string[], passwords: readonly string[]): Way[] {
  return [...new Set(emails)].flatMap((email) => [...new Set(passwords)].map((password) => ({ email, password })));
}

interface Letter {
  readonly to: string;
  readonly id: string;
  readonly text: string;
}

/** All letters and texts that ever came; the mailbox itself shows only the newest. */
export class Letters {
  readonly #byRecipient = new Map<string, Letter[]>();
  readonly #ids = new Set<string>();

  get count(): number {
    return this.#ids.size;
  }

  async read(url: string): Promise<void> {
    const listed = (await (await fetch(`${url}/mailbox.json`)).json()) as Letter[];
    for (const letter of listed.reverse()) {
      if (this.#ids.has(letter.id)) continue;
      this.#ids.add(letter.id);
      this.#byRecipient.set(letter.to, [letter, ...this.to(letter.to)]);
    }
  }

  /** The newest first. */
  to(recipient: string): readonly Letter[] {
    return this.#byRecipient.get(recipient) ?? [];
  }

  /** How many to these addresses lead to this page. */
  countLeadingTo(page: string, addresses: readonly string[]): number {
    return addresses.flatMap((to) => this.to(to)).filter(({ text }) => text.includes(`/${page}#`)).length;
  }

  /** A token that they have not used yet, the newest first, and where it came. */
  token({ addresses, usedTokens }: Citizen, page: string): { token: string; to: string } | undefined {
    for (const { to, text } of addresses.flatMap((address) => this.to(address))) {
      const token = new RegExp(`/${page}#(\\S+)`).exec(text)?.[1];
      if (token && !usedTokens.has(token)) return { token, to };
    }
    return undefined;
  }

  /** The newest code that came to a telephone. */
  code(to: string): string | undefined {
    for (const { text } of this.to(to)) {
      const code = /^ *(\d{8})\b/m.exec(text)?.[1];
      if (code) return code;
    }
    return undefined;
  }
}
