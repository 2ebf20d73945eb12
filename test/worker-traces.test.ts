/** What the worker does is seen from outside as requests are: each letter and each run of a job is a trace, of no one. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useApp } from './support/app.js';
import { factsOf, tracesDuring, type SeenSpan } from './support/traces.js';

const app = useApp({ SMS_COUNTRY_PREFIXES: '+47' });
const CLIENT = 3;
const FAILED = 2;

const named = (spans: readonly SeenSpan[], name: string): SeenSpan => {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span "${name}" among ${[...new Set(spans.map((span) => span.name))].join(', ')}`);
  return found;
};
const below = (spans: readonly SeenSpan[], parent: SeenSpan): string[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId).map(({ name }) => name);

describe('the traces of the worker', () => {
  test('show a letter from its row to the mail server, and the rules that judged what asked for it', async () => {
    const ada = await app().person({ displayName: 'Adelaide' });
    const id = await ada.accountId();
    await ada.asksForReset();
    const { spans, text } = await tracesDuring(() => app().work());

    const letter = named(spans, 'deliver password_reset');
    expect(letter.parentSpanId).toBeUndefined();
    expect(factsOf(letter)).toEqual({
      'rekey.message': 'password_reset',
      'rekey.attempts': '1',
      'rekey.outcome': 'sent',
    });
    const sent = named(spans, 'send EMAIL');
    expect(sent).toMatchObject({ kind: CLIENT, traceId: letter.traceId, parentSpanId: letter.spanId });
    expect(below(spans, letter)).toEqual(expect.arrayContaining(['postgresql insert', 'postgresql update']));

    const judged = spans.filter(({ name }) => name === 'job judge');
    expect(judged.map((span) => factsOf(span)['rekey.done'])).toContain('1');
    expect(new Set(judged.map(({ traceId }) => traceId)).size).toBe(judged.length);
    for (const name of ['outbox claim', 'job release', 'job remind', 'job partitions', 'job erase', 'job purge']) {
      expect(named(spans, name).status.code).toBe(0);
    }
    const statements = spans.filter(({ name }) => name.startsWith('postgresql '));
    expect(statements.filter(({ parentSpanId }) => parentSpanId === undefined)).toEqual([]);

    const token = await ada.nextToken('reset-password');
    for (const personal of [ada.email, 'Adelaide', id, ada.browser.ip, token.split('.')[1]]) {
      expect(text).not.toContain(personal);
    }
  });

  test('mark what failed: a job that the database refused, and a letter that was of no use any more', async () => {
    const ada = await app().person();
    await ada.asksForReset();
    await app().advance(3600);
    const late = await tracesDuring(() => app().work());
    const letter = named(late.spans, 'deliver password_reset');
    expect([letter.status.code, factsOf(letter)['rekey.outcome']]).toEqual([FAILED, 'given up']);

    const { db } = app().ctx;
    await db.execute(sql`alter table support_requests rename to elsewhere`);
    try {
      const { spans } = await tracesDuring(() => expect(app().work()).rejects.toThrow());
      expect(named(spans, 'job release').status.code).toBe(FAILED);
    } finally {
      await db.execute(sql`alter table elsewhere rename to support_requests`);
    }
  });
});
