/** Whether a password is known from a breach elsewhere, asked without telling the password. */
import { createHash } from 'node:crypto';

/** The whole look-up, in milliseconds: a person is waiting, and an answer is a courtesy that may be missed. */
const DEADLINE_MS = 1_000;

/** A padded answer is about 100 kB; 2 MB is not an answer but an attack, or the wrong address. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

export type BreachStatus = 'breached' | 'clear' | 'unknown';

/**
 * Looks the password up in a range service of the Have I Been Pwned kind at `rangeUrl` (http or https, such as
 * `https://api.pwnedpasswords.com/range/`). Only five hex digits of its SHA-1 leave the process, and `Add-Padding` hides
 * from the wire how many answers there were. `unknown` when there is no usable answer within a second: a service that is
 * down must not stop people from choosing passwords, so let the password pass and log it. Never throws.
 */
export async function breachStatus(
  password: string,
  rangeUrl: string,
  fetcher: typeof fetch = fetch,
): Promise<BreachStatus> {
  const digest = createHash('sha1').update(password.normalize('NFC')).digest('hex').toUpperCase();
  try {
    const response = await fetcher(rangeAddress(rangeUrl, digest.slice(0, 5)), {
      headers: { 'Add-Padding': 'true', 'User-Agent': 'rekey' },
      // A redirect could lead anywhere, also into the network this process stands in.
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (response.status !== 200 || !response.body) return 'unknown';
    return statusIn(await readBounded(response.body), digest.slice(5));
  } catch {
    return 'unknown';
  }
}

function rangeAddress(rangeUrl: string, prefix: string): URL {
  const address = new URL(prefix, rangeUrl.endsWith('/') ? rangeUrl : `${rangeUrl}/`);
  if (address.protocol !== 'https:' && address.protocol !== 'http:') throw new TypeError('not an http address');
  return address;
}

/** Lines of `SUFFIX:COUNT`; padding has a count of 0. An answer without one such line is some other page. */
function statusIn(answer: string, suffix: string): BreachStatus {
  const counts = new Map<string, number>();
  for (const [, found, count] of answer.matchAll(/^([0-9A-F]{35}):(\d+)\s*$/gim)) {
    counts.set(String(found).toUpperCase(), Number(count));
  }
  if (counts.size === 0) return 'unknown';
  return (counts.get(suffix) ?? 0) > 0 ? 'breached' : 'clear';
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}
