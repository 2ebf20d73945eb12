import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mailboxContentSecurityPolicy, mailboxPage, mailboxStyles } from '../src/delivery/mailbox-page.js';
import { openMailbox } from '../src/delivery/mailbox.js';
import type { MailboxMessage } from '../src/delivery/mailbox.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekey-mailbox-'));
  file = join(folder, 'data', 'mailbox.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const letter = (id: string) =>
  ({
    id,
    channel: 'EMAIL',
    to: 'ada@example.org',
    subject: `S ${id}`,
    text: `T ${id}\n`,
    html: '<p>é\u2028</p>',
  }) as const;

describe('the mailbox file', () => {
  test('lists the newest first, in the shape that interface.md promises', async () => {
    const mailbox = openMailbox(file);
    await mailbox.append(letter('m1'));
    await mailbox.append({ id: 'm2', channel: 'SMS', to: '+4741234567', subject: null, text: 'code 1', html: null });
    const [sms, mail] = await mailbox.list();
    expect(mail).toEqual({ ...letter('m1'), sentAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
    expect(Object.keys(sms ?? {})).toEqual(['id', 'channel', 'to', 'subject', 'text', 'html', 'sentAt']);
    expect(sms).toMatchObject({ id: 'm2', channel: 'SMS', to: '+4741234567', subject: null, html: null });
  });

  test('is empty before the first message and after emptying', async () => {
    const mailbox = openMailbox(file);
    await mailbox.empty();
    expect(await mailbox.list()).toEqual([]);
    await mailbox.append(letter('m1'));
    await mailbox.empty();
    expect(await mailbox.list()).toEqual([]);
    await mailbox.append(letter('m2'));
    expect(await mailbox.list()).toHaveLength(1);
  });

  test('is readable by its owner only, also when it was made otherwise', async () => {
    const mailbox = openMailbox(file);
    await mailbox.append(letter('m1'));
    await chmod(file, 0o644);
    await mailbox.append(letter('m2'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('a message delivered twice is listed once, where it first came', async () => {
    const mailbox = openMailbox(file);
    for (const id of ['m1', 'm2', 'm1']) await mailbox.append(letter(id));
    expect((await mailbox.list()).map(({ id }) => id)).toEqual(['m2', 'm1']);
  });

  test('a line cut off by a crash is passed over and takes no other message with it', async () => {
    const mailbox = openMailbox(file);
    await mailbox.append(letter('m1'));
    const half = (await readFile(file, 'utf8')).trim().slice(0, 40);
    await appendFile(file, `\n${half}`);
    await mailbox.append(letter('m2'));
    await appendFile(file, 'null\n[]\n{"id":5}\n{"id":"m3","te');
    expect((await mailbox.list()).map(({ id }) => id)).toEqual(['m2', 'm1']);
  });

  test('lists at most the newest 1000, also from a file of more than 16 MiB', async () => {
    const mailbox = openMailbox(file);
    await mailbox.append(letter('first'));
    const many = Array.from({ length: 3000 }, (_, n) =>
      JSON.stringify({ ...letter(`m${n}`), html: 'x'.repeat(7000), sentAt: '2026-01-01T00:00:00.000Z' }),
    );
    await writeFile(file, `${many.join('\n')}\n`);
    const listed = await mailbox.list();
    expect(listed).toHaveLength(1000);
    expect([listed[0]?.id, listed.at(-1)?.id]).toEqual(['m2999', 'm2000']);
  });

  test('four processes write at once and nothing is torn or lost', async () => {
    await openMailbox(file).append(letter('first'));
    // The same call as append makes: one write at the end of the file.
    const program = `import { open } from 'node:fs/promises';
      for (let n = 0; n < 100; n++) {
        const handle = await open(${JSON.stringify(file)}, 'a', 0o600);
        await handle.write(Buffer.from('\\n' + JSON.stringify({ id: process.argv[1] + n, text: 'x'.repeat(20_000) }) + '\\n'));
        await handle.close();
      }`;
    const run = promisify(execFile);
    const ours = (async () => {
      for (let n = 0; n < 100; n++) await openMailbox(file).append(letter(`own${n}`));
    })();
    await Promise.all([
      ours,
      ...['a', 'b', 'c'].map((name) => run(process.execPath, ['--input-type=module', '-e', program, name])),
    ]);
    const ids = new Set((await openMailbox(file).list()).map(({ id }) => id));
    expect(ids.size).toBe(401);
  }, 30_000);
});

describe('the mailbox page', () => {
  const now = new Date('2026-06-12T14:05:00Z');
  const message: MailboxMessage = {
    id: 'm 1"',
    channel: 'EMAIL',
    to: 'ada@example.org',
    subject: 'Reset <your> password',
    text: 'Hello\n\nReset My Password:\nhttp://localhost:4000/reset-password#pr_a.b-_\n',
    html: '<p style="color:red">Hello "you"</p><script>alert(1)</script>',
    sentAt: '2026-06-12T14:03:00.000Z',
  };
  const sms: MailboxMessage = { ...message, id: 's1', channel: 'SMS', to: '+4741234567', subject: null, html: null };
  const page = (openId: string | null, messages = [message, sms]): string =>
    mailboxPage(messages, { productName: 'Rekey', openId, now });

  test('shows recipients, subjects, channels, times and a link to follow', () => {
    const list = page(null);
    expect(list).toContain('<b>ada@example.org</b>');
    expect(list).toContain('Reset &lt;your&gt; password');
    expect(list).toContain('2 minutes ago');
    expect(list).toContain('href="http://localhost:4000/reset-password#pr_a.b-_"');
    expect(list).toContain('href="/mailbox?open=m%201%22"');
    expect(list).toContain('>SMS<');
  });

  test('refreshes itself, unless a message is open', () => {
    expect(page(null)).toContain('http-equiv="refresh" content="5"');
    expect(page(message.id)).not.toContain('http-equiv="refresh"');
    expect(page('gone')).toContain('http-equiv="refresh"');
  });

  test('a letter is shown in a frame that runs nothing, and its text has clickable links', () => {
    const open = page(message.id);
    expect(open).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(open).toContain('srcdoc="&lt;p style=&quot;color:red&quot;&gt;');
    expect(open).not.toMatch(/<script|<p style/);
    expect(open).toMatch(
      /<pre>Hello\n\nReset My Password:\n<a href="http:\/\/localhost:4000\/reset-password#pr_a\.b-_"/,
    );
    expect(page(sms.id)).not.toContain('<iframe');
  });

  test('needs no script and nothing from elsewhere under its content security policy', () => {
    expect(`${page(null)}${page(message.id)}`).not.toMatch(/<script|<style|\son[a-z]+=/);
    expect(mailboxContentSecurityPolicy).toMatch(/^default-src 'none';/);
    expect(mailboxContentSecurityPolicy).not.toMatch(/script-src|unsafe-eval/);
    expect(mailboxStyles).not.toMatch(/url\(|@import|<\//);
  });

  test('says so when there is nothing, and how many there are when there is much', () => {
    expect(page(null, [])).toContain('No messages yet');
    const many = Array.from({ length: 150 }, (_, n) => ({ ...message, id: `m${n}` }));
    expect(page(null, many)).toContain('The newest 100 of 150.');
    expect(page(null, many).match(/<article>/g)).toHaveLength(100);
  });
});
