/** The other end of `smtp-process.js`: what arrived, as its readers would see it. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Letter {
  readonly to: readonly string[];
  readonly messageId: string;
  readonly subject: string;
  /** The plain text part. */
  readonly text: string;
}

export interface MailServer {
  readonly url: string;
  readonly letters: Letter[];
  /** How many letters have begun to arrive, taken over or not. */
  begun(): number;
  /** Waits for a letter to this address whose subject holds this text. */
  next(to: string, subject: string, withinMs?: number): Promise<Letter>;
  stop(): void;
}

const SCRIPT = fileURLToPath(new URL('./smtp-process.js', import.meta.url));

interface Report {
  readonly kind: 'listening' | 'receiving' | 'letter';
  readonly port: number;
  readonly to: readonly string[];
  readonly raw: string;
}

export async function startMailServer(options: { delayMs?: number; port?: number } = {}): Promise<MailServer> {
  const env = { ...process.env, DELAY_MS: String(options.delayMs ?? 0), SMTP_PORT: String(options.port ?? 0) };
  const child = fork(SCRIPT, { env, execArgv: [] });
  const letters: Letter[] = [];
  let begun = 0;
  const port = await new Promise<number>((resolve) => {
    child.on('message', (report: Report) => {
      if (report.kind === 'listening') resolve(report.port);
      if (report.kind === 'receiving') begun += 1;
      if (report.kind === 'letter') letters.push(readLetter(report.to, report.raw));
    });
  });
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    begun: () => begun,
    async next(to, subject, withinMs = 10_000) {
      for (const deadline = Date.now() + withinMs; ; await new Promise((resume) => setTimeout(resume, 20))) {
        const at = letters.findIndex((letter) => letter.to.includes(to) && letter.subject.includes(subject));
        if (at >= 0) return letters.splice(at, 1)[0] as Letter;
        if (Date.now() > deadline) throw new Error(`no letter "${subject}" to ${to} within ${withinMs} ms`);
      }
    },
    stop: () => void child.kill(),
  };
}

function readLetter(to: readonly string[], raw: string): Letter {
  const unfolded = raw.replace(/\r\n[ \t]+/g, ' ');
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(unfolded)?.[1] ?? '';
  const part = /Content-Type: text\/plain[^]*?\r\n\r\n([^]*?)\r\n--/.exec(raw)?.[1] ?? '';
  const subject = decodeWords(header('Subject'));
  return { to, messageId: header('Message-ID'), subject, text: decodeQuotedPrintable(part) };
}

const decodeQuotedPrintable = (text: string): string =>
  Buffer.from(
    text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString();

/** RFC 2047, as far as nodemailer writes it. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?utf-8\?(q|b)\?(.*?)\?=/gi, (_, kind: string, body: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(body, 'base64').toString()
        : decodeQuotedPrintable(body.replaceAll('_', ' ')),
    );
