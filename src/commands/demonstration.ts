/**
 * Two people to try everything with, in development mode alone: nobody can sign in to a production start without having
 * been made (R-030). Made once; whoever changes or closes them finds them so at the next start.
 */
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import QRCode from 'qrcode';
import { inTransaction, type Context, type StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId, seal } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { createAccount, findAccountByEmailKey } from '../accounts/service.js';
import { hashPassword, verifyPassword } from '../passwords/hashing.js';
import { storedHash, storePassword } from '../passwords/service.js';
import { openTotpKey } from '../second-factors/proofs.js';
import { replaceRecoveryCodes } from '../second-factors/recovery-codes.js';
import { secondFactors } from '../second-factors/tables.js';
import { newTotpKey, provisioningUri } from '../second-factors/totp.js';

interface Demonstration {
  readonly email: string;
  readonly displayName: string;
  readonly password: string;
  readonly role: StaffRole | null;
}

const PERSON: Demonstration = {
  email: 'demo@example.org',
  displayName: 'Demo Person',
  password: 'seven purple lanterns glow',
  role: null,
};

const STAFF: Demonstration = {
  email: 'staff@example.org',
  displayName: 'Demo Staff',
  password: 'nine careful owls keep watch',
  role: 'admin',
};

/**
 * Makes both where they have never been: on the embedded database, or on one that has no account at all. An operator's own
 * database gets no stranger.
 */
export async function makeDemonstration(ctx: Context, isEmbedded: boolean): Promise<void> {
  if (ctx.config.APP_ENV !== 'development') return;
  const [found] = await rows<{ any: boolean; demonstration: boolean }>(
    ctx.db,
    sql`select exists (select 1 from accounts) as any,
          exists (select 1 from accounts where email_key in (${PERSON.email}, ${STAFF.email})) as demonstration`,
  );
  if (found?.demonstration || (found?.any && !isEmbedded)) return;
  for (const someone of [PERSON, STAFF]) {
    const hash = await hashPassword(someone.password);
    await inTransaction(ctx, (ctx) => makeAccount(ctx, someone, hash));
  }
}

async function makeAccount(ctx: Context, { email, displayName, role }: Demonstration, hash: string): Promise<void> {
  const account = await createAccount(ctx, { email, emailKey: email, displayName, role });
  if (!account) return;
  await storePassword(ctx, account.id, hash);
  if (role === null) return;
  const id = newId('fact');
  await ctx.db.insert(secondFactors).values({
    id,
    accountId: account.id,
    method: 'TOTP',
    label: 'Demonstration',
    secret: seal(ctx.config.secretKeys, `second_factors:${id}`, newTotpKey()),
    confirmedAt: clock(ctx),
    createdAt: clock(ctx),
    epoch: account.credentialEpoch,
    sessionId: 'demonstration',
  });
  // As for everyone who has a second factor. Nobody is shown them: the security page makes others.
  await replaceRecoveryCodes(ctx, account.id);
}

/** How to sign in as the two, as lines for the terminal; empty where neither is there. */
export async function describeDemonstration(ctx: Context, withPicture: boolean): Promise<string[]> {
  if (ctx.config.APP_ENV !== 'development') return [];
  const person = await describe(ctx, PERSON, 'Person');
  const staff = await describe(ctx, STAFF, 'Staff ');
  const uri = staff.length > 0 ? await totpUri(ctx) : null;
  if (uri === null) return [...person, ...staff];
  return [
    ...person,
    ...staff,
    '                 and a code from an authenticator app that has this key:',
    `                 ${uri}`,
    ...(withPicture ? [await terminalPicture(uri)] : []),
  ];
}

async function describe(ctx: Context, { email, password }: Demonstration, who: string): Promise<string[]> {
  const account = await findAccountByEmailKey(ctx, email);
  if (!account) return [];
  const hash = await storedHash(ctx, account.id);
  const isAsMade = hash !== null && !account.passwordResetRequired && (await verifyPassword(password, hash));
  return [`  ${who}         ${email}, password ${isAsMade ? `"${password}"` : 'changed since it was made'}`];
}

async function totpUri(ctx: Context): Promise<string | null> {
  const account = await findAccountByEmailKey(ctx, STAFF.email);
  if (!account) return null;
  const [factor] = await ctx.db
    .select({ id: secondFactors.id, secret: secondFactors.secret })
    .from(secondFactors)
    .where(
      and(
        eq(secondFactors.accountId, account.id),
        eq(secondFactors.sessionId, 'demonstration'),
        isNotNull(secondFactors.confirmedAt),
        isNull(secondFactors.removedAt),
      ),
    );
  if (!factor?.secret) return null;
  const key = openTotpKey(ctx, factor.id, factor.secret);
  return provisioningUri({ issuer: ctx.config.PRODUCT_NAME, account: STAFF.email, key });
}

/** For the camera of a phone: dark on light, whatever the terminal's colours. */
export const terminalPicture = (text: string): Promise<string> =>
  QRCode.toString(text, { type: 'terminal', small: true, errorCorrectionLevel: 'L' });
