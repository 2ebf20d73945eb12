/** Where the owner wants security messages to go. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { problem, type Problem } from '../base/problems.js';
import { recordEvent } from '../security-events/service.js';
import { canSendSms, verifiedPhone, type Channel } from './channels.js';
import { notify } from './notices.js';
import { findAccount, holdEpoch } from './service.js';
import { takeSnapshot } from './snapshots.js';

/** The channels that could be chosen now: the address always, the number once it is verified. */
export async function availableChannels(ctx: Context, accountId: string): Promise<Channel[]> {
  const hasPhone = canSendSms(ctx.config) && (await verifiedPhone(ctx, accountId)) !== null;
  return hasPhone ? ['EMAIL', 'SMS'] : ['EMAIL'];
}

/**
 * Chooses where security messages go. Notices of changes go everywhere all the same, this one too. Null when a
 * change of credentials was faster, which has ended this session too.
 */
export async function chooseNotificationChannel(
  ctx: PersonContext,
  { channel }: { readonly channel: Channel },
): Promise<{ readonly channel: Channel } | Problem<'CHANNEL_UNAVAILABLE', { availableChannels: Channel[] }> | null> {
  const { accountId, epoch, sessionId } = ctx.actor;
  return inTransaction(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, accountId, epoch))) return null;
    const channels = await availableChannels(ctx, accountId);
    if (!channels.includes(channel)) return problem('CHANNEL_UNAVAILABLE', { availableChannels: channels });
    const account = await findAccount(ctx, accountId);
    if (account?.notificationChannel === channel) return { channel };
    await takeSnapshot(ctx, accountId);
    await ctx.db.execute(sql`update accounts set notification_channel = ${channel} where id = ${accountId}`);
    const event = await recordEvent(ctx, 'notification_channel_changed', { accountId, sessionId });
    await notify(ctx, accountId, 'notification_channel_changed', event);
    return { channel };
  });
}
