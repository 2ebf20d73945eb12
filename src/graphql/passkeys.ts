/** How passkeys speak GraphQL. */
import { Arg, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { isProblem } from '../base/problems.js';
import {
  finishPasskeyRegistration,
  removePasskey,
  renamePasskey,
  startPasskeyRegistration,
} from '../second-factors/passkeys.js';
import { passkeysOf, WEBAUTHN_SECONDS } from '../second-factors/webauthn.js';
import { finishPasskeySignIn, startPasskeySignIn } from '../sign-in/passkey-sign-in.js';
import { Access, Limit } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { signInAnswer, viewerUnder } from './session-cookies.js';
import {
  FinishPasskeyRegistrationInput,
  FinishPasskeyRegistrationResult,
  FinishPasskeySignInInput,
  FinishPasskeySignInResult,
  Passkey,
  RemovePasskeyInput,
  RemovePasskeyResult,
  RenamePasskeyInput,
  RenamePasskeyResult,
  StartPasskeyRegistrationResult,
  StartPasskeySignInResult,
} from './types/passkeys.js';
import { Viewer } from './types/viewer.js';
import { loadViewer } from './viewer.js';

@Resolver()
export class PasskeyResolver {
  @Access('fresh')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => StartPasskeyRegistrationResult, {
    nullable: true,
    description: 'Start adding a passkey to the account of the person signed in.',
  })
  startPasskeyRegistration(@Ctx() ctx: EdgeContext): Promise<StartPasskeyRegistrationResult> {
    return startPasskeyRegistration(asPerson(ctx));
  }

  @Access('account')
  @Mutation(() => FinishPasskeyRegistrationResult, { nullable: true, description: 'Finish adding a passkey.' })
  async finishPasskeyRegistration(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => FinishPasskeyRegistrationInput) input: FinishPasskeyRegistrationInput,
  ): Promise<FinishPasskeyRegistrationResult> {
    const outcome = await finishPasskeyRegistration(asPerson(ctx), input);
    if (isProblem(outcome)) return outcome;
    return { passkey: outcome.passkey, viewer: await viewerUnder(ctx, outcome.newSecret) };
  }

  @Access('account')
  @Mutation(() => RenamePasskeyResult, { nullable: true, description: 'Give a passkey a new name.' })
  renamePasskey(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RenamePasskeyInput) input: RenamePasskeyInput,
  ): Promise<RenamePasskeyResult> {
    return renamePasskey(asPerson(ctx), input);
  }

  @Access('fresh')
  @Mutation(() => RemovePasskeyResult, { nullable: true, description: 'Remove a passkey of the person signed in.' })
  async removePasskey(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RemovePasskeyInput) input: RemovePasskeyInput,
  ): Promise<RemovePasskeyResult> {
    const person = asPerson(ctx);
    const outcome = await removePasskey(person, input);
    return isProblem(outcome) ? outcome : { ...outcome, viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => StartPasskeySignInResult, {
    nullable: true,
    description: 'Start a sign-in with a passkey. Takes no address, so it tells nothing about any account.',
  })
  async startPasskeySignIn(@Ctx() ctx: EdgeContext): Promise<StartPasskeySignInResult> {
    const outcome = await startPasskeySignIn(ctx, { isNative: !ctx.isBrowser });
    if (isProblem(outcome)) return outcome;
    ctx.cookies.set('pending', outcome.binding, WEBAUTHN_SECONDS);
    return { ceremony: outcome.ceremony, options: outcome.options };
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => FinishPasskeySignInResult, { nullable: true, description: 'Finish a sign-in with a passkey.' })
  async finishPasskeySignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => FinishPasskeySignInInput) input: FinishPasskeySignInInput,
  ): Promise<FinishPasskeySignInResult> {
    const { ceremony, assertion, persistent, transport } = input;
    const cookies = { binding: ctx.cookies.get('pending'), deviceCookie: ctx.cookies.get('device') };
    const wanted = { persistent: persistent ?? false, transport: transport ?? 'COOKIE', ...cookies };
    return signInAnswer(ctx, await finishPasskeySignIn(ctx, { ceremony, assertion, ...wanted }));
  }
}

@Resolver(() => Viewer)
export class ViewerPasskeysResolver {
  @Directive('@listSize(assumedSize: 20)')
  @FieldResolver(() => [Passkey], { description: 'The passkeys. At most 20.' })
  passkeys(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<Passkey[]> {
    return passkeysOf(ctx, person.accountId);
  }
}
