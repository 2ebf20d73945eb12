import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { inTransaction } from '../src/base/context.js';
import { rows } from '../src/base/database.js';
import { deliverDue, deliverOn, type Messages } from '../src/delivery/deliver.js';
import { claimDue, defineMessage, enqueue, markDone, markPartSent, type Envelope } from '../src/delivery/outbox.js';
import {
  PermanentDeliveryError,
  TemporaryDeliveryError,
  type EmailMessage,
  type Transport,
} from '../src/delivery/transports.js';
import { useApp } from './support/app.js';

const app = useApp();

let composed = 0;

/** A letter to one or several, with a secret that is made when it is composed. */
const letterMessage = defineMessage<{ readonly to: readonly string[] }>({
  name: 'test_letter',
  priority: 1,
  usefulSeconds: () => 3600,
  compose: async (_ctx, { to }) => {
    composed += 1;
    return to.map((address): Envelope => ({
      channel: 'EMAIL',
      to: address,
      letter: { subject: `secret-${composed}`, paragraphs: ['Hello.'], footer: ['Bye.'] },
    }));
  },
});
const urgentMessage = defineMessage({ ...letterMessage, name: 'test_urgent', priority: 0 });
const brokenMessage = defineMessage({
  ...letterMessage,
  name: 'test_broken',
  compose: () => Promise.reject(new Error('a bug')),
});
const messages: Messages = new Map([letterMessage, urgentMessage, brokenMessage].map((m) => [m.name, m]));

type Attempt = (letter: EmailMessage) => Promise<void> | void;

/** A mail server that does what the test says and remembers what it took. */
function mailServer(attempt: Attempt = () => undefined) {
  const taken: EmailMessage[] = [];
  const transport: Transport = {
    channels: new Set(['EMAIL']),
    async sendEmail(letter) {
      await attempt(letter);
      taken.push(letter);
    },
    sendSms: () => Promise.reject(new Error('no texts here')),
    close: () => undefined,
  };
  return { taken, transport };
}

const queue = (to: readonly string[], message = letterMessage) =>
  enqueue(app().ctx, message, { to }, { accountId: 'acct_of_the_test' });
const deliver = (transport: Transport) => deliverDue(app().ctx, messages, transport);

async function newestRow() {
  const [row] = await rows<{
    id: number;
    attempts: number;
    last_error: string | null;
    is_dead: boolean;
    is_done: boolean;
    wait: number;
    row: string;
    composed: string | null;
  }>(
    app().ctx.db,
    sql`select id::int, attempts, last_error, dead_at is not null as is_dead, done_at is not null as is_done,
          extract(epoch from available_at - created_at)::float8 as wait, o::text as row, composed
        from outbox o order by id desc limit 1`,
  );
  if (!row) throw new Error('the outbox is empty');
  return row;
}

/** What only the death of a worker does otherwise: a lease ends in real time. */
const endLeases = () => app().ctx.db.execute(sql`update outbox set locked_until = now() - interval '1 second'`);

const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
};

describe('the queue of letters', () => {
  test('sends if and only if what caused the letter was committed', async () => {
    const { taken, transport } = mailServer();
    await inTransaction(app().ctx, async (ctx) => {
      await enqueue(ctx, letterMessage, { to: ['rolled.back@example.org'] });
      throw new Error('rolled back');
    }).catch(() => undefined);
    await inTransaction(app().ctx, (ctx) => enqueue(ctx, letterMessage, { to: ['committed@example.org'] }));
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toEqual(['committed@example.org']);
  });

  test('sends what a person waits for before notices', async () => {
    const { taken, transport } = mailServer();
    for (let i = 0; i < 12; i += 1) await queue([`notice${i}@example.org`]);
    await queue(['code@example.org'], urgentMessage);
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toContain('code@example.org');
    await deliver(transport);
    expect(taken).toHaveLength(13);
  });

  test('forgets what a row knew once it is sent', async () => {
    const { transport } = mailServer();
    await queue(['forgotten@example.org']);
    await deliver(transport);
    const row = await newestRow();
    expect(row.is_done).toBe(true);
    expect(row.row).not.toContain('forgotten@example.org');
    expect(row.composed).toBeNull();
  });

  test('keeps a composed letter sealed, and sends it as it was under the same Message-ID at each retry', async () => {
    let tries = 0;
    const seen: EmailMessage[] = [];
    const { taken, transport } = mailServer((letter) => {
      seen.push(letter);
      if ((tries += 1) < 3) throw new TemporaryDeliveryError('the mail server could not be reached');
    });
    await queue(['retried@example.org']);
    await deliver(transport);
    const row = await newestRow();
    expect(row).toMatchObject({ attempts: 1, last_error: 'the mail server could not be reached', is_done: false });
    expect(row.composed).toMatch(/^v1\./);
    expect(row.row).not.toContain('secret-');
    await app().advance(10);
    await deliver(transport);
    await app().advance(20);
    await deliver(transport);
    expect(taken).toHaveLength(1);
    expect(new Set(seen.map((letter) => `${letter.messageId} ${letter.subject} ${letter.text}`)).size).toBe(1);
  });

  test('waits longer after each failure, and not before its time', async () => {
    const { transport } = mailServer(() => {
      throw new TemporaryDeliveryError('busy');
    });
    await queue(['often@example.org']);
    const pauses: number[] = [];
    let last = 0;
    for (let i = 0; i < 6; i += 1) {
      await deliver(transport);
      expect(await deliver(transport)).toBe(0);
      const { wait } = await newestRow();
      pauses.push(wait - last);
      last = wait;
      await app().advance(pauses.at(-1) as number);
    }
    for (let i = 1; i < pauses.length; i += 1) expect(pauses[i]).toBeGreaterThan((pauses[i - 1] as number) * 1.1);
  });

  test('gives a letter up when its use is over, with the last reason, for staff to see', async () => {
    const { transport } = mailServer(() => {
      throw new TemporaryDeliveryError('the mail server answered 450 4.2.2 to the recipient');
    });
    await queue(['late@example.org']);
    await deliver(transport);
    await app().advance(3601);
    await deliver(transport);
    const row = await newestRow();
    expect(row.is_dead).toBe(true);
    expect(row.last_error).toBe('expired before it could be sent: the mail server answered 450 4.2.2 to the recipient');
    expect(row.row).not.toContain('late@example.org');
  });

  test('does not try again what is refused for good: dead, with its reason and an event', async () => {
    const { transport } = mailServer(() => {
      throw new PermanentDeliveryError('the mail server answered 550 5.1.1 to the recipient');
    });
    await queue(['gone@example.org']);
    await deliver(transport);
    expect(await newestRow()).toMatchObject({
      is_dead: true,
      attempts: 1,
      last_error: 'the mail server answered 550 5.1.1 to the recipient',
    });
    expect(await deliver(transport)).toBe(0);
    const [event] = await rows<{ details: Record<string, unknown> }>(
      app().ctx.db,
      sql`select details from security_events where kind = 'message_undeliverable' and account_id = 'acct_of_the_test'
          order by occurred_at desc limit 1`,
    );
    expect(event?.details).toEqual({
      message: 'test_letter',
      reason: 'the mail server answered 550 5.1.1 to the recipient',
    });
  });

  test('survives a bug in one letter: others go on, and the log names no address (R-178)', async () => {
    const { taken, transport } = mailServer();
    await queue(['bug@example.org'], brokenMessage);
    await queue(['fine@example.org']);
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toEqual(['fine@example.org']);
    expect(app().logLines.join('')).not.toContain('bug@example.org');
    await app().ctx.db.execute(sql`delete from outbox where message = 'test_broken'`);
  });

  test('does not repeat to those who got it already when a later part fails', async () => {
    let isDown = true;
    const { taken, transport } = mailServer(({ to }) => {
      if (to === 'second@example.org' && isDown) throw new TemporaryDeliveryError('down');
    });
    await queue(['first@example.org', 'second@example.org']);
    await deliver(transport);
    isDown = false;
    await app().advance(10);
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toEqual(['first@example.org', 'second@example.org']);
    expect(new Set(taken.map(({ messageId }) => messageId)).size).toBe(2);
  });
});

test('a letter that hangs holds up no other, neither of its own lot nor later ones', async () => {
  const [stuck, stopped] = [gate(), new AbortController()];
  const { taken, transport } = mailServer(({ to }) => (to === 'hangs@example.org' ? stuck.opened : undefined));
  const arrived = async (count: number) => {
    for (let tries = 0; tries < 200 && taken.length < count; tries += 1) await new Promise((go) => setTimeout(go, 10));
    return taken.map(({ to }) => to);
  };
  await queue(['hangs@example.org']);
  for (let i = 0; i < 12; i += 1) await queue([`same${i}@example.org`]);
  const delivering = deliverOn(app().ctx, messages, transport, stopped.signal);
  expect(await arrived(12)).toHaveLength(12);
  await queue(['later@example.org']);
  expect(await arrived(13)).toContain('later@example.org');
  stopped.abort();
  stuck.open();
  await delivering;
  expect(taken.at(-1)?.to).toBe('hangs@example.org');
});

describe('two workers', () => {
  test('never take the same letter at the same time', async () => {
    for (let i = 0; i < 20; i += 1) await queue([`shared${i}@example.org`]);
    const [one, two] = [mailServer(), mailServer()];
    await Promise.all([deliver(one.transport), deliver(two.transport), deliver(one.transport), deliver(two.transport)]);
    const recipients = [...one.taken, ...two.taken].map(({ to }) => to);
    expect(recipients).toHaveLength(20);
    expect(new Set(recipients).size).toBe(20);
  });

  test('share a letter whose first worker died: after its lease the second sends it as it was', async () => {
    await queue(['orphan@example.org']);
    const stuck = gate();
    const dead = mailServer(() => stuck.opened);
    const lost = deliver(dead.transport);
    const living = mailServer();
    while ((await newestRow()).composed === null) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await deliver(living.transport)).toBe(0);
    await endLeases();
    await deliver(living.transport);
    expect(living.taken.map(({ to }) => to)).toEqual(['orphan@example.org']);
    stuck.open();
    await lost;
    expect((await newestRow()).is_done).toBe(true);
    // At least once: the dead one had handed it over after all; the same Message-ID shows that it is one letter.
    expect(dead.taken[0]?.messageId).toBe(living.taken[0]?.messageId);
  });

  test('a mailbox that refuses, or cannot be reached, does not keep the letter from the others (R-062)', async () => {
    let isAway = true;
    const { taken, transport } = mailServer(({ to }) => {
      if (to.startsWith('refuses')) throw new PermanentDeliveryError('no such mailbox');
      if (to.startsWith('away') && isAway) throw new TemporaryDeliveryError('not now');
    });
    await queue(['refuses@example.org', 'away@example.org', 'owner@example.org']);
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toEqual(['owner@example.org']);
    expect(await newestRow()).toMatchObject({ is_dead: false, is_done: false, last_error: 'not now' });
    isAway = false;
    await app().advance(10);
    await deliver(transport);
    expect(taken.map(({ to }) => to)).toEqual(['owner@example.org', 'away@example.org']);
    expect(await newestRow()).toMatchObject({ is_dead: true, last_error: 'no such mailbox' });
  });

  test('a worker that lost its lease can no longer settle the letter', async () => {
    await queue(['fenced@example.org']);
    const [first] = await claimDue(app().ctx, 10);
    await endLeases();
    const [second] = await claimDue(app().ctx, 10);
    if (!first || !second) throw new Error('nothing was claimed');
    expect(second.id).toBe(first.id);
    expect(await markDone(app().ctx, first)).toBe(false);
    expect(await markDone(app().ctx, second)).toBe(true);
  });

  test('a lease is held anew with each part: a letter to many is not taken from a slow worker', async () => {
    await queue(['part1@example.org', 'part2@example.org']);
    const [claim] = await claimDue(app().ctx, 10);
    if (!claim) throw new Error('nothing was claimed');
    await app().ctx.db.execute(
      sql`update outbox set locked_until = now() + interval '1 second' where id = ${claim.id}`,
    );
    await markPartSent(app().ctx, claim, 1);
    const [row] = await rows<{ left: number }>(
      app().ctx.db,
      sql`select extract(epoch from locked_until - now())::float8 as left from outbox where id = ${claim.id}`,
    );
    expect(row?.left).toBeGreaterThan(50);
    await markDone(app().ctx, claim);
  });
});

describe('at rest', () => {
  test('neither the queue nor a composed letter shows a reset link, whatever stage it is in (R-049, R-168)', async () => {
    const ada = await app().person();
    await ada.asksForReset();
    const before = await rows<{ row: string }>(app().ctx.db, sql`select o::text as row from outbox o`);
    expect(before.map(({ row }) => row).join()).not.toContain('prst_');
    const token = await ada.nextToken('reset-password');
    const after = await rows<{ row: string }>(app().ctx.db, sql`select o::text as row from outbox o`);
    expect(after.map(({ row }) => row).join()).not.toContain(token.split('.')[1]);
  });
});
