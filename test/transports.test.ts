import { afterEach, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import { parseSender } from '../src/base/email-address.js';
import { openMailbox } from '../src/delivery/mailbox.js';
import { openTransports, PermanentDeliveryError, signSms, TemporaryDeliveryError } from '../src/delivery/transports.js';
import type { Transport, TransportSettings } from '../src/delivery/transports.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const settings: TransportSettings = {
  smtpUrl: null,
  mailFrom: 'Rekey <no-reply@rekey.example>',
  smsUrl: null,
  smsSecret: 'a secret of the webhook',
  mailboxFile: null,
  productName: 'Rekey',
};

function open(overrides: Partial<TransportSettings>): Transport {
  const transport = openTransports({ ...settings, ...overrides });
  cleanups.push(() => transport.close());
  return transport;
}

const letter = {
  to: 'ada@example.org',
  subject: 'Reset your password',
  text: 'Hello\n\nhttps://id.example.org/reset-password#token\n',
  html: '<p>Hello</p>',
  messageId: '<m_1@id.example.org>',
};

const failure = (sending: Promise<void>): Promise<Error> =>
  sending.then(
    () => Promise.reject(new Error('It was sent.')),
    (error: Error) => error,
  );

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

async function smtpServer(
  options: SMTPServerOptions = {},
): Promise<{ url: string; received: Received[]; connections: () => number }> {
  const received: Received[] = [];
  let connections = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onConnect: (_session, done) => done(void (connections += 1)),
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        received.push({
          from,
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(parts).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => void server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, received, connections: () => connections };
}

/** A server that greets, and then does as told with each line; for what smtp-server is too polite to do. */
async function rudeServer(onLine: (line: string, socket: Socket) => void, greeting = '220 hello\r\n'): Promise<string> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) =>
      data
        .toString()
        .split('\r\n')
        .filter(Boolean)
        .forEach((line) => onLine(line, socket)),
    );
    if (greeting) socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const refuse = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode });

describe('letters over SMTP', () => {
  test('R-124: a letter arrives at its one recipient with exactly the expected headers', async () => {
    const server = await smtpServer();
    await open({ smtpUrl: server.url }).sendEmail(letter);
    expect(server.received).toHaveLength(1);
    const [{ from, to, raw } = { from: '', to: [], raw: '' }] = server.received;
    expect({ from, to }).toEqual({ from: 'no-reply@rekey.example', to: ['ada@example.org'] });
    const headers = Object.fromEntries(
      (raw.split('\r\n\r\n')[0] ?? '')
        .replace(/\r\n[ \t]+/g, ' ')
        .split('\r\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    expect(headers).toEqual({
      From: 'Rekey <no-reply@rekey.example>',
      To: 'ada@example.org',
      Subject: 'Reset your password',
      'Message-ID': '<m_1@id.example.org>',
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      Date: expect.any(String),
      'MIME-Version': '1.0',
      'Content-Type': expect.stringMatching(/^multipart\/alternative; boundary="[^"]+"$/),
    });
  });

  test.each([
    'ada@example.org\r\nBcc: eve@evil.example',
    'ada@example.org, eve@evil.example',
    '"eve@evil.example x"@example.org',
    'ada@example.org> RCPT TO:<eve@evil.example',
    'Ada <eve@evil.example>',
    '',
  ])('R-123, R-124: the recipient %p is refused before anything is sent', async (to) => {
    const server = await smtpServer();
    const error = await failure(open({ smtpUrl: server.url }).sendEmail({ ...letter, to }));
    expect(error).toBeInstanceOf(PermanentDeliveryError);
    expect(error.message).toBe('not an e-mail address');
    expect(server.connections()).toBe(0);
  });

  test('R-124: line breaks in a subject and SMTP commands in a body reach one recipient, as text', async () => {
    const server = await smtpServer();
    const evil = 'Hi\r\nBcc: eve@evil.example\r\n\r\n.\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<eve@evil.example>\r\n';
    await open({ smtpUrl: server.url }).sendEmail({ ...letter, subject: evil, text: evil, html: evil });
    expect(server.received.map(({ to }) => to)).toEqual([['ada@example.org']]);
    const [head = ''] = (server.received[0]?.raw ?? '').split('\r\n\r\n');
    expect(head).not.toMatch(/^(bcc|cc):/im);
    expect(head.match(/^to:/gim)).toHaveLength(1);
  });

  test('R-124: a letter never pulls in a file or an address, whatever its body says', async () => {
    const server = await smtpServer();
    const body = { path: '/etc/passwd' } as unknown as string;
    await failure(open({ smtpUrl: server.url }).sendEmail({ ...letter, text: body }));
    await failure(
      open({ smtpUrl: server.url }).sendEmail({ ...letter, html: { href: server.url } as unknown as string }),
    );
    expect(server.received).toEqual([]);
  });

  test('the same letter sent again carries the same Message-ID, over the same connection', async () => {
    const server = await smtpServer();
    const transport = open({ smtpUrl: server.url });
    await transport.sendEmail(letter);
    await transport.sendEmail(letter);
    expect(server.received.map(({ raw }) => /^Message-ID: (.*)$/m.exec(raw)?.[1]?.trim())).toEqual([
      '<m_1@id.example.org>',
      '<m_1@id.example.org>',
    ]);
    expect(server.connections()).toBe(1);
  });

  test('R-124: a message id that is none is a bug, and nothing is sent', async () => {
    const server = await smtpServer();
    for (const messageId of ['m_1', '<m_1@a>\r\nBcc: <eve@evil.example>', '<@a>', '']) {
      const error = await failure(open({ smtpUrl: server.url }).sendEmail({ ...letter, messageId }));
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(server.connections()).toBe(0);
  });

  test('an address in another script is sent to as its A-label', async () => {
    const lines: string[] = [];
    const url = await rudeServer((line, socket) => {
      lines.push(line);
      socket.write(line.startsWith('RCPT') ? '550 enough seen\r\n' : '250 SMTPUTF8\r\n');
    });
    await failure(open({ smtpUrl: url }).sendEmail({ ...letter, to: 'Ada@bücher.example' }));
    expect(lines).toContain('RCPT TO:<Ada@xn--bcher-kva.example>');
  });

  test('a recipient refused with 550 is permanent, and the reason names neither address nor letter', async () => {
    const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) =>
      done(refuse(550, `5.1.1 <${address}> unknown here`));
    const server = await smtpServer({ onRcptTo });
    const transport = open({ smtpUrl: server.url });
    const error = await failure(transport.sendEmail(letter));
    expect(error).toBeInstanceOf(PermanentDeliveryError);
    expect(error.message).toBe('the mail server answered 550 5.1.1 to the recipient');
    expect(JSON.stringify({ ...error, cause: error.cause })).not.toContain('ada@');
  });

  test('a letter refused with 554 is permanent; the next one goes out', async () => {
    let refused = false;
    const server = await smtpServer({
      onData(stream, _session, done) {
        stream.on('end', () => {
          done(refused ? null : refuse(554, '5.7.1 no thanks'));
          refused = true;
        });
        stream.resume();
      },
    });
    const transport = open({ smtpUrl: server.url });
    const error = await failure(transport.sendEmail(letter));
    expect([error.name, error.message]).toEqual([
      'PermanentDeliveryError',
      'the mail server answered 554 5.7.1 to the letter',
    ]);
    await transport.sendEmail(letter);
  });

  test.each([
    [450, '4.2.1 later', 'the mail server answered 450 4.2.1 to the recipient'],
    [552, '5.2.2 mailbox full', 'the mail server answered 552 5.2.2 to the recipient'],
    [550, '5.2.2 over quota', 'the mail server answered 550 5.2.2 to the recipient'],
    [554, '5.7.1 relay access denied', 'the mail server answered 554 5.7.1 to the recipient'],
  ])('a recipient deferred with %d %s is temporary', async (code, text, reason) => {
    const server = await smtpServer({ onRcptTo: (_address, _session, done) => done(refuse(code, text)) });
    const error = await failure(open({ smtpUrl: server.url }).sendEmail(letter));
    expect(error).toBeInstanceOf(TemporaryDeliveryError);
    expect(error.message).toBe(reason);
  });

  test('a refused sender or sign-in is our mistake and temporary', async () => {
    const sender = await smtpServer({ onMailFrom: (_address, _session, done) => done(refuse(553, '5.1.8 who?')) });
    const first = await failure(open({ smtpUrl: sender.url }).sendEmail(letter));
    expect([first.name, first.message]).toEqual([
      'TemporaryDeliveryError',
      'the mail server answered 553 5.1.8 to the sender',
    ]);
    const signIn = await smtpServer({
      onAuth: (_auth, _session, done) => done(refuse(535, '5.7.8 wrong')),
      allowInsecureAuth: true,
    });
    const url = signIn.url.replace('//', '//user:hunter2@');
    const second = await failure(open({ smtpUrl: url }).sendEmail(letter));
    expect(second).toBeInstanceOf(TemporaryDeliveryError);
    expect(second.message).toMatch(/^the mail server answered 535( 5\.7\.8)? to our sign-in$/);
  });

  test('a server that hangs after the letter is given up in time, and the error is temporary', async () => {
    const server = await smtpServer({ onData: (stream) => stream.resume() });
    const begin = Date.now();
    const error = await failure(open({ smtpUrl: server.url, timeoutMs: 300 }).sendEmail(letter));
    expect(error).toBeInstanceOf(TemporaryDeliveryError);
    expect(error.message).toBe('the mail server did not answer in time');
    expect(Date.now() - begin).toBeLessThan(3000);
  });

  test('a server that trickles its replies for ever is given up in time', async () => {
    const url = await rudeServer((line, socket) => {
      if (!line.startsWith('EHLO')) return;
      const drip = setInterval(() => void (socket.writable ? socket.write('250-more\r\n') : clearInterval(drip)), 50);
      socket.on('close', () => clearInterval(drip));
    });
    const begin = Date.now();
    const error = await failure(open({ smtpUrl: url, timeoutMs: 300 }).sendEmail(letter));
    expect(error).toBeInstanceOf(TemporaryDeliveryError);
    expect(Date.now() - begin).toBeLessThan(4000);
  });

  test('a server that never greets, hangs up, or is not there: temporary', async () => {
    const silent = await rudeServer(() => undefined, '');
    const error = await failure(open({ smtpUrl: silent, timeoutMs: 300 }).sendEmail(letter));
    expect([error.name, error.message]).toEqual(['TemporaryDeliveryError', 'the mail server did not answer in time']);
    const rude = await rudeServer((line, socket) => void (line.startsWith('EHLO') ? socket.destroy() : null));
    expect(await failure(open({ smtpUrl: rude }).sendEmail(letter))).toBeInstanceOf(TemporaryDeliveryError);
    const absent = await failure(open({ smtpUrl: 'smtp://127.0.0.1:1' }).sendEmail(letter));
    expect([absent.name, absent.message]).toEqual([
      'TemporaryDeliveryError',
      'the mail server could not be reached (ECONNREFUSED)',
    ]);
  });
});

describe('the sender', () => {
  test('may be an address or a name with one, and nothing that reads as two', () => {
    expect(parseSender('a@b.example')).toEqual({ name: '', address: 'a@b.example' });
    expect(parseSender('"Käse & Co" <a@localhost>')).toEqual({ name: 'Käse & Co', address: 'a@localhost' });
    for (const wrong of ['', 'x', 'a@b.example, c@d.example', 'A\r\nBcc: x <a@b.example>', '<a@b>, <c@d>']) {
      expect(() => parseSender(wrong)).toThrow('must be an address, or Name <address>');
    }
  });

  test('without a name bears that of the product', async () => {
    const server = await smtpServer();
    await open({ smtpUrl: server.url, mailFrom: 'no-reply@rekey.example', productName: 'Käse' }).sendEmail(letter);
    expect(server.received[0]?.raw).toMatch(/^From: =\?UTF-8\?Q\?K=C3=A4se\?= <no-reply@rekey\.example>\r$/m);
  });

  test('and the secret of a webhook are never left out', () => {
    expect(() => openTransports({ ...settings, smtpUrl: 'smtp://localhost', mailFrom: null })).toThrow(/^MAIL_FROM: /);
    expect(() => openTransports({ ...settings, smsUrl: 'https://sms.example', smsSecret: null })).toThrow(
      /^SMS_SECRET: /,
    );
  });
});

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function httpServer(answer: { status: number; headers?: Record<string, string>; body?: string } | null) {
  const calls: Call[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      calls.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

const sms = { to: '+4741234567', text: 'Rekey code: 123456', messageId: '<m_2@id.example.org>' };

describe('texts through the webhook', () => {
  test('are posted as JSON, signed over time and body, with the same id at each attempt', async () => {
    const server = await httpServer({ status: 202 });
    const transport = open({ smsUrl: `${server.url}/sms` });
    await transport.sendSms(sms);
    await transport.sendSms(sms);
    const [call] = server.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/sms' });
    expect(call?.headers['content-type']).toBe('application/json');
    expect(server.calls.map(({ body }) => JSON.parse(body))).toEqual(
      Array(2).fill({ id: 'm_2', to: '+4741234567', text: 'Rekey code: 123456' }),
    );
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(call?.headers['x-rekey-signature'])) ?? [];
    expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(5);
    expect(v1).toBe(createHmac('sha256', 'a secret of the webhook').update(`${t}.${call?.body}`).digest('hex'));
  });

  test('the signature of a known body is this one', () => {
    expect(signSms('{"id":"1"}', 'key', 1_700_000_000)).toBe(
      `t=1700000000,v1=${createHmac('sha256', 'key').update('1700000000.{"id":"1"}').digest('hex')}`,
    );
  });

  test.each([
    [400, 'PermanentDeliveryError'],
    [404, 'PermanentDeliveryError'],
    [408, 'TemporaryDeliveryError'],
    [429, 'TemporaryDeliveryError'],
    [500, 'TemporaryDeliveryError'],
    [503, 'TemporaryDeliveryError'],
  ])('an answer of %d is a %s', async (status, name) => {
    const server = await httpServer({ status, body: '{"code":21211,"to":"+4741234567"}' });
    const error = await failure(open({ smsUrl: server.url }).sendSms(sms));
    expect([error.name, error.message]).toEqual([name, `the SMS webhook answered ${status}`]);
  });

  test('a redirect is not followed', async () => {
    const other = await httpServer({ status: 200 });
    const server = await httpServer({ status: 307, headers: { location: other.url } });
    const error = await failure(open({ smsUrl: server.url }).sendSms(sms));
    expect([error.name, error.message]).toEqual(['TemporaryDeliveryError', 'the SMS webhook answered 307']);
    expect(other.calls).toEqual([]);
  });

  test('a webhook that hangs or is not there: temporary', async () => {
    const server = await httpServer(null);
    const hung = await failure(open({ smsUrl: server.url, timeoutMs: 200 }).sendSms(sms));
    expect([hung.name, hung.message]).toEqual(['TemporaryDeliveryError', 'the SMS webhook did not answer in time']);
    const absent = await failure(open({ smsUrl: 'http://127.0.0.1:9' }).sendSms(sms));
    expect(absent).toBeInstanceOf(TemporaryDeliveryError);
    expect(absent.message).toMatch(/^the SMS webhook could not be reached/);
  });

  test('only a number in E.164 is sent to', async () => {
    const server = await httpServer({ status: 200 });
    for (const to of ['41234567', '+47 412 34 567', '+4741234567,+4741234568', '+0123456789']) {
      expect(await failure(open({ smsUrl: server.url }).sendSms({ ...sms, to }))).toBeInstanceOf(
        PermanentDeliveryError,
      );
    }
    expect(server.calls).toEqual([]);
  });
});

describe('texts through Twilio', () => {
  const smsUrl = 'twilio://AC0123:to%40ken@+15005550006';

  test('are posted in the shape its API asks for', async () => {
    const server = await httpServer({ status: 201, body: '{"sid":"SM1"}' });
    await open({ smsUrl, smsSecret: null, twilioBaseUrl: server.url }).sendSms(sms);
    const [call] = server.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/2010-04-01/Accounts/AC0123/Messages.json' });
    expect(call?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(call?.headers.authorization).toBe(`Basic ${Buffer.from('AC0123:to@ken').toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      To: '+4741234567',
      From: '+15005550006',
      Body: 'Rekey code: 123456',
    });
  });

  test('may go out through a messaging service', async () => {
    const server = await httpServer({ status: 201 });
    const service = `MG${'0a'.repeat(16)}`;
    await open({ smsUrl: `twilio://AC1:t@${service}`, twilioBaseUrl: server.url }).sendSms(sms);
    expect(new URLSearchParams(server.calls[0]?.body).get('MessagingServiceSid')).toBe(service);
  });

  test.each([
    [
      400,
      '{"code":21211,"message":"+4741234567 is not valid"}',
      'PermanentDeliveryError',
      'Twilio answered 400 (21211)',
    ],
    [401, '{"code":20003}', 'TemporaryDeliveryError', 'Twilio answered 401 (20003)'],
    [429, '{"code":20429}', 'TemporaryDeliveryError', 'Twilio answered 429 (20429)'],
    [500, 'x'.repeat(1_000_000), 'TemporaryDeliveryError', 'Twilio answered 500'],
  ])('an answer of %d is told with its code and nothing else of it', async (status, body, name, message) => {
    const server = await httpServer({ status, body });
    const error = await failure(open({ smsUrl, twilioBaseUrl: server.url }).sendSms(sms));
    expect([error.name, error.message]).toEqual([name, message]);
  });
});

describe('without a mail server', () => {
  async function mailboxFile(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'rekey-transports-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    return join(folder, 'mailbox.jsonl');
  }

  test('letters and texts go into the mailbox', async () => {
    const file = await mailboxFile();
    const transport = open({ mailboxFile: file, mailFrom: null });
    expect([...transport.channels]).toEqual(['EMAIL', 'SMS']);
    await transport.sendEmail(letter);
    await transport.sendSms(sms);
    const { messageId: _, ...content } = letter;
    expect(await openMailbox(file).list()).toEqual([
      expect.objectContaining({ id: 'm_2', channel: 'SMS', to: sms.to, text: sms.text, subject: null, html: null }),
      expect.objectContaining({ id: 'm_1', channel: 'EMAIL', ...content }),
    ]);
  });

  test('with a mail server and a mailbox, a letter is in both once it was sent', async () => {
    const server = await smtpServer();
    const file = await mailboxFile();
    await open({ smtpUrl: server.url, mailboxFile: file }).sendEmail(letter);
    expect(server.received).toHaveLength(1);
    expect(await openMailbox(file).list()).toHaveLength(1);
    await failure(
      open({ smtpUrl: 'smtp://127.0.0.1:1', mailboxFile: file }).sendEmail({
        ...letter,
        messageId: '<m_9@id.example.org>',
      }),
    );
    expect(await openMailbox(file).list()).toHaveLength(1);
  });

  test('a mailbox that cannot be written delays a letter, but repeats none that has left', async () => {
    const blocked = '/dev/null/mailbox.jsonl';
    const error = await failure(open({ mailboxFile: blocked }).sendEmail(letter));
    expect([error.name, error.message]).toEqual([
      'TemporaryDeliveryError',
      expect.stringMatching(/^the mailbox file was not written \(\w+\)$/),
    ]);
    const server = await smtpServer();
    await open({ smtpUrl: server.url, mailboxFile: blocked }).sendEmail(letter);
    expect(server.received).toHaveLength(1);
  });

  test('with nothing configured nothing can be sent, and that is said', async () => {
    const transport = open({});
    expect([...transport.channels]).toEqual([]);
    expect((await failure(transport.sendEmail(letter))).message).toBe('EMAIL is not configured');
    expect((await failure(transport.sendSms(sms))).message).toBe('SMS is not configured');
  });
});
