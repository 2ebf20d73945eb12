/** What owners do to their account itself, in GraphQL. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { changeDisplayName, closeAccount } from '../accounts/profile.js';
import { isProblem } from '../base/problems.js';
import { Access } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { ChangeDisplayNameInput, ChangeDisplayNameResult, CloseAccountResult } from './types/viewer.js';
import { loadViewer, orSignedOut } from './viewer.js';

@Resolver()
export class ProfileResolver {
  @Access('account')
  @Mutation(() => ChangeDisplayNameResult, { nullable: true, description: 'Change the name shown to others.' })
  async changeDisplayName(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ChangeDisplayNameInput) input: ChangeDisplayNameInput,
  ): Promise<ChangeDisplayNameResult> {
    const person = asPerson(ctx);
    const outcome = orSignedOut(await changeDisplayName(person, input));
    return isProblem(outcome) ? outcome : { viewer: await loadViewer(ctx, person.actor) };
  }

  @Access('fresh')
  @Mutation(() => CloseAccountResult, {
    nullable: true,
    description:
      'Close the account of the person signed in, for good: every session is over, nothing can sign in, and what is personal is erased when the retention time has passed.',
  })
  async closeAccount(@Ctx() ctx: EdgeContext): Promise<CloseAccountResult> {
    const { accountId, epoch } = asPerson(ctx).actor;
    const closed = orSignedOut(await closeAccount(ctx, accountId, epoch));
    ctx.cookies.clear('session');
    return closed;
  }
}
