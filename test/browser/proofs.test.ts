import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { inspect } from './support/inspect.js';
import {
  addAuthenticator,
  askForReset,
  button,
  confirmPassword,
  givePassword,
  heading,
  newAddress,
  PASSWORD,
  signIn,
  signUp,
  totpCode,
} from './support/steps.js';
import { startWorld, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

describe('second factors', () => {
  test('an authenticator app is added by its picture, then asked for; a recovery code works in its place', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    const { secret, codes } = await addAuthenticator(world, page);
    expect(codes.length).toBeGreaterThanOrEqual(8);
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();

    await givePassword(page, email, PASSWORD);
    await heading(page, 'Confirm it is you').waitFor();
    await inspect(page, 'second-factor');
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await button(page, 'Confirm').click();
    await page.getByText(/That was not accepted/).waitFor();
    await page.getByLabel('Code', { exact: true }).fill(await totpCode(world, secret));
    await button(page, 'Confirm').click();
    await heading(page, /^Hello/).waitFor();
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();

    await givePassword(page, email, PASSWORD);
    await button(page, 'Recovery code').click();
    await page.getByLabel('Recovery code').fill(codes[0] ?? '');
    await button(page, 'Confirm').click();
    await heading(page, /^Hello/).waitFor();
    await page.getByText(`${codes.length - 1} codes left`).waitFor();
    await device.close();
  });

  test('a reset asks for the second factor beside the new password', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    const { secret } = await addAuthenticator(world, page);
    await askForReset(page, email);
    const letter = await device.newPage();
    await letter.goto(await world.link(email, '/reset-password'));
    await letter.getByLabel('New password').fill('quiet lantern over seven hills');
    await button(letter, 'Continue').click();
    await letter.getByLabel('Code', { exact: true }).fill('000000');
    await button(letter, 'Set new password').click();
    await letter.getByText(/not accepted/).waitFor();
    await letter.getByLabel('Code', { exact: true }).fill(await totpCode(world, secret));
    await button(letter, 'Set new password').click();
    await heading(letter, 'Your password is changed').waitFor();
    await device.close();
  });

  test('recovery codes can be made anew, and a factor removed', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    const { codes } = await addAuthenticator(world, page);
    await button(page, 'Make new codes').click();
    await button(page.getByRole('dialog'), 'Make new codes').click();
    const shown = page.getByRole('dialog', { name: 'Your recovery codes' });
    await shown.waitFor();
    await inspect(page, 'recovery-codes');
    const fresh = await shown.locator('.recovery-codes li').allTextContents();
    expect(fresh).not.toEqual(codes);
    await button(shown, 'I have kept them').click();
    await page
      .locator('#factors')
      .getByRole('button', { name: /^Remove/ })
      .click();
    await button(page.getByRole('dialog'), 'Remove').click();
    await page.getByText('No second factor yet.').waitFor();
    await device.close();
  });
});

describe('passkeys', () => {
  /** A security key in software. @returns whether it says yes by itself, to be changed: it does from the start. */
  const addKey = async (page: Page): Promise<(isWilling: boolean) => Promise<void>> => {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
    } as const;
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
    });
    return async (enabled) => {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    };
  };

  test('a passkey is added, renamed, used to sign in, and removed', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    await addKey(page);
    await page.goto('/security');
    await button(page, 'Add a passkey').click();
    const ready = page.getByText('Your passkey is ready.');
    await confirmPassword(page, ready);
    await ready.waitFor();
    await page.getByRole('button', { name: /^Rename/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename passkey' });
    await dialog.getByLabel('Name').fill('Kitchen laptop');
    await button(dialog, 'Save').click();
    await page.locator('#passkeys').getByText('Kitchen laptop').waitFor();

    await button(page, 'Sign out').click();
    // The browser may offer the passkey in the address field by itself; else the button does.
    const hello = heading(page, /^Hello/);
    const offer = button(page, 'Sign in with a passkey');
    await offer.or(hello).first().waitFor();
    if (!(await hello.isVisible())) await offer.click({ timeout: 5000 }).catch(() => {});
    await hello.waitFor();

    await page.goto('/security');
    await page.getByText('with passkey').first().waitFor();
    await page.locator('#passkeys').getByRole('button', { name: 'Remove Kitchen laptop' }).click();
    await button(page.getByRole('dialog'), 'Remove').click();
    await page.getByText('No passkeys yet.').waitFor();
    await device.close();
  });

  test('a passkey is asked for after the password, beside the authenticator app, and lets in', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await addAuthenticator(world, page);
    const holdKey = await addKey(page);
    await page.goto('/security');
    await button(page, 'Add a passkey').click();
    await page.getByText('Your passkey is ready.').waitFor();

    // Not touched while the password is typed: the browser would offer it in place of the password.
    await holdKey(false);
    await button(page, 'Sign out').click();
    await givePassword(page, email, PASSWORD);
    await heading(page, 'Confirm it is you').waitFor();
    await inspect(page, 'second-factor-passkey');
    await holdKey(true);
    await button(page, 'Use passkey').click();
    await heading(page, /^Hello/).waitFor();
    await page.goto('/security');
    await page
      .locator('#passkeys')
      .getByText(/last used/i)
      .waitFor();
    await device.close();
  });
});

describe('telephone and channel', () => {
  test('codes by text message are added as a second factor and asked for at sign-in', async () => {
    const email = newAddress();
    const number = `+47462${String(Date.now()).slice(-5)}`;
    const device = await world.device();
    const page = await signUp(world, device, email);
    const codeIn = async () => /\b\d{6,8}\b/.exec((await world.letter(number, /\d{6}/)).text)?.[0] ?? '';
    await page.goto('/security');
    await button(page, 'Add phone').click();
    await page.getByLabel('Phone number').fill(number);
    await button(page, 'Send code').click();
    const code = page.getByLabel('Code from the text message');
    await confirmPassword(page, code);
    await code.fill(await codeIn());
    await button(page, 'Verify').click();
    await page.getByText('Your phone number is verified.').waitFor();
    await world.emptyMailbox();
    await button(page, 'Add text message').click();
    const dialog = page.getByRole('dialog', { name: 'Add text messages' });
    await button(dialog, 'Continue').click();
    await dialog.getByText(/A code is on its way to/).waitFor();
    await dialog.getByLabel('Code', { exact: true }).fill(await codeIn());
    await button(dialog, 'Switch on').click();
    await button(page.getByRole('dialog', { name: 'Your recovery codes' }), 'I have kept them').click();
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();
    await world.emptyMailbox();
    await givePassword(page, email, PASSWORD);
    await button(page, 'Send the code').click();
    await page.getByLabel('Code', { exact: true }).fill(await codeIn());
    await button(page, 'Confirm').click();
    await heading(page, /^Hello/).waitFor();
    await device.close();
  });

  test('a verified number can be chosen for security messages, and takes the reset link', async () => {
    const email = newAddress();
    const digits = `461${String(Date.now()).slice(-5)}`;
    const number = `+47${digits}`;
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/security');
    await button(page, 'Add phone').click();
    await page.getByLabel('Phone number').fill(`+47 ${digits}`);
    await button(page, 'Send code').click();
    const code = page.getByLabel('Code from the text message');
    await confirmPassword(page, code);
    await code.fill(/\b\d{6,8}\b/.exec((await world.letter(number, /\d{6}/)).text)?.[0] ?? '');
    await button(page, 'Verify').click();
    await page.getByText('Your phone number is verified.').waitFor();
    await page.getByLabel('Text message').check();
    await page.getByText('A notice went to the earlier channel').waitFor();
    // A new number takes reset links after a day.
    await world.advance(86_401);
    await button(page, 'Send reset link').click();
    await page.getByText(/A link is on its way to •/).waitFor();
    expect((await world.letter(number, /reset-password#/)).channel).toBe('SMS');
    await page.reload();
    await page.getByLabel('Send it by').selectOption('EMAIL');
    await button(page, 'Send reset link').click();
    await page.getByText(/A link is on its way to a•+@example.org/).waitFor();
    expect((await world.letter(email, /reset-password#/)).channel).toBe('EMAIL');
    await device.close();
  });

  test('a number of the wrong form is answered at its field', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    await page.goto('/security');
    await button(page, 'Add phone').click();
    const field = page.getByLabel('Phone number');
    await field.fill('12');
    await button(page, 'Send code').click();
    const error = page.locator('#contact .error-text');
    await confirmPassword(page, error);
    await error.waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await device.close();
  });
});

describe('the account itself', () => {
  test('the address changes by the letter to the new one', async () => {
    const email = newAddress();
    const next = newAddress('moved');
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/security');
    await button(page, 'Change address').click();
    // Past the time in which nobody asks again who is at the keyboard.
    await world.advance(601);
    await page.getByLabel('New address').fill(next);
    await button(page, 'Send confirmation').click();
    const dialog = page.getByRole('dialog', { name: 'Confirm it is you' });
    await dialog.getByLabel('Password', { exact: true }).fill('not the password');
    await button(dialog, 'Confirm').click();
    await dialog.getByText('That is not your password.').waitFor();
    await inspect(page, 'step-up');
    const sent = page.getByText(`We sent a link to ${next}`);
    await confirmPassword(page, sent);
    await sent.waitFor();
    await page.goto(await world.link(next, '/confirm-email'));
    await button(page, 'Confirm address').click();
    await heading(page, 'Your address is changed').waitFor();
    const other = await world.device();
    await signIn(other, next);
    await other.close();
    await device.close();
  });

  test('“this was not me” in the activity sends a reset link and ends the other sessions', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    const stranger = await world.device();
    const other = await signIn(stranger, email);
    await page.goto('/security');
    await page
      .getByRole('button', { name: /^This was not me: Signed in/ })
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: 'Was this not you?' });
    await button(dialog, 'It was not me').click();
    const done = page.getByText(/Every other device is signed out/);
    await confirmPassword(page, done);
    await done.waitFor();
    await other.getByRole('link', { name: 'Security', exact: true }).click();
    await other.getByText('Your session has ended').waitFor();
    expect(await world.link(email, '/reset-password')).toContain('#');
    await device.close();
    await stranger.close();
  });

  test('the notice letter of a password change undoes it without being signed in', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/security');
    await button(page, 'Change password').click();
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByLabel('New password').fill('quiet lantern over seven hills');
    await button(page, 'Change password').click();
    const done = page.getByText('Your password is changed');
    await confirmPassword(page, done);
    await done.waitFor();
    const owner = await (await world.device()).newPage();
    await owner.goto(await world.link(email, '/not-me'));
    await button(owner, 'Secure my account').click();
    await heading(owner, 'The account is safe for now').waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('Your session has ended').waitFor();
    await owner.context().close();
    await device.close();
  });

  test('a name is shown, and an account is closed after its address is typed', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/security');
    await page.getByLabel('Name shown to others').fill('Countess');
    await button(page, 'Save').click();
    await page.getByText('Saved.').waitFor();
    await button(page, 'Close my account').click();
    const dialog = page.getByRole('dialog', { name: 'Close account' });
    await dialog.getByLabel('Type your address').fill('someone@else.example');
    await button(dialog, 'Close my account').click();
    await dialog.getByText('This is not the address').waitFor();
    await dialog.getByLabel('Type your address').fill(email);
    await button(dialog, 'Close my account').click();
    const goodbye = page.getByText('Your account is closed');
    await confirmPassword(page, goodbye);
    await goodbye.waitFor();
    await givePassword(page, email, PASSWORD);
    await page.getByText('do not match').waitFor();
    await device.close();
  });
});
