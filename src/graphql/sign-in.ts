/** How signing up, in and out speaks GraphQL. */
import { Arg, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { signIn } from '../sign-in/service.js';
import { completeSignUp, signUp } from '../sign-in/sign-up.js';
import { signOut } from '../sessions/service.js';
import { Access, Limit } from './access.js';
import type { EdgeContext } from './edge-context.js';
import { signInAnswer } from './session-cookies.js';
import { SignOutResult } from './types/sessions.js';
import {
  CompleteSignUpInput,
  CompleteSignUpResult,
  SignInInput,
  SignInResult,
  SignInSuccess,
  SignUpInput,
  SignUpResult,
} from './types/sign-in.js';
import { Viewer } from './types/viewer.js';
import { currentViewer } from './viewer.js';

@Resolver()
export class SignInResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => SignUpResult, {
    nullable: true,
    description:
      'Ask for a new account. The answer is the same whether or not the address is taken; its owner learns the rest by email. Asking again sends the message again.',
  })
  signUp(@Ctx() ctx: EdgeContext, @Arg('input', () => SignUpInput) input: SignUpInput): Promise<SignUpResult> {
    return signUp(ctx, input);
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 50)')
  @Mutation(() => CompleteSignUpResult, {
    nullable: true,
    description:
      'Create the account with the token from the message, choose its password, and sign in. The password is chosen only here, so nobody can prepare an account, with a password they know, for an address that is not theirs.',
  })
  async completeSignUp(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => CompleteSignUpInput) input: CompleteSignUpInput,
  ): Promise<CompleteSignUpResult> {
    const { token, password, displayName = null, transport } = input;
    const outcome = await completeSignUp(ctx, { token, password, displayName, transport: transport ?? 'COOKIE' });
    return signInAnswer(ctx, outcome);
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 50)')
  @Mutation(() => SignInResult, {
    nullable: true,
    description:
      'Sign in with a password. The session arrives as an HttpOnly cookie, never in the response body, unless a native app asks for a bearer token.',
  })
  async signIn(@Ctx() ctx: EdgeContext, @Arg('input', () => SignInInput) input: SignInInput): Promise<SignInResult> {
    const { email, password, persistent, transport } = input;
    const deviceCookie = ctx.cookies.get('device');
    const wanted = { email, password, persistent: persistent ?? false, transport: transport ?? 'COOKIE', deviceCookie };
    return signInAnswer(ctx, await signIn(ctx, wanted));
  }

  @Access('public')
  @Mutation(() => SignOutResult, {
    nullable: true,
    description: 'End the current session. Succeeds also when nobody is signed in.',
  })
  async signOut(@Ctx() ctx: EdgeContext): Promise<SignOutResult> {
    const sessionEnded = await signOut(ctx);
    if (sessionEnded) ctx.cookies.clear('session');
    return { sessionEnded };
  }
}

/** What an answer says of a session that just began: read only where the client asks for it. */
@Resolver(() => SignInSuccess)
export class SignInSuccessResolver {
  @FieldResolver(() => Viewer, { description: 'The person now signed in.' })
  viewer(@Root() { issued }: SignInSuccess, @Ctx() ctx: EdgeContext): Promise<Viewer> {
    return currentViewer(ctx, issued);
  }
}
