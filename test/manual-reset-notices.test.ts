/** The hold of a manual reset while the mail server is away: its owner must be told on every channel before it ends. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { SMTPServer } from 'smtp-server';
import { rows } from '../src/base/database.js';
import { openApp, type App } from './support/app.js';
import { addPhone, newNumber } from './support/factors.js';
import { startMailServer, type MailServer } from './support/mail-server.js';
import { staffMember } from './support/staff.js';

const HOUR = 3600;
let mail: MailServer;
let app: App;

beforeAll(async () => {
  mail = await startMailServer();
  app = await openApp({ SMTP_URL: mail.url, MAIL_FROM: 'no-reply@rekey.example' });
});
afterAll(async () => {
  await app.close();
  mail.stop();
});

/** Settles when nothing listens there any more. */
async function untilRefused(port: number): Promise<void> {
  for (let isOpen = true; isOpen;) {
    isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
  }
}

/** A reset by text message that takes the second factors off: approved by one member of staff, confirmed by another. */
async function putOnHold(email: string): Promise<void> {
  const [hanna, hugo] = [await staffMember(app, 'support'), await staffMember(app, 'support')];
  await app.client().call('requestManualReset', { email });
  const [request] = await rows<{ id: string }>(
    app.ctx.db,
    sql`select id from support_requests where claimed_email = ${email}`,
  );
  const supportRequestId = request?.id;
  await hanna.client.call('claimSupportRequest', { supportRequestId });
  const decision = { decision: 'APPROVE', note: 'Showed a passport.', deliverTo: 'SMS', removeSecondFactors: true };
  await hanna.client.call('decideSupportRequest', { supportRequestId, ...decision });
  const confirmed = await hugo.client.call('confirmSupportDecision', { supportRequestId, confirm: true });
  expect(confirmed).toMatchObject({ __typename: 'ConfirmSupportDecisionSuccess' });
}

test('a hold whose notice reached the telephone alone begins anew, until the letter has gone out as well', async () => {
  const ada = await app.person();
  const number = newNumber();
  await addPhone(app, ada, number);
  // A new number receives no links for a day.
  await app.advance(25 * HOUR);
  const texts = async (path: string): Promise<number> =>
    (await app.mailTo(number)).filter(({ text }) => text.includes(path)).length;
  const { port } = new URL(mail.url);
  await putOnHold(ada.email);
  mail.stop();
  await untilRefused(Number(port));
  expect(await texts('/cancel-reset#')).toBe(1);
  await app.advance(12 * HOUR + 1);
  expect([await texts('/cancel-reset#'), await texts('/reset-password#')]).toEqual([2, 0]);
  mail = await startMailServer({ port: Number(port) });
  await app.advance(900 * 1.25);
  await app.work();
  await mail.next(ada.email, 'about to happen');
  await app.advance(12 * HOUR);
  expect(await texts('/reset-password#')).toBe(1);
});

test('a hold whose notice meets a full mailbox begins anew three times, and is over then', async () => {
  const ada = await app.person();
  const number = newNumber();
  await addPhone(app, ada, number);
  await app.advance(25 * HOUR);
  const linkCount = async (): Promise<number> =>
    (await app.mailTo(number)).filter(({ text }) => text.includes('/reset-password#')).length;
  const { port } = new URL(mail.url);
  await putOnHold(ada.email);
  mail.stop();
  await untilRefused(Number(port));
  const full = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('4.2.2 full'), { responseCode: 452 })),
  });
  await new Promise<void>((resolve) => full.listen(Number(port), '127.0.0.1', resolve));
  for (let hold = 1; hold <= 4; hold += 1) {
    expect(await linkCount()).toBe(0);
    await app.advance(12 * HOUR + 1);
  }
  expect(await linkCount()).toBe(1);
  await new Promise<void>((resolve) => full.close(resolve));
});
