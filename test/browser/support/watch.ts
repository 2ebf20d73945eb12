/** What may never happen, whatever a test does: it is watched for in every window of every test. */
import { readFileSync } from 'node:fs';
import type { BrowserContext } from 'playwright-core';
import type { Letter } from './world.js';

export interface Watch {
  /** Looks at every window of this device from now on. */
  over(device: BrowserContext): void;
  /** What was seen so far, in words. */
  readonly seen: readonly string[];
}

const manifest = new URL('../../../src/web/generated/persisted-documents.json', import.meta.url);
/** What the pages say that they ever send, by hash. */
const trusted = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, string>;
const nameOf = (document = '') => /(?:query|mutation) (\w+)/.exec(document)?.[1];

/**
 * Sees scripts that fail, anything the content security policy had to stop, requests to anyone but the program, and
 * operations that are not in the manifest of trusted documents.
 */
export function startWatch(url: string): Watch {
  const seen: string[] = [];
  return {
    seen,
    over(device) {
      device.on('weberror', (error) => seen.push(`a script failed: ${error.error().stack}`));
      device.on('console', (message) => {
        if (/content security policy/i.test(message.text())) seen.push(`the policy stopped: ${message.text()}`);
      });
      device.on('request', (request) => {
        const isOwn = request.url().startsWith(`${url}/`) || /^(?:blob|data):/.test(request.url());
        if (!isOwn) seen.push(`a request to a stranger: ${request.url()}`);
        if (request.url() === `${url}/graphql`) {
          const { documentId, query } = JSON.parse(request.postData() ?? '{}') as Record<string, string>;
          const isTrusted = nameOf(trusted[documentId ?? '']) === nameOf(query);
          if (!isTrusted) seen.push(`an operation that is not the manifest's ${documentId}: ${nameOf(query)}`);
        }
        const referrer = request.headers()['referer'];
        if (referrer) seen.push(`a referrer: ${referrer}`);
      });
    },
  };
}

/** The secrets of letters that stand in what the program wrote: there must be none. */
export const leaked = (letters: readonly Letter[], output: string): string[] =>
  letters
    .flatMap(({ text }) => [...text.matchAll(/#([\w.-]{16,})/g)].map((match) => match[1] as string))
    .filter((token) => output.includes(token))
    .map((token) => `a token in the log: ${token.slice(0, 4)}…`);
