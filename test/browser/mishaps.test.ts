/** What people do and what goes wrong: Back, reload, two windows, a link opened twice, a service that is away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inspect } from './support/inspect.js';
import { askForReset, button, heading, inPage, newAddress, PASSWORD, resetPassword, signUp } from './support/steps.js';
import { startWorld, type World } from './support/world.js';

const NEW_PASSWORD = 'quiet lantern over seven hills';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

describe('Back and reload', () => {
  test('Back leads from the password to the address, and a reload keeps the address and the step', async () => {
    const device = await world.device();
    const page = await device.newPage();
    const email = newAddress();
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill(email);
    await button(page, 'Continue').click();
    const password = page.getByLabel('Password', { exact: true });
    await password.waitFor();
    await page.reload();
    await password.waitFor();
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(email);
    await page.goBack();
    await button(page, 'Continue').waitFor();
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(email);
    expect(page.url()).not.toContain('example.org');
    await page.goForward();
    await password.waitFor();
    await device.close();
  });

  test('Back after signing out shows nothing of the person', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress(), 'Ada');
    await page.goto('/security');
    await heading(page, 'Security').waitFor();
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();
    await page.goBack();
    await heading(page, 'Sign in').waitFor();
    expect(await page.getByText('Ada').count()).toBe(0);
    await device.close();
  });

  test('signing in again leads back to the same view, with its filters, and to no place that is not ours', async () => {
    const email = newAddress();
    const home = await world.device();
    await signUp(world, home, email);
    const device = await world.device();
    const page = await device.newPage();
    const signInHere = async () => {
      await page.getByLabel('E-mail address').fill(email);
      await button(page, 'Continue').click();
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await button(page, 'Sign in').click();
    };
    await page.goto('/staff/queue?reason=MANUAL');
    await signInHere();
    await page.waitForURL('**/staff/queue?reason=MANUAL');
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();
    for (const place of ['//evil.example', '/\\\\evil.example', '/staff/queue?next=//evil.example']) {
      await inPage(page, `history.replaceState({ usr: { returnTo: '${place}' }, key: 'k' }, '')`);
      await page.reload();
      await signInHere();
      await page.waitForURL(`${world.url}/`);
      await button(page, 'Sign out').click();
      await heading(page, 'Sign in').waitFor();
    }
    await Promise.all([home.close(), device.close()]);
  });
});

describe('links', () => {
  test('opened in two windows, a reset link works in one; the other says so and offers a new one', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await askForReset(page, email);
    const link = await world.link(email, '/reset-password');
    const late = await device.newPage();
    await late.goto(link);
    await late.getByLabel('New password').fill('never used as a password');
    await resetPassword(await device.newPage(), link, NEW_PASSWORD);
    await button(late, 'Set new password').click();
    await heading(late, 'This link no longer works').waitFor();
    await late.getByRole('link', { name: 'Send me a new link' }).waitFor();
    await device.close();
  });

  test('a link that lapsed says so, also when its time ran out over the open form', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await askForReset(page, email);
    const link = await world.link(email, '/reset-password');
    await page.goto(link);
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await world.advance(1801);
    await button(page, 'Set new password').click();
    await heading(page, 'This link no longer works').waitFor();
    const again = await device.newPage();
    await again.goto(link);
    await heading(again, 'This link no longer works').waitFor();
    await device.close();
  });

  test('a second link opened in the same window takes the place of the first', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/reset-password#not-a-token');
    await heading(page, 'This link no longer works').waitFor();
    await askForReset(await device.newPage(), email);
    await page.goto(await world.link(email, '/reset-password'));
    await page.getByLabel('New password').waitFor();
    expect(new URL(page.url()).hash).toBe('');
    await device.close();
  });
});

describe('when the service is away', () => {
  test('a page says so, keeps what was typed, and goes on once it is back', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/security');
    await page.getByLabel('Name shown to others').fill('Countess');
    await device.setOffline(true);
    await button(page, 'Save').click();
    const outage = page.getByText('The service could not be reached.');
    await outage.waitFor();
    await inspect(page, 'outage');
    expect(await page.getByLabel('Name shown to others').inputValue()).toBe('Countess');
    await device.setOffline(false);
    await button(page, 'Save').click();
    await page.getByText('Saved.').waitFor();
    await outage.waitFor({ state: 'detached' });
    await device.close();
  });

  test('what could not be loaded can be asked for again', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    await page.route('**/graphql', (route) =>
      /"(?:query )?SecuritySettings/.test(route.request().postData() ?? '') ? route.abort() : route.continue(),
    );
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    await page.reload();
    await page.getByText('This could not be loaded.').waitFor();
    await page.unroute('**/graphql');
    await button(page, 'Try again').click();
    await heading(page, 'Security').waitFor();
    await device.close();
  });

  test('a part of the pages that cannot be loaded leaves no blank window, and loading again helps', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    await page.route('**/assets/security-*.js', (route) => route.abort());
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    await heading(page, 'This page stopped').waitFor();
    await inspect(page, 'page-stopped');
    await page.unroute('**/assets/security-*.js');
    await button(page, 'Load it again').click();
    await heading(page, 'Security').waitFor();
    await device.close();
  });

  test('on a slow line a second press does nothing: one letter is sent', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    let asked = 0;
    await page.route('**/graphql', async (route) => {
      if (/RequestPasswordReset/.test(route.request().postData() ?? '')) asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.continue();
    });
    await page.goto('/forgot-password');
    await page.getByLabel('E-mail address').fill(email);
    const send = button(page, 'Send the link');
    await send.click();
    await send.click({ force: true });
    await page.keyboard.press('Enter');
    await heading(page, 'Look in your mailbox').waitFor();
    expect(asked).toBe(1);
    await device.close();
  });
});
