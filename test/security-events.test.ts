/** The memory of what happened: kept by months, dropped when past its time, shown to who may see it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { addEvidence } from '../src/flagged-accounts/evidence.js';
import { raiseFlag } from '../src/flagged-accounts/raise.js';
import { maintainEvents } from '../src/security-events/partitions.js';
import { recordEvent } from '../src/security-events/service.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Data } from './support/client.js';
import { createTestDatabase } from './support/database.js';

const DAY = 86_400;
/** It has the marker that the start looks for, and nothing behind it. */
const damaged = join(mkdtempSync(join(tmpdir(), 'rekey-regions-')), 'regions.mmdb');
writeFileSync(damaged, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'));
afterAll(() => rmSync(dirname(damaged), { recursive: true, force: true }));
const app = useApp({ GEO_DATABASE: damaged });

async function alone(work: (own: App) => Promise<void>): Promise<void> {
  const database = await createTestDatabase();
  const own = await openApp({ EVENT_RETENTION: String(60 * DAY) }, database);
  try {
    await work(own);
  } finally {
    await own.close();
    await database.close();
  }
}

const months = async ({ ctx }: App): Promise<string[]> =>
  (
    await rows<{ name: string }>(
      ctx.db,
      sql`select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
          where inhparent = 'security_events'::regclass and relname ~ '_\\d{4}_\\d{2}$' order by relname`,
    )
  ).map(({ name }) => name);

describe('partitions', () => {
  test('are made ahead, one a month, however often the worker comes by', () =>
    alone(async (own) => {
      await maintainEvents(own.ctx);
      const before = await months(own);
      expect(before.length).toBeGreaterThanOrEqual(3);
      expect(await maintainEvents(own.ctx)).toEqual({ made: 0, dropped: 0 });
      await own.advance(32 * DAY);
      expect((await maintainEvents(own.ctx)).made).toBeGreaterThanOrEqual(1);
      expect((await months(own)).length).toBeGreaterThan(before.length);
    }));

  test('past their retention are dropped whole; what is younger stays, and so does what is being written', () =>
    alone(async (own) => {
      await recordEvent(own.ctx, 'signed_in', { accountId: 'acct_old' });
      await own.advance(50 * DAY);
      await maintainEvents(own.ctx);
      await recordEvent(own.ctx, 'signed_in', { accountId: 'acct_young' });
      await own.advance(50 * DAY);
      expect((await maintainEvents(own.ctx)).dropped).toBeGreaterThanOrEqual(1);
      await recordEvent(own.ctx, 'signed_in', { accountId: 'acct_new' });
      const left = await rows<{ account_id: string }>(
        own.ctx.db,
        sql`select account_id from security_events order by occurred_at`,
      );
      expect(left.map(({ account_id }) => account_id)).toEqual(['acct_young', 'acct_new']);
    }));

  test('what a flag keeps of them goes with them, but for its counts', () =>
    alone(async (own) => {
      const accountId = await (await own.person()).accountId();
      const { id } = await raiseFlag(own.ctx, { accountId, reason: 'MANUAL', severity: 'LOW', note: null, by: {} });
      for (const event of ['evt_old', 'evt_young']) {
        const counted = { id: event, at: (await own.advance(50 * DAY)).getTime(), accountId, network: '192.0.2.1' };
        await addEvidence(own.ctx, { max: 1, seconds: 1 }, [{ flagId: id, event: counted }]);
      }
      await own.advance(20 * DAY);
      await own.work();
      expect(
        await rows(own.ctx.db, sql`select event_id, (select event_count from account_flags) from flag_events`),
      ).toEqual([{ event_id: 'evt_young', event_count: 2 }]);
    }));

  test('an event that no month was made for is lost to nobody', () =>
    alone(async (own) => {
      await own.advance(400 * DAY);
      await recordEvent(own.ctx, 'signed_in', { accountId: 'acct_late' });
      await maintainEvents(own.ctx);
      expect(await rows(own.ctx.db, sql`select id from security_events where account_id = 'acct_late'`)).toHaveLength(
        1,
      );
    }));
});

describe('what its owner sees', () => {
  test('the latest first, each once over the pages, without what is only for the log', async () => {
    const ada = await app().person();
    const accountId = await ada.accountId();
    for (const kind of [
      'signed_in',
      'message_undeliverable',
      'manual_reset_requested',
      'second_factor_failed',
      'signed_in',
    ] as const) {
      await recordEvent(app().ctx, kind, { accountId });
    }
    const seen: Data[] = [];
    for (let after: string | null = null; ;) {
      const { viewer } = await ada.browser.graphql(
        'query ($after: String) { viewer { securityEvents(first: 2, after: $after) { nodes { id kind occurredAt byStaff device { summary ipAddress approximateLocation } } pageInfo { hasNextPage endCursor } } } }',
        { after },
      );
      seen.push(...viewer.securityEvents.nodes);
      if (!viewer.securityEvents.pageInfo.hasNextPage) break;
      after = viewer.securityEvents.pageInfo.endCursor;
    }
    expect(seen.slice(0, 3).map(({ kind }) => kind)).toEqual(['SIGNED_IN', 'SIGN_IN_FAILED', 'SIGNED_IN']);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    const times = seen.map(({ occurredAt }) => Date.parse(occurredAt));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    // The worker did those: no request, no device.
    expect(seen[0]?.['device']).toBeNull();
    expect(seen.find(({ device }) => device)?.['device']).toMatchObject({
      summary: 'Firefox on Linux',
      ipAddress: ada.browser.ip,
    });
  });

  test('a file of regions that is damaged takes nothing else down', async () => {
    const ada = await app().person();
    const { viewer } = await ada.browser.graphql(
      '{ viewer { securityEvents { nodes { device { approximateLocation } } } } }',
    );
    expect(viewer.securityEvents.nodes.length).toBeGreaterThan(0);
    expect(viewer.securityEvents.nodes.every(({ device }: Data) => !device?.approximateLocation)).toBe(true);
  });
});
