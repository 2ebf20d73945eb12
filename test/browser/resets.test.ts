import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inspect } from './support/inspect.js';
import {
  askForReset,
  button,
  givePassword,
  heading,
  inPage,
  newAddress,
  PASSWORD,
  resetPassword,
  signIn,
  signUp,
} from './support/steps.js';
import { startWorld, type World } from './support/world.js';

const NEW_PASSWORD = 'quiet lantern over seven hills';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

describe('signing up', () => {
  test('the letter opens a page that chooses the password and signs in', async () => {
    const device = await world.device();
    const email = newAddress();
    const page = await signUp(world, device, email, 'Ada Lovelace');
    expect(await page.getByText('How your account is protected').isVisible()).toBe(true);
    expect(new URL(page.url()).hash).toBe('');
    await device.close();
  });

  test('a password manager is told what is what, and where passwords are changed', async () => {
    const device = await world.device();
    const page = await device.newPage();
    await page.goto('/sign-in');
    const address = page.getByLabel('E-mail address');
    expect(await address.getAttribute('autocomplete')).toBe('username webauthn');
    await address.fill(newAddress());
    await button(page, 'Continue').click();
    const password = page.getByLabel('Password', { exact: true });
    expect(await password.getAttribute('autocomplete')).toBe('current-password');
    expect(await page.locator('input[autocomplete="username"]').count()).toBe(1);
    const answer = await fetch(`${world.url}/.well-known/change-password`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/security']);
    await device.close();
  });

  test('a used link says so and offers another letter', async () => {
    const device = await world.device();
    const email = newAddress();
    await signUp(world, device, email);
    const link = await world.link(email, '/sign-up');
    const other = await (await world.device()).newPage();
    await other.goto(link);
    await other.locator('input[autocomplete="new-password"]').fill(PASSWORD);
    await button(other, 'Create account').click();
    await heading(other, 'This link does not work').waitFor();
    await button(other, 'Ask for another letter').click();
    await heading(other, 'Create an account').waitFor();
    await other.context().close();
    await device.close();
  });
});

describe('forgetting the password', () => {
  test('from the first window to the letter and back: the first window notices and asks to sign in again', async () => {
    const email = newAddress();
    const home = await world.device();
    await (await signUp(world, home, email)).close();
    const away = await world.device();
    const first = await away.newPage();
    await givePassword(first, email, 'not the password');
    await first.getByText('do not match').waitFor();
    await first.getByRole('link', { name: 'Forgot password?' }).click();
    expect(await first.getByLabel('E-mail address').inputValue()).toBe(email);
    expect(first.url()).not.toContain('example.org');
    await button(first, 'Send the link').click();
    await first.getByText(`If there is an account for ${email}`).waitFor();
    expect(await first.getByText('It works for 30 minutes').isVisible()).toBe(true);
    await inspect(first, 'reset-sent');

    const mail = await away.newPage();
    await mail.goto(`/mailbox?open=${(await world.letter(email, /reset-password#/)).id}`);
    const opened = away.waitForEvent('page');
    await mail.frameLocator('iframe').getByRole('link', { name: 'Reset My Password' }).click();
    const second = await opened;
    await second.getByText(/at least \d+ characters long/).waitFor();
    await mail.close();
    const field = second.getByLabel('New password');
    await field.fill('password');
    await second.getByText('Estimated strength').waitFor();
    await button(second, 'Set new password').click();
    await second.locator('.error-text').waitFor();
    expect(await field.getAttribute('autocomplete')).toBe('new-password');
    await inspect(second, 'reset-refused');
    await away.grantPermissions(['clipboard-read', 'clipboard-write']);
    await inPage(second, `navigator.clipboard.writeText('${NEW_PASSWORD}')`);
    await field.fill('');
    await field.press('Control+V');
    await button(second, 'Show password').click();
    expect(await field.getAttribute('type')).toBe('text');
    expect(await field.inputValue()).toBe(NEW_PASSWORD);
    await button(second, 'Hide password').click();
    await field.press('Enter');
    await heading(second, 'Your password is changed').waitFor();
    await inspect(second, 'reset-done');

    await first.getByText('Your password was reset').waitFor();
    await inspect(first, 'reset-noticed');
    expect(new URL(first.url()).pathname).toBe('/sign-in');
    expect(await first.getByLabel('E-mail address').inputValue()).toBe(email);
    await button(first, 'Continue').click();
    await first.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
    await button(first, 'Sign in').click();
    await heading(first, /^Hello/).waitFor();
    await away.close();
    await home.close();
  });

  test('a window that is signed in notices too, and so does every other device on its next action', async () => {
    const email = newAddress();
    const here = await world.device();
    const signedIn = await signUp(world, here, email);
    const elsewhere = await world.device();
    const other = await signIn(elsewhere, email);
    await signedIn.goto('/security');
    await heading(signedIn, 'Security').waitFor();
    const asking = await elsewhere.newPage();
    await askForReset(asking, email);
    const letter = await here.newPage();
    await resetPassword(letter, await world.link(email, '/reset-password'), NEW_PASSWORD);
    await signedIn.getByText('Your password was reset').waitFor();
    await other.getByRole('link', { name: 'Security', exact: true }).click();
    await other.getByText('Your session has ended').waitFor();
    expect(new URL(other.url()).pathname).toBe('/sign-in');
    await here.close();
    await elsewhere.close();
  });

  test('the first window notices by itself when the letter was opened on another device', async () => {
    const email = newAddress();
    const desk = await world.device();
    const first = await signUp(world, desk, email);
    await first.clock.install();
    await first.goto('/security');
    await button(first, 'Send reset link').click();
    await first.getByText(/A link is on its way to a•+@example.org/).waitFor();
    const phone = await world.device({ viewport: { width: 390, height: 844 } });
    await resetPassword(await phone.newPage(), await world.link(email, '/reset-password'), NEW_PASSWORD);
    // The window asks every twenty seconds while someone is there.
    await first.clock.fastForward(21_000);
    await first.getByText('Your session has ended').waitFor();
    await first.getByLabel('E-mail address').fill(email);
    await button(first, 'Continue').click();
    await first.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
    await button(first, 'Sign in').click();
    await heading(first, 'Security').waitFor();
    await Promise.all([desk.close(), phone.close()]);
  });

  test('the token is in no address, history entry, referrer or log, and a reload asks for the link again (R-054)', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await askForReset(page, email);
    const link = await world.link(email, '/reset-password');
    const token = new URL(link).hash.slice(1);
    const letter = await device.newPage();
    const seen: string[] = [];
    letter.on('request', (request) => seen.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
    await letter.goto(link);
    await letter.getByLabel('New password').waitFor();
    expect(letter.url()).toBe(`${world.url}/reset-password`);
    const session = await device.newCDPSession(letter);
    const history = await session.send('Page.getNavigationHistory');
    expect(history.entries.map((entry) => entry.url).join('\n')).not.toContain(token);
    const kept = 'JSON.stringify([document.referrer, { ...localStorage }, history.state])';
    expect(await inPage(letter, kept)).not.toContain(token);
    expect(seen.filter((line) => !line.startsWith(link)).join('\n')).not.toContain(token);
    await letter.reload();
    await heading(letter, 'Open the link again').waitFor();
    expect(world.output()).not.toContain(token);
    await device.close();
  });

  test('a link that was used says so and offers a new one', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await askForReset(page, email);
    const link = await world.link(email, '/reset-password');
    await resetPassword(page, link, NEW_PASSWORD);
    const again = await device.newPage();
    await again.goto(link);
    await heading(again, 'This link no longer works').waitFor();
    await again.getByRole('link', { name: 'Send me a new link' }).click();
    await heading(again, 'Forgot password?').waitFor();
    await device.close();
  });
});
