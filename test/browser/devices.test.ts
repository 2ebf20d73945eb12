import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inspect } from './support/inspect.js';
import {
  button,
  confirmPassword,
  heading,
  newAddress,
  PASSWORD,
  readPicture,
  signIn,
  signUp,
} from './support/steps.js';
import { startWorld, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

describe('other devices', () => {
  test('changing the password signs out every other device, and this one goes on', async () => {
    const email = newAddress();
    const here = await world.device();
    const page = await signUp(world, here, email);
    const elsewhere = await world.device();
    const other = await signIn(elsewhere, email);
    await page.goto('/security');
    await button(page, 'Change password').click();
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByLabel('New password').fill('quiet lantern over seven hills');
    await button(page, 'Change password').click();
    const done = page.getByText('1 other device signed out');
    await confirmPassword(page, done);
    await done.waitFor();
    await page.getByText('Only this device is signed in.').waitFor();
    await other.getByRole('link', { name: 'Security', exact: true }).click();
    await other.getByText('Your session has ended').waitFor();
    await page.reload();
    await heading(page, 'Security').waitFor();
    await here.close();
    await elsewhere.close();
  });

  test('one session can be ended, and all others at once', async () => {
    const email = newAddress();
    const here = await world.device();
    const page = await signUp(world, here, email);
    const devices = await Promise.all([world.device(), world.device()]);
    const others = [];
    for (const device of devices) others.push(await signIn(device, email));
    await page.goto('/security');
    const sessions = page.locator('#sessions');
    await sessions.getByText('This device').waitFor();
    expect(await sessions.getByText(/Chrom.* on /).count()).toBe(3);
    expect(await sessions.getByText(/Last used this minute · Signed in .* with password/).count()).toBe(2);
    expect(await sessions.getByText(/(?:127\.0\.0\.1|::1)/).count()).toBe(3);
    await sessions
      .getByRole('button', { name: /^Sign out (?!everywhere)/ })
      .first()
      .click();
    await sessions.getByText('The session is over.').waitFor();
    await button(page, 'Sign out everywhere else').click();
    await sessions.getByText('1 session ended.').waitFor();
    for (const other of others) {
      await other.getByRole('link', { name: 'Security', exact: true }).click();
      await other.getByText('Your session has ended').waitFor();
    }
    await Promise.all([here, ...devices].map((device) => device.close()));
  });

  test('signing out is noticed by the other windows of the same browser', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    const second = await device.newPage();
    await second.goto('/security');
    await heading(second, 'Security').waitFor();
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();
    await heading(second, 'Sign in').waitFor();
    await device.close();
  });

  test('signing in returns to the page that was asked for, and to no place from outside', async () => {
    const email = newAddress();
    const home = await world.device();
    await signUp(world, home, email);
    const device = await world.device();
    const page = await device.newPage();
    await page.goto('/security');
    await heading(page, 'Sign in').waitFor();
    await page.getByLabel('E-mail address').fill(email);
    await button(page, 'Continue').click();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button(page, 'Sign in').click();
    await heading(page, 'Security').waitFor();
    await device.close();
    await home.close();
  });
});

describe('QR sign-in', () => {
  test('a phone that is signed in lets a new device in, by the picture and the number', async () => {
    const email = newAddress();
    const phone = await world.device({ viewport: { width: 390, height: 844 } });
    await signUp(world, phone, email);
    const desk = await world.device();
    const screen = await desk.newPage();
    await screen.goto('/sign-in');
    await button(screen, 'Log in with QR code').click();
    const link = await readPicture(screen.getByRole('img', { name: /QR code/ }));
    expect(new URL(link).pathname).toBe('/qr');
    const scan = await phone.newPage();
    await scan.goto(link);
    await heading(scan, 'Let another device in?').waitFor();
    expect(new URL(scan.url()).hash).toBe('');
    await scan.locator('dd').first().getByText(/Chrom/).waitFor();
    await inspect(scan, 'qr-approval');
    await screen.getByText('Scanned. Confirm on the phone.').waitFor();
    await scan.getByLabel('Number shown on that device').fill('not it');
    await button(scan, 'Let it in').click();
    await scan.getByText(/That was not accepted/).waitFor();
    await scan.getByLabel('Number shown on that device').fill(await screen.locator('.comparison-number').innerText());
    await button(scan, 'Let it in').click();
    const done = heading(scan, 'The device is let in');
    await confirmPassword(scan, done);
    await done.waitFor();
    await heading(screen, /^Hello/).waitFor();
    await screen.goto('/security');
    await screen.getByText('with QR code').first().waitFor();
    await desk.close();
    await phone.close();
  });

  test('turned down on the phone, the new device says so and can begin again', async () => {
    const phone = await world.device({ viewport: { width: 390, height: 844 } });
    await signUp(world, phone, newAddress());
    const desk = await world.device();
    const screen = await desk.newPage();
    await screen.goto('/sign-in?with=qr');
    const link = await readPicture(screen.getByRole('img', { name: /QR code/ }));
    const scan = await phone.newPage();
    await scan.goto(link);
    await button(scan, 'Turn it down').click();
    await heading(scan, 'Turned down').waitFor();
    await screen.getByText('turned down on the other device').waitFor();
    await button(screen, 'Show a new code').click();
    expect(await readPicture(screen.getByRole('img', { name: /QR code/ }))).not.toBe(link);
    await desk.close();
    await phone.close();
  });

  test('a phone that is not signed in signs in first and keeps what it scanned', async () => {
    const email = newAddress();
    const home = await world.device();
    await signUp(world, home, email);
    const desk = await world.device();
    const screen = await desk.newPage();
    await screen.goto('/sign-in?with=qr');
    const link = await readPicture(screen.getByRole('img', { name: /QR code/ }));
    const phone = await world.device({ viewport: { width: 390, height: 844 } });
    const scan = await phone.newPage();
    await scan.goto(link);
    await heading(scan, 'Sign in').waitFor();
    await scan.getByLabel('E-mail address').fill(email);
    await button(scan, 'Continue').click();
    await scan.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button(scan, 'Sign in').click();
    await heading(scan, 'Let another device in?').waitFor();
    await Promise.all([home, desk, phone].map((device) => device.close()));
  });
});
