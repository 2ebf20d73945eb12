/** What the door refused is evidence too: a source that asks for more accounts than it may is what `FLAG_CAMPAIGN` is about. */
import type { Context } from '../base/context.js';
import { parseEmail } from '../base/email-address.js';
import { recordRefused } from '../security-events/service.js';
import { worthKeeping } from './rules.js';

/** Remembers a reset request that `LIMIT_MAIL_PER_NETWORK` refused; nothing is sent. The same work for every address. */
export async function rememberRefusedReset(ctx: Context, input: { readonly email: string }): Promise<void> {
  const address = parseEmail(input.email);
  const bound = worthKeeping('RESET_CAMPAIGN', ctx.config);
  if (address && bound.max > 0) await recordRefused(ctx, 'password_reset_requested', address.key, bound);
}
