/** Signing up, address first: no account exists, and no password is known, before its owner has read the letter. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import {
  invalidInput,
  isProblem,
  problem,
  rateLimited,
  type InvalidInput,
  type Problem,
  type RateLimited,
} from '../base/problems.js';
import { digest, formatToken, matchesDigest, newToken, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { readDisplayName } from '../accounts/display-name.js';
import { alreadyRegisteredLetter, signUpLetter } from '../accounts/messages.js';
import { notify } from '../accounts/notices.js';
import { createAccount, findAccountByEmailKey } from '../accounts/service.js';
import { parseEmail } from '../base/email-address.js';
import { defineMessage, enqueue, type Envelope } from '../delivery/outbox.js';
import { mayWriteTo } from '../delivery/send-limits.js';
import { hashPassword } from '../passwords/hashing.js';
import { refusePassword, storePassword, type PasswordRejected } from '../passwords/service.js';
import { recordEvent } from '../security-events/service.js';
import { openSession, type SignedIn } from './service.js';

/** How long to wait before asking for another letter: the same for everyone. Seconds. */
export const RESEND_AFTER_SECONDS = 60;

export interface SignUpAccepted {
  readonly linkLifetimeMinutes: number;
  readonly resendAfterSeconds: number;
}

/** Accepts an address. It is not looked up here: what is sent is decided in the worker, so that the answer tells nothing. */
export async function signUp(
  ctx: Context,
  input: { readonly email: string },
): Promise<SignUpAccepted | InvalidInput | Problem<'FEATURE_DISABLED'>> {
  if (!ctx.config.SIGN_UP) return problem('FEATURE_DISABLED');
  const address = parseEmail(input.email);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  await enqueue(ctx, signUpMessage, { email: address.email, emailKey: address.key, role: null });
  return {
    linkLifetimeMinutes: Math.ceil(ctx.config.SIGN_UP_LINK_TTL / 60),
    resendAfterSeconds: RESEND_AFTER_SECONDS,
  };
}

interface SignUpPayload extends Record<string, unknown> {
  readonly email: string;
  readonly emailKey: string;
  /** Set by `create-staff` only. */
  readonly role: StaffRole | null;
}

/** A link for a free address, a notice to the owner of a taken one. The letter goes to the address as its owner wrote it. */
export const signUpMessage = defineMessage<SignUpPayload>({
  name: 'sign_up',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.SIGN_UP_LINK_TTL,
  async compose(ctx, { email, emailKey, role }): Promise<Envelope[]> {
    if (!(await mayWriteTo(ctx, 'sign_up', emailKey))) return [];
    const account = await findAccountByEmailKey(ctx, emailKey);
    const productName = ctx.config.PRODUCT_NAME;
    if (account?.email) {
      const signInLink = `${ctx.config.publicUrl}/sign-in`;
      return [{ channel: 'EMAIL', to: account.email, letter: alreadyRegisteredLetter({ productName, signInLink }) }];
    }
    const token = newToken('sgnp');
    await ctx.db.execute(
      sql`insert into sign_up_links (id, digest, email, email_key, role, created_at, expires_at)
          values (${token.id}, ${digest('sign_up', token.secret)}, ${email}, ${emailKey}, ${role}, ${clock(ctx)},
            ${fromNow(ctx, ctx.config.SIGN_UP_LINK_TTL)})`,
    );
    const link = `${ctx.config.publicUrl}/sign-up#${formatToken(token)}`;
    const lifetimeMinutes = Math.floor(ctx.config.SIGN_UP_LINK_TTL / 60);
    return [{ channel: 'EMAIL', to: email, letter: signUpLetter({ productName, link, lifetimeMinutes }) }];
  },
});

export interface CompleteSignUpInput {
  readonly token: string;
  readonly password: string;
  readonly displayName: string | null;
  readonly transport: 'COOKIE' | 'BEARER';
}

type SignUpLink = { id: string; digest: string; email: string; email_key: string; role: StaffRole | null };

/** Creates the account and signs in. Only success uses the link up; of many at once exactly one succeeds. */
export async function completeSignUp(
  ctx: Context,
  input: CompleteSignUpInput,
): Promise<SignedIn | Problem<'TOKEN_INVALID'> | PasswordRejected | InvalidInput | RateLimited> {
  const displayName = input.displayName === null ? null : readDisplayName(input.displayName);
  if (isProblem(displayName)) return displayName;
  const link = await findLink(ctx, input.token);
  if (!link) return problem('TOKEN_INVALID');
  const refused = await refusePassword(ctx, input.password, 'password', { email: link.email, displayName });
  if (refused) return refused;
  const hash = await hashPassword(input.password, ctx.origin.network);
  const account = await inTransaction(ctx, (ctx) => createFromLink(ctx, link, displayName, hash));
  if (!account) return problem('TOKEN_INVALID');
  const session = {
    accountId: account.id,
    epoch: account.credentialEpoch,
    role: account.role,
    method: 'SIGN_UP',
    transport: input.transport,
    persistent: false,
    twoFactor: false,
    usedPasskey: false,
    isProven: true,
  } as const;
  const opened = await inTransaction(ctx, (ctx) => openSession(ctx, account, false, session));
  return isProblem(opened) ? rateLimited(1) : opened;
}

async function findLink(ctx: Context, text: string): Promise<SignUpLink | null> {
  const token = parseToken(text, 'sgnp');
  if (!token) return null;
  const [link] = await rows<SignUpLink>(
    ctx.db,
    sql`select id, digest, email, email_key, role from sign_up_links
        where id = ${token.id} and used_at is null and expires_at > ${clock(ctx)}`,
  );
  return link && matchesDigest('sign_up', token.secret, link.digest) ? link : null;
}

/** Uses the link up and creates the account, both or neither. Links sent to the address before are void with it. */
async function createFromLink(ctx: Context, link: SignUpLink, displayName: string | null, hash: string) {
  const used = await rows(
    ctx.db,
    sql`update sign_up_links set used_at = ${clock(ctx)}
        where id = ${link.id} and used_at is null and expires_at > ${clock(ctx)} returning id`,
  );
  if (used.length === 0) return null;
  const account = await createAccount(ctx, {
    email: link.email,
    emailKey: link.email_key,
    displayName,
    role: link.role,
  });
  if (!account) return null;
  await ctx.db.execute(
    sql`update sign_up_links set used_at = ${clock(ctx)} where email_key = ${link.email_key} and used_at is null`,
  );
  await storePassword(ctx, account.id, hash);
  const event = await recordEvent(ctx, 'account_created', { accountId: account.id });
  await notify(ctx, account.id, 'account_created', event);
  return account;
}
