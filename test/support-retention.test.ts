/** What people wrote to support is not kept for ever: it goes with its request, a fixed time after that was settled. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { verifyAudit } from '../src/audit/service.js';
import { rows } from '../src/base/database.js';
import { purgeRequests } from '../src/support-requests/retention.js';
import { useApp } from './support/app.js';
import type { Data } from './support/client.js';
import { newestToken, type Person } from './support/person.js';
import { staffMember, type StaffMember } from './support/staff.js';
import { untilWaiting } from './support/waiting.js';

const app = useApp();
const DAY = 86_400;
const KEPT = 90 * DAY;

const statuses = async (ids: readonly string[]): Promise<string[]> =>
  (
    await rows<{ status: string }>(
      app().ctx.db,
      sql`select status from support_requests where id in ${ids} order by created_at, id`,
    )
  ).map(({ status }) => status);

/** Files a request for the address and has it claimed. @returns its id. */
async function claimed(staff: StaffMember, email: string): Promise<string> {
  const words = { contact: 'new.mailbox@example.net', message: 'My dog ate the telephone.' };
  const { reference } = await app()
    .client()
    .call('requestManualReset', { email, ...words }, '... on RequestManualResetAccepted { reference }');
  const { supportRequests } = await staff.client.graphql(
    'query ($reference: String!) { supportRequests(filter: { reference: $reference }) { nodes { id } } }',
    { reference },
  );
  const supportRequestId = supportRequests.nodes[0].id as string;
  await staff.client.call('claimSupportRequest', { supportRequestId });
  return supportRequestId;
}

const decide = (staff: StaffMember, supportRequestId: string, input: Data): Promise<Data> =>
  staff.client.call('decideSupportRequest', { supportRequestId, note: 'Knew the last orders.', ...input });

describe('a settled request', () => {
  test('is forgotten with its words SUPPORT_RETENTION seconds after it was settled, however long it had waited', async () => {
    const [hanna, hugo] = [await staffMember(app(), 'support'), await staffMember(app(), 'support')];
    const people: Person[] = [];
    for (let n = 0; n < 5; n += 1) people.push(await app().person());
    const ids: string[] = [];
    for (const { email } of people) ids.push(await claimed(hanna, email));
    const [late, rejected, approved, cancelled, undecided] = ids as [string, string, string, string, string];
    await decide(hanna, rejected, { decision: 'REJECT' });
    await decide(hanna, approved, { decision: 'APPROVE' });
    await decide(hanna, cancelled, { decision: 'APPROVE', deliverTo: 'REQUEST_CONTACT' });
    await hugo.client.call('confirmSupportDecision', { supportRequestId: cancelled, confirm: true });
    const token = await newestToken(app(), people[3]?.email ?? '', 'cancel-reset');
    expect((await app().client().call('cancelManualReset', { token }))['__typename']).toBe('CancelManualResetSuccess');

    await app().advance(KEPT - 60);
    await app().work();
    expect(await statuses(ids)).toEqual(['CLAIMED', 'REJECTED', 'APPROVED', 'CANCELLED', 'CLAIMED']);
    await hanna.signsIn();
    await decide(hanna, late, { decision: 'REJECT' });
    await app().advance(120);
    await app().work();
    expect(await statuses(ids)).toEqual(['REJECTED', 'CLAIMED']);
    await app().advance(KEPT);
    await app().work();
    expect(await statuses(ids)).toEqual(['CLAIMED']);

    await hanna.signsIn();
    const seen = await hanna.client.graphql(
      'query ($one: ID!, $other: ID!) { one: supportRequest(id: $one) { id } other: supportRequest(id: $other) { message } }',
      { one: late, other: undecided },
    );
    expect(seen).toEqual({ one: null, other: { message: 'My dog ate the telephone.' } });
    expect((await verifyAudit(app().ctx)).fault).toBeNull();
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('that someone acts on in the moment when it would be forgotten is shown to them, and forgotten after that', async () => {
      const hanna = await staffMember(app(), 'support');
      const { email } = await app().person();
      const id = await claimed(hanna, email);
      await decide(hanna, id, { decision: 'REJECT' });
      await app().advance(KEPT + 60);
      await hanna.signsIn();
      const { late, purge } = await app().ctx.db.transaction(async (db) => {
        await db.execute(sql`set local idle_in_transaction_session_timeout = 0`);
        await db.execute(sql`select id from accounts where email = ${email} for update`);
        const late = hanna.client.call('claimSupportRequest', { supportRequestId: id });
        await untilWaiting(app(), 'select id, role, closed_at');
        const purge = purgeRequests(app().ctx);
        await Promise.race([purge, untilWaiting(app(), 'delete from support_requests')]);
        return { late, purge };
      });
      expect((await late)['__typename']).toBe('SupportRequestConflictProblem');
      await purge;
      expect(await statuses([id])).toEqual([]);
    });
  }
});
