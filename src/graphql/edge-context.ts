/** The service context, and what only the edge may touch: the cookies of this request and answer. */
import type { Context, Person, PersonContext } from '../base/context.js';
import { Refusal } from '../base/problems.js';

export type CookieName = 'session' | 'pending' | 'qr' | 'device';

export interface Cookies {
  get(name: CookieName): string | null;
  /** `maxAge` in seconds; without it the cookie ends with the browser. */
  set(name: CookieName, value: string, maxAge?: number): void;
  clear(name: CookieName): void;
}

export interface EdgeContext extends Context {
  readonly cookies: Cookies;
  /** Whether a browser sent the request: only browsers name an origin or a fetch site, and scripts cannot hide them. */
  readonly isBrowser: boolean;
}

/** The context of a person signed in. The guard has let only such through; this tells the compiler. */
export function asPerson<C extends Context>(ctx: C): C & PersonContext {
  if (ctx.actor.kind !== 'person') throw new Refusal('UNAUTHENTICATED', 'Sign in first.');
  return ctx as C & { readonly actor: Person };
}
