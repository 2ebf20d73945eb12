/** What a person does on the pages, in their own words. Everything by labels and roles, as a screen reader has them. */
import jsqr from 'jsqr';
import { generateSync } from 'otplib';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import type { World } from './world.js';

export const PASSWORD = 'unhurried walrus parade';

let people = 0;
/** An address nobody had before. */
export const newAddress = (name = 'ada'): string => `${name}-${process.pid}-${++people}@example.org`;

/** Evaluates an expression in the page. As text: the types of a page are no part of the service's project. */
export const inPage = <Value>(page: Page, expression: string): Promise<Value> => page.evaluate<Value>(expression);

/** A button by its whole name: “Lock account” is no part of “Unlock account”. */
export const button = (page: Page | Locator, name: string | RegExp): Locator =>
  page.getByRole('button', { name, exact: true });
export const heading = (page: Page, name: string | RegExp): Locator => page.getByRole('heading', { name, level: 1 });
const newPassword = (page: Page): Locator => page.locator('input[autocomplete="new-password"]');

/** Signs up through the letter, and is signed in when it ends. */
export async function signUp(world: World, device: BrowserContext, email: string, name = 'Ada'): Promise<Page> {
  const page = await device.newPage();
  await page.goto('/sign-up');
  await page.getByLabel('E-mail address').fill(email);
  await button(page, 'Send me the letter').click();
  await heading(page, 'Look in your mailbox').waitFor();
  await completeSignUp(world, page, email, name);
  return page;
}

/** Opens the letter's link and chooses a password. */
export async function completeSignUp(world: World, page: Page, email: string, name = 'Ada'): Promise<void> {
  await page.goto('about:blank');
  await page.goto(await world.link(email, '/sign-up'));
  await page.getByLabel('Your name').fill(name);
  await newPassword(page).fill(PASSWORD);
  await button(page, 'Create account').click();
  await heading(page, `Hello, ${name}`).waitFor();
}

/** As far as the password; what comes then depends on the account. */
export async function givePassword(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await button(page, 'Continue').click();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Sign in').click();
}

export async function signIn(device: BrowserContext, email: string, password = PASSWORD): Promise<Page> {
  const page = await device.newPage();
  await givePassword(page, email, password);
  await heading(page, /^Hello/).waitFor();
  return page;
}

/** Asks for the reset letter. */
export async function askForReset(page: Page, email: string): Promise<void> {
  await page.goto('/forgot-password');
  await page.getByLabel('E-mail address').fill(email);
  await button(page, 'Send the link').click();
  await heading(page, 'Look in your mailbox').waitFor();
}

/** Sets a new password behind a reset link, without a second factor. */
export async function resetPassword(page: Page, link: string, password: string): Promise<void> {
  await page.goto(link);
  await newPassword(page).fill(password);
  await button(page, 'Set new password').click();
  await heading(page, 'Your password is changed').waitFor();
}

/** What a camera reads from a picture on the screen. */
export async function readPicture(picture: Locator): Promise<string> {
  await picture.scrollIntoViewIfNeeded();
  const { data, width, height } = PNG.sync.read(await picture.screenshot());
  const found = jsqr.default(new Uint8ClampedArray(data), width, height);
  if (!found) throw new Error('no code in the picture');
  return found.data;
}

/** The code an authenticator app shows now. Moves the clock on, so that no code is shown twice. */
export async function totpCode(world: World, secret: string): Promise<string> {
  return generateSync({ secret, epoch: await world.advance(30) });
}

/** Adds an authenticator app by its picture, and keeps the recovery codes. */
export async function addAuthenticator(world: World, page: Page): Promise<{ secret: string; codes: string[] }> {
  await page.goto('/security');
  await button(page, 'Add authenticator app').click();
  const dialog = page.getByRole('dialog', { name: 'Add an authenticator app' });
  await button(dialog, 'Continue').click();
  await confirmPassword(page, dialog.getByRole('img', { name: /QR code/ }));
  const secret =
    new URL(await readPicture(dialog.getByRole('img', { name: /QR code/ }))).searchParams.get('secret') ?? '';
  await dialog.getByLabel('Code', { exact: true }).fill(await totpCode(world, secret));
  await button(dialog, 'Switch on').click();
  const shown = page.getByRole('dialog', { name: 'Your recovery codes' });
  await shown.waitFor();
  const codes = await shown.locator('.recovery-codes li').allTextContents();
  await button(shown, 'I have kept them').click();
  return { secret, codes };
}

/** Answers the step-up dialog when it comes; goes on at once when what follows it is already there. */
export async function confirmPassword(page: Page, next: Locator, password = PASSWORD): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Confirm it is you' });
  await dialog.or(next).first().waitFor();
  if (!(await dialog.isVisible())) return;
  await dialog.getByLabel('Password', { exact: true }).fill(password);
  await button(dialog, 'Confirm').click();
}
