/** How people are reached, in GraphQL: address, telephone number, and where security messages go. */
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { availableChannels, chooseNotificationChannel } from '../accounts/notification-channel.js';
import { isProblem } from '../base/problems.js';
import { changeEmail, confirmEmailChange } from '../email-changes/service.js';
import { addPhoneNumber, removePhoneNumber, shownPhone, verifyPhoneNumber } from '../second-factors/phone-number.js';
import { Access, Limit } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import {
  AddPhoneNumberInput,
  AddPhoneNumberResult,
  ChangeEmailInput,
  ChangeEmailResult,
  ChooseNotificationChannelInput,
  ChooseNotificationChannelResult,
  ConfirmEmailChangeInput,
  ConfirmEmailChangeResult,
  NotificationChannel,
  RemovePhoneNumberResult,
  VerifyPhoneNumberInput,
  VerifyPhoneNumberResult,
} from './types/messages.js';
import { PhoneNumber } from './types/scalars.js';
import { Viewer } from './types/viewer.js';
import { loadViewer, orSignedOut } from './viewer.js';

@Resolver()
export class ContactResolver {
  @Access('fresh')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => ChangeEmailResult, {
    nullable: true,
    description: 'Ask to change the address used to sign in. It changes only after `confirmEmailChange`.',
  })
  async changeEmail(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ChangeEmailInput) input: ChangeEmailInput,
  ): Promise<ChangeEmailResult> {
    return orSignedOut(await changeEmail(asPerson(ctx), input));
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => ConfirmEmailChangeResult, {
    nullable: true,
    description: 'Prove control of the new address with the token sent to it.',
  })
  confirmEmailChange(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ConfirmEmailChangeInput) input: ConfirmEmailChangeInput,
  ): Promise<ConfirmEmailChangeResult> {
    return confirmEmailChange(ctx, input);
  }

  @Access('fresh')
  @Mutation(() => ChooseNotificationChannelResult, {
    nullable: true,
    description: 'Choose where security messages go.',
  })
  async chooseNotificationChannel(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ChooseNotificationChannelInput) input: ChooseNotificationChannelInput,
  ): Promise<ChooseNotificationChannelResult> {
    const person = asPerson(ctx);
    const outcome = orSignedOut(await chooseNotificationChannel(person, input));
    return isProblem(outcome) ? outcome : { viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('fresh')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => AddPhoneNumberResult, {
    nullable: true,
    description: 'Set a telephone number and send a code to it. The number counts only after `verifyPhoneNumber`.',
  })
  async addPhoneNumber(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => AddPhoneNumberInput) input: AddPhoneNumberInput,
  ): Promise<AddPhoneNumberResult> {
    const person = asPerson(ctx);
    const outcome = orSignedOut(await addPhoneNumber(person, input));
    return isProblem(outcome) ? outcome : { ...outcome, viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('account')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => VerifyPhoneNumberResult, {
    nullable: true,
    description: 'Prove control of the telephone number with the code sent to it.',
  })
  async verifyPhoneNumber(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => VerifyPhoneNumberInput) input: VerifyPhoneNumberInput,
  ): Promise<VerifyPhoneNumberResult> {
    const person = asPerson(ctx);
    const outcome = await verifyPhoneNumber(person, input);
    return isProblem(outcome) ? outcome : { viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('fresh')
  @Mutation(() => RemovePhoneNumberResult, { nullable: true, description: 'Forget the telephone number.' })
  async removePhoneNumber(@Ctx() ctx: EdgeContext): Promise<RemovePhoneNumberResult> {
    const person = asPerson(ctx);
    const outcome = orSignedOut(await removePhoneNumber(person));
    return isProblem(outcome) ? outcome : { viewer: await loadViewer(ctx, person.actor) };
  }
}

@Resolver(() => Viewer)
export class ViewerContactResolver {
  @FieldResolver(() => PhoneNumber, { nullable: true, description: 'The telephone number. Null when there is none.' })
  async phoneNumber(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<string | null> {
    return (await shownPhone(ctx, person.accountId))?.number ?? null;
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the number was proven to be the person's. False when there is none.",
  })
  async phoneNumberVerified(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<boolean> {
    return (await shownPhone(ctx, person.accountId))?.isVerified ?? false;
  }

  @FieldResolver(() => [NotificationChannel], { description: 'The channels that could be chosen now.' })
  availableNotificationChannels(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<NotificationChannel[]> {
    return availableChannels(ctx, person.accountId);
  }
}
