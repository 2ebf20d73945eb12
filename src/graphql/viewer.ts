/** The person signed in: what is private to them. No other type leads here. */
import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { scopesOf } from '../accounts/roles.js';
import { findAccount } from '../accounts/service.js';
import { canSendSms } from '../accounts/channels.js';
import type { Person } from '../base/context.js';
import { Refusal } from '../base/problems.js';
import { passwordSetAt } from '../passwords/service.js';
import { resolveSession } from '../sessions/service.js';
import { Access, Limit } from './access.js';
import type { EdgeContext } from './edge-context.js';
import { Account } from './types/accounts.js';
import { DateTime } from './types/scalars.js';
import { SecurityFeatures, Viewer } from './types/viewer.js';

/** The viewer object of a person, as the account stands now; its other fields load what they need. */
export async function loadViewer(ctx: EdgeContext, person: Person): Promise<Viewer> {
  const account = orSignedOut(await findAccount(ctx, person.accountId));
  return viewerOf(person, account.email ?? '', account.notificationChannel);
}

/** The viewer as the session's read saw it, without asking again. */
function viewerAsRead(ctx: EdgeContext, person: Person): Viewer | Promise<Viewer> {
  const { contact } = person;
  return contact ? viewerOf(person, contact.email, contact.channel) : loadViewer(ctx, person);
}

const viewerOf = (person: Person, email: string, notificationChannel: 'EMAIL' | 'SMS'): Viewer => ({
  person,
  id: person.accountId.replace(/^acct_/, 'view_'),
  email,
  notificationChannel,
});

/** The viewer under a session that was just issued or re-issued. */
export async function currentViewer(ctx: EdgeContext, token: string): Promise<Viewer> {
  return viewerAsRead(ctx, orSignedOut(await resolveSession(ctx, token)));
}

/** Null where the session ended while the request ran: the same answer as for a session that had ended before. */
export function orSignedOut<T>(value: T | null): T {
  if (value === null) throw new Refusal('UNAUTHENTICATED', 'Sign in first.');
  return value;
}

@Resolver(() => Viewer)
export class ViewerResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Query(() => Viewer, {
    nullable: true,
    description: 'The person this request acts for. Null, without an error, when nobody is signed in.',
  })
  async viewer(@Ctx() ctx: EdgeContext): Promise<Viewer | null> {
    return ctx.actor.kind === 'person' ? viewerAsRead(ctx, ctx.actor) : null;
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Query(() => SecurityFeatures, {
    nullable: true,
    description:
      'The ways to sign up, sign in and be reached that this installation has switched on. The same for everyone.',
  })
  securityFeatures(@Ctx() ctx: EdgeContext): SecurityFeatures {
    const { config } = ctx;
    const sms = canSendSms(config);
    return {
      signUp: config.SIGN_UP,
      passkeys: config.PASSKEYS,
      qrSignIn: config.QR_SIGN_IN,
      secondFactorMethods: [
        'TOTP',
        ...(sms ? ['SMS' as const] : []),
        ...(config.EMAIL_CODES ? ['EMAIL' as const] : []),
      ],
      notificationChannels: ['EMAIL', ...(sms ? ['SMS' as const] : [])],
    };
  }

  @FieldResolver(() => Account, { description: 'The account, as other people and services see it.' })
  account(@Root() { person }: Viewer): Account {
    return { id: person.accountId };
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'When the password was last set. Null for an account without a password.',
  })
  passwordChangedAt(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<Date | null> {
    return passwordSetAt(ctx, person.accountId);
  }

  @FieldResolver(() => [String], { description: 'What the person may do as staff. Empty for everyone else.' })
  scopes(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): string[] {
    return [...scopesOf(person, ctx.config)];
  }
}
