/**
 * The mailbox of development and test: a file that takes the place of mail server and SMS provider. JSON Lines, so
 * that a separate worker process writes to it too, and nothing of a letter lies in the database in clear.
 */
import { mkdir, open, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A message as `/mailbox.json` shows it. */
export interface MailboxMessage {
  readonly id: string;
  readonly channel: 'EMAIL' | 'SMS';
  /** One bare address, or a number in E.164. */
  readonly to: string;
  /** Null for SMS. */
  readonly subject: string | null;
  readonly text: string;
  /** Null for SMS. */
  readonly html: string | null;
  /** RFC 3339, UTC: when it was written here. */
  readonly sentAt: string;
}

export interface Mailbox {
  /** Adds a message by one write at the end of the file, which any number of processes may do at once. */
  append(message: Omit<MailboxMessage, 'sentAt'>): Promise<void>;
  /**
   * The newest messages first, at most 1000 of them, and at most what the last 16 MiB of the file hold. A message
   * that was delivered twice (delivery is at least once) is listed once, as it came first. Lines cut off by a crash
   * are passed over. No file means no messages.
   */
  list(): Promise<MailboxMessage[]>;
  /** Forgets everything. */
  empty(): Promise<void>;
}

const MOST_LISTED = 1000;
const MOST_BYTES_READ = 16 * 1024 * 1024;

/** Opens the mailbox kept in `file`. The file is made at the first message, readable by its owner only (0600). */
export function openMailbox(file: string): Mailbox {
  return {
    append: (message) => append(file, { ...message, sentAt: new Date().toISOString() }),
    list: async () => newestFirst(await readEnd(file)),
    empty: () => truncate(file, 0).catch(unlessMissing),
  };
}

async function append(file: string, { id, channel, to, subject, text, html, sentAt }: MailboxMessage): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    // The mode above counts only for a new file.
    await handle.chmod(0o600);
    // The line feed in front ends a line that a crash left open, so that this message is not lost with it.
    const entry = Buffer.from(`\n${JSON.stringify({ id, channel, to, subject, text, html, sentAt })}\n`);
    const { bytesWritten } = await handle.write(entry);
    if (bytesWritten < entry.length) throw new Error('The mailbox file could not be written: is the disk full?');
  } finally {
    await handle.close();
  }
}

async function readEnd(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(unlessMissing);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - MOST_BYTES_READ);
    const bytes = Buffer.alloc(size - start);
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.toString('utf8', 0, read);
  } finally {
    await handle.close();
  }
}

function newestFirst(lines: string): MailboxMessage[] {
  const messages = new Map<string, MailboxMessage>();
  for (const line of lines.split('\n')) {
    const message = parseLine(line);
    if (message && !messages.has(message.id)) messages.set(message.id, message);
  }
  return [...messages.values()].slice(-MOST_LISTED).reverse();
}

function parseLine(line: string): MailboxMessage | null {
  if (line === '') return null;
  try {
    const message = JSON.parse(line) as Partial<MailboxMessage> | null;
    return typeof message?.id === 'string' && typeof message.text === 'string' ? (message as MailboxMessage) : null;
  } catch {
    return null;
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
