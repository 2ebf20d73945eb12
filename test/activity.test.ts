/** The overview of the desk: how much happens, over time, on all accounts together. */
import { expect, test } from '@jest/globals';
import { useApp } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { onFlag, staffMember } from './support/staff.js';

const app = useApp();

async function counts(client: Client, period: string): Promise<Data[]> {
  const { activity } = await client.graphql(
    `query ($period: ActivityPeriod!) { activity(period: $period) {
       startsAt failures resetRequests resets flags { severity count } } }`,
    { period },
  );
  return activity as Data[];
}

const sum = (buckets: readonly Data[], field: string): number =>
  buckets.reduce((total, bucket) => total + Number(bucket[field]), 0);

test('failures, resets and flags are counted where they happened, whoever they concern', async () => {
  const rita = await staffMember(app(), 'reviewer');
  const ada = await app().person();
  await app().advance(3 * 3600);
  await rita.signsIn();
  const stranger = app().client();
  await stranger.call('signIn', { email: ada.email, password: 'not the password' });
  await stranger.call('signIn', { email: 'nobody@example.org', password: 'not the password' });
  await stranger.call('requestPasswordReset', { email: 'nobody@example.org' });
  await onFlag(rita.client, 'flagAccount', { accountId: await ada.accountId(), reason: 'MANUAL', severity: 'HIGH' });

  const day = await counts(rita.client, 'DAY');
  expect(day).toHaveLength(24);
  // The hour may have turned meanwhile.
  const now = day.slice(-2);
  expect([sum(now, 'failures'), sum(now, 'resetRequests'), sum(now, 'resets')]).toEqual([2, 1, 0]);
  expect(now.flatMap(({ flags }) => flags as Data[])).toEqual([{ severity: 'HIGH', count: 1 }]);
  expect(day[day.length - 3]).toMatchObject({ failures: 0, resetRequests: 0, resets: 0, flags: [] });

  const starts = day.map(({ startsAt }) => Date.parse(startsAt as string));
  expect(new Set(starts.slice(1).map((start, index) => start - (starts[index] ?? 0)))).toEqual(new Set([3_600_000]));
});

test('a week is counted by six hours and a month by the day', async () => {
  const rita = await staffMember(app(), 'reviewer');
  const ada = await app().person();
  await app().client().call('signIn', { email: ada.email, password: 'not the password' });
  const week = await counts(rita.client, 'WEEK');
  const month = await counts(rita.client, 'MONTH');
  expect(week).toHaveLength(28);
  expect(month).toHaveLength(30);
  expect(sum(month, 'failures')).toBe(sum(week, 'failures'));
  expect(sum(week, 'failures')).toBeGreaterThan(0);
});
