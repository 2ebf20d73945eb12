/** How second factors speak GraphQL. */
import { Arg, Ctx, Directive, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import { isProblem } from '../base/problems.js';
import { confirmSecondFactor, enrollSecondFactor } from '../second-factors/enrolment.js';
import { recoveryCodesRemaining } from '../second-factors/recovery-codes.js';
import { disableSecondFactor, listSecondFactors, regenerateRecoveryCodes } from '../second-factors/service.js';
import type { SecondFactor as StoredFactor } from '../second-factors/tables.js';
import { Access, Limit } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { viewerUnder } from './session-cookies.js';
import {
  ConfirmSecondFactorInput,
  ConfirmSecondFactorResult,
  DisableSecondFactorInput,
  DisableSecondFactorResult,
  EnrollSecondFactorInput,
  EnrollSecondFactorResult,
  RegenerateRecoveryCodesResult,
  SecondFactor,
} from './types/second-factors.js';
import { Viewer } from './types/viewer.js';
import { loadViewer, orSignedOut } from './viewer.js';

@Resolver()
export class SecondFactorResolver {
  @Access('fresh')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => EnrollSecondFactorResult, {
    nullable: true,
    description: 'Start adding a second factor. It counts only after `confirmSecondFactor`.',
  })
  async enrollSecondFactor(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => EnrollSecondFactorInput) input: EnrollSecondFactorInput,
  ): Promise<EnrollSecondFactorResult> {
    const outcome = orSignedOut(await enrollSecondFactor(asPerson(ctx), input));
    return isProblem(outcome) ? outcome : { ...outcome, secondFactor: secondFactorOf(outcome.secondFactor) };
  }

  @Access('fresh')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => ConfirmSecondFactorResult, {
    nullable: true,
    description: 'Finish adding a second factor with a first code. The first one also yields recovery codes.',
  })
  async confirmSecondFactor(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ConfirmSecondFactorInput) input: ConfirmSecondFactorInput,
  ): Promise<ConfirmSecondFactorResult> {
    const outcome = await confirmSecondFactor(asPerson(ctx), input);
    if (isProblem(outcome)) return outcome;
    const { secondFactor, recoveryCodes, newSecret } = outcome;
    const viewer = await viewerUnder(ctx, newSecret);
    return { secondFactor: secondFactorOf(secondFactor), recoveryCodes, viewer };
  }

  @Access('fresh')
  @Mutation(() => DisableSecondFactorResult, {
    nullable: true,
    description: 'Remove a second factor of the person signed in.',
  })
  async disableSecondFactor(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => DisableSecondFactorInput) input: DisableSecondFactorInput,
  ): Promise<DisableSecondFactorResult> {
    const person = asPerson(ctx);
    const outcome = await disableSecondFactor(person, input);
    return isProblem(outcome) ? outcome : { ...outcome, viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('fresh')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Directive('@cost(weight: 20)')
  @Mutation(() => RegenerateRecoveryCodesResult, {
    nullable: true,
    description: 'Replace the recovery codes. The earlier ones stop working at once; the new ones are shown only here.',
  })
  async regenerateRecoveryCodes(@Ctx() ctx: EdgeContext): Promise<RegenerateRecoveryCodesResult> {
    const person = asPerson(ctx);
    const outcome = await regenerateRecoveryCodes(person);
    return isProblem(outcome) ? outcome : { ...outcome, viewer: await loadViewer(ctx, person.actor) };
  }
}

@Resolver(() => Viewer)
export class ViewerSecondFactorsResolver {
  @Directive('@listSize(assumedSize: 10)')
  @FieldResolver(() => [SecondFactor], { description: 'The second factors, confirmed or not. At most 10.' })
  async secondFactors(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<SecondFactor[]> {
    return (await listSecondFactors(ctx, person.accountId)).map(secondFactorOf);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'How many recovery codes are left. Null when none were ever made.',
  })
  recoveryCodesRemaining(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<number | null> {
    return recoveryCodesRemaining(ctx, person.accountId);
  }
}

/** What of a factor is for its owner's eyes; the key is not. */
const secondFactorOf = ({ id, method, label, confirmedAt, createdAt, lastUsedAt }: StoredFactor): SecondFactor => ({
  id,
  method,
  label,
  isConfirmed: confirmedAt !== null,
  createdAt,
  lastUsedAt,
});
