/** How QR sign-in speaks GraphQL: the new device starts and claims, the phone scans and decides. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../base/context.js';
import { isProblem } from '../base/problems.js';
import { approveQrSignIn, denyQrSignIn, scanQrSignIn } from '../qr-sign-in/approval.js';
import { claimQrSignIn, startQrSignIn } from '../qr-sign-in/service.js';
import { Access, Limit } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { signInAnswer } from './session-cookies.js';
import {
  ApproveQrSignInInput,
  ApproveQrSignInResult,
  ClaimQrSignInInput,
  ClaimQrSignInResult,
  DenyQrSignInInput,
  DenyQrSignInResult,
  ScanQrSignInInput,
  ScanQrSignInResult,
  StartQrSignInResult,
} from './types/qr-sign-in.js';
import { named } from './types/result-union.js';

const accountOf = (ctx: Context): string => (ctx.actor.kind === 'person' ? ctx.actor.accountId : '');

@Resolver()
export class QrSignInResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_QR_START_PER_NETWORK' })
  @Mutation(() => StartQrSignInResult, {
    nullable: true,
    description: 'On the device to be signed in: start, and show the QR code and the comparison number.',
  })
  async startQrSignIn(@Ctx() ctx: EdgeContext): Promise<StartQrSignInResult> {
    const started = await startQrSignIn(ctx, { binding: ctx.cookies.get('qr'), isNative: !ctx.isBrowser });
    if (isProblem(started)) return started;
    ctx.cookies.set('qr', started.binding, ctx.config.QR_TTL);
    return named('StartQrSignInSuccess', started);
  }

  @Access('account')
  @Limit({ limit: 'LIMIT_QR_PER_ACCOUNT', by: accountOf })
  @Mutation(() => ScanQrSignInResult, {
    nullable: true,
    description: 'On a signed-in device: redeem the scanned code and see who is asking.',
  })
  scanQrSignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ScanQrSignInInput) input: ScanQrSignInInput,
  ): Promise<ScanQrSignInResult> {
    return scanQrSignIn(asPerson(ctx), input);
  }

  @Access('fresh')
  @Limit({ limit: 'LIMIT_QR_PER_ACCOUNT', by: accountOf })
  @Mutation(() => ApproveQrSignInResult, {
    nullable: true,
    description: 'On a signed-in device: let the other device in, naming the number it shows.',
  })
  approveQrSignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ApproveQrSignInInput) input: ApproveQrSignInInput,
  ): Promise<ApproveQrSignInResult> {
    return approveQrSignIn(asPerson(ctx), input);
  }

  @Access('account')
  @Mutation(() => DenyQrSignInResult, {
    nullable: true,
    description: 'On a signed-in device: turn the other device away.',
  })
  denyQrSignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => DenyQrSignInInput) input: DenyQrSignInInput,
  ): Promise<DenyQrSignInResult> {
    return denyQrSignIn(asPerson(ctx), input);
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Mutation(() => ClaimQrSignInResult, {
    nullable: true,
    description:
      'On the device to be signed in: ask whether it was let in, and if so take the session, once. Call it no sooner than the last answer said.',
  })
  async claimQrSignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ClaimQrSignInInput) { claimSecret, transport }: ClaimQrSignInInput,
  ): Promise<ClaimQrSignInResult> {
    const binding = ctx.cookies.get('qr');
    const outcome = await claimQrSignIn(ctx, { claimSecret, binding, transport: transport ?? 'COOKIE' });
    if (isProblem(outcome)) return outcome;
    if (outcome.outcome === 'pending') return named('QrSignInPending', outcome);
    ctx.cookies.clear('qr');
    return signInAnswer(ctx, outcome);
  }
}
