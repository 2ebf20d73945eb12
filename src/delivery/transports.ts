/**
 * The last step of a letter or a text: over SMTP, an SMS webhook or Twilio, or into the mailbox of development and test.
 * A transport delivers once per call and never retries by itself: the outbox decides when to try again.
 */
import { createHmac } from 'node:crypto';
import nodemailer from 'nodemailer';
import type { NodemailerError } from 'nodemailer';
import { readSmsUrl, type TwilioAccount } from '../base/config-forms.js';
import { parseEmail, parseSender } from '../base/email-address.js';
import { openMailbox } from './mailbox.js';
import type { MailboxMessage } from './mailbox.js';

export type Channel = 'EMAIL' | 'SMS';

export interface EmailMessage {
  /** One bare address: the one stored in the row, never what was submitted (R-121). */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** `<left@right>` as RFC 5322 has it; the same at every attempt, so that a repeated delivery can be recognised. */
  readonly messageId: string;
}

export interface SmsMessage {
  /** E.164 */
  readonly to: string;
  readonly text: string;
  /** As for e-mail; providers and the mailbox see its left part. */
  readonly messageId: string;
}

export interface Transport {
  /** What can be sent at all with these settings. */
  readonly channels: ReadonlySet<Channel>;
  /** Settles once the mail server has taken the letter over. @throws PermanentDeliveryError, TemporaryDeliveryError */
  sendEmail(message: EmailMessage): Promise<void>;
  /** Settles once the provider has taken the text over. @throws PermanentDeliveryError, TemporaryDeliveryError */
  sendSms(message: SmsMessage): Promise<void>;
  /** Lets go of connections; what is being sent is finished. */
  close(): void;
}

export interface TransportSettings {
  /** `smtp(s)://user:password@host:port`; nodemailer's options as query parameters, such as `?requireTLS=true`. */
  readonly smtpUrl: string | null;
  /** `address` or `Name <address>`; required with `smtpUrl`. */
  readonly mailFrom: string | null;
  /** `http(s)://…` of a webhook, or `twilio://ACCOUNT_SID:AUTH_TOKEN@FROM`. */
  readonly smsUrl: string | null;
  /** Signs what is posted to the webhook; required with a webhook. */
  readonly smsSecret: string | null;
  /** Lists whatever was sent, and stands in for a channel that has no URL. Null in production. */
  readonly mailboxFile: string | null;
  /** The sender's name where `mailFrom` has none. */
  readonly productName: string;
  /** For tests: milliseconds to wait for a connection or an answer (10 000), and where Twilio is. */
  readonly timeoutMs?: number;
  readonly twilioBaseUrl?: string;
}

/** Why a message was not delivered. */
abstract class DeliveryError extends Error {
  /** `reason` is short and fit for staff: no address, no text, no secret. */
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** Trying again would end the same way: no such mailbox, an impossible address, refused for good. */
export class PermanentDeliveryError extends DeliveryError {
  override readonly name = 'PermanentDeliveryError';
}

/** Trying again may help: the network, a full mailbox, a busy server, our own credentials. */
export class TemporaryDeliveryError extends DeliveryError {
  override readonly name = 'TemporaryDeliveryError';

  /** @param isPutOff whether it is the recipient's mailbox that is full. */
  constructor(
    reason: string,
    readonly isPutOff = false,
  ) {
    super(reason);
  }
}

const TIMEOUT_MS = 10_000;
const MESSAGE_ID = /^<([\w.-]{1,100})@[\w.:[\]-]{1,253}>$/;

/** Opens what the settings name; connects to nothing before the first message. @throws Error on a wrong setting */
export function openTransports(settings: TransportSettings): Transport {
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
  const mail = settings.smtpUrl === null ? null : openSmtp(settings.smtpUrl, settings, timeoutMs);
  const sms = settings.smsUrl === null ? null : openSms(settings.smsUrl, settings, timeoutMs);
  const mailbox = settings.mailboxFile === null ? null : openMailbox(settings.mailboxFile);
  const channels = new Set<Channel>();
  if (mail ?? mailbox) channels.add('EMAIL');
  if (sms ?? mailbox) channels.add('SMS');

  const keep = async (sent: boolean, message: Omit<MailboxMessage, 'sentAt'>): Promise<void> => {
    if (!sent && !mailbox) throw new TemporaryDeliveryError(`${message.channel} is not configured`);
    // A message that has left must not be sent again because the list of a test could not be written.
    await mailbox?.append(message).catch((error: NodeJS.ErrnoException) => {
      if (!sent) throw new TemporaryDeliveryError(`the mailbox file was not written (${error.code ?? 'incomplete'})`);
    });
  };

  return {
    channels,
    async sendEmail(letter) {
      const { subject, text, html } = letter;
      const id = leftOf(letter.messageId);
      const to = recipient(letter.to);
      await mail?.send({ ...letter, to });
      await keep(mail !== null, { id, channel: 'EMAIL', to, subject, text, html });
    },
    async sendSms({ to, text, messageId }) {
      const id = leftOf(messageId);
      if (!/^\+[1-9]\d{4,14}$/.test(to)) throw new PermanentDeliveryError('not a telephone number');
      await sms?.({ id, to, text });
      await keep(sms !== null, { id, channel: 'SMS', to, subject: null, text, html: null });
    },
    close: () => mail?.close(),
  };
}

function leftOf(messageId: string): string {
  const left = MESSAGE_ID.exec(messageId)?.[1];
  if (left === undefined) throw new TypeError('A message id looks like <letters-and-digits@host>');
  return left;
}

function recipient(to: string): string {
  const address = parseEmail(to);
  // Checked where it leaves, however it came into the database: nodemailer reads a list out of some texts.
  if (!address) throw new PermanentDeliveryError('not an e-mail address');
  return address.email;
}

function openSmtp(smtpUrl: string, { mailFrom, productName }: TransportSettings, timeoutMs: number) {
  if (mailFrom === null) throw new Error('MAIL_FROM: required with SMTP_URL');
  const { name, address } = parseSender(mailFrom);
  const pool = openPool(smtpUrl, timeoutMs);
  const send = async ({ to, subject, text, html, messageId }: EmailMessage): Promise<void> => {
    try {
      await pool.sendMail({
        // A string would be parsed as a list: "a@x\r\nBcc: b@y" was sent to b@y. An object is one address (R-124).
        from: { name: name || productName, address },
        to: { name: '', address: to },
        envelope: { from: address, to: [to] },
        messageId,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        xMailer: false,
        subject: subject.replace(/\p{C}+/gu, ' '),
        text,
        html,
        // A server that trickles its replies keeps every single wait short; this bounds them all together.
        signal: AbortSignal.timeout(timeoutMs * 3),
      });
    } catch (error) {
      throw classifySmtp(error as NodemailerError);
    }
  };
  return { send, close: () => pool.close() };
}

function openPool(url: string, timeoutMs: number) {
  return nodemailer.createTransport({
    pool: true,
    url,
    // The outbox retries. One more go is for a kept connection that the server had meanwhile closed.
    maxRequeues: 1,
    idleTimeout: 30_000,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** The error itself goes no further: it quotes the address, and servers quote what they like. */
function classifySmtp({ code, originalCode, command, responseCode, response }: NodemailerError): DeliveryError {
  if (responseCode === undefined) {
    return code === 'EENVELOPE'
      ? new PermanentDeliveryError('the mail library refused the address')
      : new TemporaryDeliveryError(unreached('the mail server', originalCode ?? code));
  }
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
  const reason = `the mail server answered ${responseCode}${enhanced ? ` ${enhanced}` : ''} to ${step(command)}`;
  // 5xx to the recipient or the letter is meant for good; to anything before (sign-in, sender), it is about our set-up.
  // 503 is about the session; 552 and X.2.2 say that a mailbox is full, which passes. X.7.X to the recipient is mostly about what
  // we may do: servers refuse a client that may not relay, or whom they do not trust, no sooner.
  const isAboutLetter = command === 'RCPT TO' || command === 'DATA';
  const isAboutUs = command === 'RCPT TO' && /^5\.7\./.test(enhanced ?? '');
  const isFull = responseCode === 552 || /\.2\.2$/.test(enhanced ?? '');
  const isForGood = responseCode >= 500 && responseCode !== 503 && !isFull;
  return isAboutLetter && !isAboutUs && isForGood
    ? new PermanentDeliveryError(reason)
    : new TemporaryDeliveryError(reason, isAboutLetter && isFull);
}

function step(command: string | undefined): string {
  if (command === 'RCPT TO') return 'the recipient';
  if (command === 'MAIL FROM') return 'the sender';
  if (command === 'DATA') return 'the letter';
  return command?.startsWith('AUTH') ? 'our sign-in' : 'the connection';
}

/** `code` is one of Node's or nodemailer's words for it, such as ECONNREFUSED. */
function unreached(who: string, code: string | undefined): string {
  return code === 'ETIMEDOUT' || code === 'EABORT'
    ? `${who} did not answer in time`
    : `${who} could not be reached${code ? ` (${code})` : ''}`;
}

type SendSms = (message: { readonly id: string; readonly to: string; readonly text: string }) => Promise<void>;

function openSms(smsUrl: string, settings: TransportSettings, timeoutMs: number): SendSms {
  const provider = readSmsUrl(smsUrl);
  if ('twilio' in provider) {
    return openTwilio(provider.twilio, settings.twilioBaseUrl ?? 'https://api.twilio.com', timeoutMs);
  }
  const { smsSecret } = settings;
  if (!smsSecret) throw new Error('SMS_SECRET: required with SMS_URL');
  return async ({ id, to, text }) => {
    const body = JSON.stringify({ id, to, text });
    const headers = { 'Content-Type': 'application/json', 'X-Rekey-Signature': signSms(body, smsSecret) };
    await post('the SMS webhook', provider.webhook, { headers, body }, timeoutMs);
  };
}

/**
 * What the receiver of the webhook checks: `t=<unix seconds>,v1=<hex>`, where the second is HMAC-SHA-256 with SMS_SECRET
 * over `<t>.<body>`, byte for byte. Requests older than five minutes are best refused; `id` is the same at each retry.
 */
export function signSms(body: string, secret: string, unixSeconds = Math.floor(Date.now() / 1000)): string {
  const mac = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${mac}`;
}

/** https://www.twilio.com/docs/messaging/api/message-resource; it knows no idempotency: a retry may arrive twice. */
function openTwilio({ account, token, from }: TwilioAccount, baseUrl: string, timeoutMs: number): SendSms {
  const target = new URL(`/2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`, baseUrl);
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`;
  return async ({ to, text }) => {
    const sender = /^MG[0-9a-f]{32}$/i.test(from) ? { MessagingServiceSid: from } : { From: from };
    const body = new URLSearchParams({ To: to, ...sender, Body: text });
    await post('Twilio', target, { headers: { Authorization: authorization }, body }, timeoutMs);
  };
}

/** 2xx is accepted; 408, 429, 5xx, redirects (never followed) and the network may pass; every other 4xx will not. */
async function post(who: string, url: URL, content: Pick<RequestInit, 'headers' | 'body'>, timeoutMs: number) {
  const signal = AbortSignal.timeout(timeoutMs);
  const request: RequestInit = { method: 'POST', ...content, redirect: 'manual', signal };
  const response = await fetch(url, request).catch((error: unknown) => {
    throw new TemporaryDeliveryError(unreached(who, fetchFailure(error)));
  });
  const { status, ok } = response;
  // Twilio puts its own code into the answer, which tells staff what to do; of other answers nothing is read.
  const detail = who === 'Twilio' && !ok ? await providerCode(response) : '';
  await response.body?.cancel().catch(() => undefined);
  if (ok) return;
  const reason = `${who} answered ${status}${detail}`;
  // 401 of Twilio is about our credentials, which an operator mends.
  const passes =
    status < 400 || status >= 500 || status === 408 || status === 429 || (who === 'Twilio' && status === 401);
  throw passes ? new TemporaryDeliveryError(reason) : new PermanentDeliveryError(reason);
}

function fetchFailure(error: unknown): string | undefined {
  const { name, cause } = error as { name?: string; cause?: NodeJS.ErrnoException };
  return name === 'TimeoutError' ? 'ETIMEDOUT' : cause?.code;
}

const MOST_ANSWER_BYTES = 8192;

async function providerCode(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  let text = '';
  try {
    const decoder = new TextDecoder();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true });
      if (text.length > MOST_ANSWER_BYTES) break;
    }
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === 'number' ? ` (${code})` : '';
  } catch {
    return '';
  } finally {
    reader?.releaseLock();
  }
}
