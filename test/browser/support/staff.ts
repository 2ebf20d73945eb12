/** A member of staff: an account made on the command line, taken up through its letter, with an authenticator app. */
import type { BrowserContext, Locator, Page } from 'playwright-core';
import {
  addAuthenticator,
  button,
  completeSignUp,
  confirmPassword,
  givePassword,
  heading,
  PASSWORD,
  totpCode,
} from './steps.js';
import type { World } from './world.js';

export interface Member {
  readonly device: BrowserContext;
  readonly page: Page;
  readonly email: string;
  readonly secret: string;
}

/** Takes up the account, adds an app, and signs in with both. */
export async function joinsStaff(world: World, email: string, name: string): Promise<Member> {
  const device = await world.device();
  const page = await device.newPage();
  await completeSignUp(world, page, email, name);
  const { secret } = await addAuthenticator(world, page);
  await button(page, 'Sign out').click();
  await heading(page, 'Sign in').waitFor();
  const member = { device, page, email, secret };
  await signInAsStaff(world, member);
  return member;
}

export async function signInAsStaff(world: World, { page, email, secret }: Member): Promise<void> {
  await givePassword(page, email, PASSWORD);
  await page.getByLabel('Code', { exact: true }).fill(await totpCode(world, secret));
  await button(page, 'Confirm').click();
  await heading(page, /^Hello/).waitFor();
}

/** Answers the step-up with the password and, when it is asked for, a code of the app. */
export async function confirmAsStaff(world: World, { page, secret }: Member, next: Locator): Promise<void> {
  await confirmPassword(page, next);
  const dialog = page.getByRole('dialog', { name: 'Confirm it is you' });
  const code = dialog.getByLabel('Code', { exact: true });
  await code.or(next).first().waitFor();
  if (!(await code.isVisible())) return;
  await code.fill(await totpCode(world, secret));
  await button(dialog, 'Confirm').click();
}
