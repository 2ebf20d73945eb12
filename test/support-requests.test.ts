/** People ask people for a reset; the desk decides within a day, two of them where it matters, and the owner can stop it. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { newId } from '../src/base/secrets.js';
import { releaseDueHolds } from '../src/support-requests/hold.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { createTestDatabase } from './support/database.js';
import { addPhone, addTotp, newNumber } from './support/factors.js';
import { newestToken, OTHER_PASSWORD, type Person } from './support/person.js';
import { staffMember, type StaffMember } from './support/staff.js';

const STAFF_MAILBOX = 'desk@example.org';
const app = useApp({ STAFF_MAILBOX });
const onPostgres = !!process.env['TEST_DATABASE_URL'];
const HOUR = 3600;

const staffOf = new Map<string, StaffMember>();
async function desk(name: string, role: 'support' | 'reviewer' = 'support'): Promise<StaffMember> {
  const known = staffOf.get(name);
  if (known) await known.signsIn();
  const member = known ?? (await staffMember(app(), role));
  staffOf.set(name, member);
  return member;
}

const REQUEST = `supportRequest { id reference status claimedEmail account { id } contact message isOverdue dueAt releasedAt
  deliverTo removesSecondFactors claimedBy { id } resolution { decision note decidedBy { id } } }`;
const step = (client: Client, mutation: string, input: Data): Promise<Data> =>
  client.call(
    mutation,
    input,
    `... on ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Success { ${REQUEST} }
     ... on SupportRequestConflictProblem { ${REQUEST} } ${mutation === 'decideSupportRequest' ? '... on ChannelUnavailableProblem { availableChannels }' : ''}`,
  );

const ask = (email: string, more: Data = {}, client = app().client()): Promise<Data> =>
  client.call(
    'requestManualReset',
    { email, ...more },
    '... on RequestManualResetAccepted { reference dueAt } ... on InvalidInputProblem { fields { path } }',
  );

async function requestOf(member: StaffMember, reference: string): Promise<Data> {
  const { supportRequests } = await member.client.graphql(
    `query ($filter: SupportRequestFilter) { supportRequests(filter: $filter) { nodes { id status isOverdue account { id } contact message claimedEmail releasedAt resolution { decision } } } }`,
    { filter: { reference } },
  );
  return supportRequests.nodes[0] as Data;
}

/** A request in the hands of a staff member. */
async function claimed(member: StaffMember, person: Person, more: Data = {}): Promise<string> {
  const { reference } = await ask(person.email, more);
  const { id } = await requestOf(member, reference as string);
  expect(await step(member.client, 'claimSupportRequest', { supportRequestId: id })).toMatchObject({
    supportRequest: { status: 'CLAIMED', claimedBy: { id: member.id } },
  });
  return id as string;
}

const APPROVE = { decision: 'APPROVE', note: 'Knew the last three orders.' };
/** The newest letter to a recipient whose subject is so. Several that leave at once arrive in any order. */
const letterTo = async (recipient: string, subject: RegExp) =>
  (await app().mailTo(recipient)).find((message) => subject.test(message.subject ?? ''));
const linkCount = async (recipient: string): Promise<number> =>
  (await app().mailTo(recipient)).filter(({ text }) => text.includes('/reset-password#')).length;

describe('asking', () => {
  test('R-116: the answer is the same for a known, an unknown and a locked address, and a row is written for each', async () => {
    const ada = await app().person();
    const locked = await app().person();
    await app().ctx.db.execute(
      sql`update accounts set locked_at = now(), lock_reason = 'ABUSE' where id = ${await locked.accountId()}`,
    );
    const answers = [];
    for (const email of [ada.email, locked.email, `nobody.${process.pid}@example.org`]) {
      const client = app().client();
      const { status, text } = await client.send(
        'mutation ($input: RequestManualResetInput!) { requestManualReset(input: $input) { __typename ... on RequestManualResetAccepted { reference dueAt } } }',
        { input: { email } },
      );
      answers.push([status, text.replace(/[0-9A-Z]{4}-[0-9A-Z]{4}/, 'REF').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'DUE')]);
      const filed = await rows(app().ctx.db, sql`select 1 as x from support_requests where claimed_email = ${email}`);
      expect(filed).toHaveLength(1);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  test('it will be decided within 24 hours, and the owner hears of it', async () => {
    const ada = await app().person();
    const now = await app().advance(0);
    const { reference, dueAt } = await ask(ada.email);
    expect(reference).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(Math.abs(Date.parse(dueAt as string) - now.getTime() - 24 * HOUR * 1000)).toBeLessThan(60_000);
    const letter = await letterTo(ada.email, /received your request/);
    expect(letter?.text).toContain(reference);
    expect(letter?.text).not.toContain('#');
  });

  test('R-116: text is kept as plain text within its bounds: markup and formulas as they are, hidden characters gone', async () => {
    const helper = await desk('hanna');
    const ada = await app().person();
    const message = "<script>alert(1)</script>\n=cmd()|' /C calc'!A1\u202Eev\u200F\u200Bil\u0000";
    const { reference } = await ask(ada.email, { contact: '+47 900 00 000', message });
    expect(await requestOf(helper, reference as string)).toMatchObject({
      contact: '+47 900 00 000',
      message: "<script>alert(1)</script>\n=cmd()|' /C calc'!A1evil",
    });
    for (const [field, wrong] of [
      ['message', 'x'.repeat(2001)],
      ['contact', 'x'.repeat(201)],
      ['message', '\ud800 alone'],
      ['email', 'two@a.example, b@b.example'],
      ['email', 'a@b'],
    ] as const) {
      expect(await ask(ada.email, { [field]: wrong })).toMatchObject({
        code: 'INVALID_INPUT',
        fields: [{ path: ['input', field] }],
      });
    }
    expect(await ask(ada.email, { message: '\u{1F600}'.repeat(2000), contact: '' })).toMatchObject({
      __typename: 'RequestManualResetAccepted',
    });
  });

  test('beyond the limit for one address the answer is the same, the event is counted, and nothing more is filed or sent', async () => {
    const email = `flood.${process.pid}@example.org`;
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push(await ask(email));
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(['RequestManualResetAccepted']));
    const [counts] = await rows<{ filed: number; events: number }>(
      app().ctx.db,
      sql`select (select count(*)::int from support_requests where email_key = ${email}) as filed,
        (select count(*)::int from security_events where email_key = ${email} and kind = 'manual_reset_requested') as events`,
    );
    expect(counts).toEqual({ filed: 3, events: 6 });
  });
});

describe('a link to a channel that the owner verified', () => {
  test('one staff member decides, the link goes out at once to the owner alone, and the factors stay', async () => {
    const helper = await desk('hanna');
    const ada = await app().person();
    await addTotp(app(), ada);
    await helper.signsIn();
    const id = await claimed(helper, ada, { contact: 'thief@example.net' });
    const outcome = await step(helper.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE });
    expect(outcome).toMatchObject({
      supportRequest: {
        status: 'APPROVED',
        resolution: { ...APPROVE, decidedBy: { id: helper.id } },
        releasedAt: null,
      },
    });
    expect(JSON.stringify(outcome)).not.toMatch(/prst_/);
    expect(await linkCount(ada.email)).toBe(1);
    expect(await linkCount('thief@example.net')).toBe(0);
    const token = await ada.nextToken('reset-password');
    expect(await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD })).toMatchObject({
      __typename: 'SecondFactorChallenge',
    });
    const decided = (await app().mailTo(ada.email)).map(({ subject }) => subject);
    expect(decided).toEqual(expect.arrayContaining([expect.stringMatching(/reset of your password was approved/)]));
  });

  test('by SMS where the number is verified and old enough; where nothing is verified, the channels that would work', async () => {
    const helper = await desk('hanna');
    const ada = await app().person();
    const id = await claimed(helper, ada);
    expect(
      await step(helper.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE, deliverTo: 'SMS' }),
    ).toMatchObject({ code: 'CHANNEL_UNAVAILABLE', availableChannels: ['EMAIL'] });
    const number = newNumber();
    await addPhone(app(), ada, number);
    await app().advance(24 * HOUR + 1);
    await helper.signsIn();
    expect(
      await step(helper.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE, deliverTo: 'SMS' }),
    ).toMatchObject({ supportRequest: { status: 'APPROVED' } });
    expect(await linkCount(number)).toBe(1);
  });

  test('approving needs a note; rejecting does not, changes nothing, and is told', async () => {
    const helper = await desk('hanna');
    const ada = await app().person();
    const id = await claimed(helper, ada);
    for (const note of [undefined, ' ', 'x'.repeat(2001)]) {
      expect(
        await step(helper.client, 'decideSupportRequest', { supportRequestId: id, decision: 'APPROVE', note }),
      ).toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(
      await step(helper.client, 'decideSupportRequest', { supportRequestId: id, decision: 'REJECT' }),
    ).toMatchObject({ supportRequest: { status: 'REJECTED', resolution: { decision: 'REJECT' } } });
    expect(await linkCount(ada.email)).toBe(0);
    expect(await letterTo(ada.email, /declined/)).toBeDefined();
    expect((await ada.browser.graphql('{ viewer { id } }'))['viewer']).not.toBeNull();
  });

  test('a request for an address that nobody has can only be rejected', async () => {
    const helper = await desk('hanna');
    const { reference } = await ask(`ghost.${process.pid}@example.org`);
    const { id, account } = await requestOf(helper, reference as string);
    expect(account).toBeNull();
    await step(helper.client, 'claimSupportRequest', { supportRequestId: id });
    expect(await step(helper.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE })).toMatchObject({
      code: 'CHANNEL_UNAVAILABLE',
      availableChannels: [],
    });
    expect(
      await step(helper.client, 'decideSupportRequest', { supportRequestId: id, decision: 'REJECT' }),
    ).toMatchObject({ supportRequest: { status: 'REJECTED' } });
  });

  test('only who has claimed it decides; twice is once (R-117)', async () => {
    const [hanna, hugo] = [await desk('hanna'), await desk('hugo')];
    await hanna.signsIn();
    const ada = await app().person();
    const { reference } = await ask(ada.email);
    const { id } = await requestOf(hanna, reference as string);
    expect(await step(hanna.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE })).toMatchObject({
      code: 'CONFLICT',
      supportRequest: { status: 'OPEN' },
    });
    await step(hanna.client, 'claimSupportRequest', { supportRequestId: id });
    expect(await step(hanna.client, 'claimSupportRequest', { supportRequestId: id })).toMatchObject({
      __typename: 'ClaimSupportRequestSuccess',
    });
    await hugo.signsIn();
    expect(await step(hugo.client, 'claimSupportRequest', { supportRequestId: id })).toMatchObject({
      code: 'CONFLICT',
      supportRequest: { claimedBy: { id: hanna.id } },
    });
    expect(await step(hugo.client, 'decideSupportRequest', { supportRequestId: id, decision: 'REJECT' })).toMatchObject(
      { code: 'CONFLICT' },
    );
    await hanna.signsIn();
    await step(hanna.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE });
    expect(
      await step(hanna.client, 'decideSupportRequest', { supportRequestId: id, decision: 'REJECT' }),
    ).toMatchObject({ code: 'CONFLICT', supportRequest: { status: 'APPROVED' } });
    for (const unknown of [newId('supp'), 'supp_1', '']) {
      expect(await step(hanna.client, 'claimSupportRequest', { supportRequestId: unknown })).toMatchObject({
        code: 'NOT_FOUND',
      });
      expect(
        await step(hanna.client, 'confirmSupportDecision', { supportRequestId: unknown, confirm: true }),
      ).toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('a link to a contact never verified', () => {
  /** As far as a confirmed hold: approved by one, confirmed by another. */
  async function onHold(more: Data = {}, contact = `new.${newNumber().slice(1)}@example.net`) {
    const [hanna, hugo] = [await desk('hanna'), await desk('hugo')];
    await hanna.signsIn();
    const ada = await app().person();
    const id = await claimed(hanna, ada, { contact });
    const decided = await step(hanna.client, 'decideSupportRequest', {
      supportRequestId: id,
      ...APPROVE,
      deliverTo: 'REQUEST_CONTACT',
      ...more,
    });
    expect(decided).toMatchObject({ supportRequest: { status: 'AWAITING_CONFIRMATION' } });
    await hugo.signsIn();
    const confirmed = await step(hugo.client, 'confirmSupportDecision', {
      supportRequestId: id,
      confirm: true,
      note: 'Called back.',
    });
    expect(confirmed).toMatchObject({
      supportRequest: { status: 'ON_HOLD', deliverTo: more['deliverTo'] ?? 'REQUEST_CONTACT' },
    });
    return { ada, id, contact, hanna, hugo };
  }

  test('R-113, R-115: two people, a notice to every known channel, a hold, and only then the link', async () => {
    const { ada, id, contact, hugo } = await onHold();
    expect(await linkCount(contact)).toBe(0);
    const notice = await letterTo(ada.email, /about to happen/);
    expect(notice?.text).toMatch(/\/cancel-reset#cancel_/);
    expect(notice?.text).toContain(`${contact[0]}•••@example.net`);
    await app().advance(12 * HOUR - 60);
    expect(await linkCount(contact)).toBe(0);
    await app().advance(61);
    expect(await linkCount(contact)).toBe(1);
    expect(await linkCount(ada.email)).toBe(0);
    await hugo.signsIn();
    const { supportRequest } = await hugo.client.graphql(
      `query ($id: ID!) { ${REQUEST.replace('supportRequest {', 'supportRequest(id: $id) {')} }`,
      { id },
    );
    expect(supportRequest).toMatchObject({ status: 'APPROVED', releasedAt: null });
    const token = await newestToken(app(), contact, 'reset-password');
    expect(await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD })).toMatchObject({
      __typename: 'CompletePasswordResetSuccess',
    });
  });

  test('R-115: where no notice could go out before the hold was over, the hold begins anew', async () => {
    const { ada, contact } = await onHold();
    await app().advance(12 * HOUR + 1);
    expect(await linkCount(contact)).toBe(0);
    const notice = await letterTo(ada.email, /about to happen/);
    expect(notice?.text).toMatch(/\/cancel-reset#cancel_/);
    await app().advance(12 * HOUR - 60);
    expect(await linkCount(contact)).toBe(0);
    await app().advance(61);
    expect(await linkCount(contact)).toBe(1);
  });

  test('R-115: a notice that went out late leaves its readers half of the hold', async () => {
    const { ada, contact } = await onHold();
    await app().advance(12 * HOUR - 300);
    expect(await letterTo(ada.email, /about to happen/)).toBeDefined();
    await app().advance(6 * HOUR - 60);
    expect(await linkCount(contact)).toBe(0);
    await app().advance(61);
    expect(await linkCount(contact)).toBe(1);
  });

  test('R-115: the link of a late notice works while the hold goes on', async () => {
    const { ada, contact } = await onHold();
    await app().advance(12 * HOUR - 300);
    const token = await newestToken(app(), ada.email, 'cancel-reset');
    await app().advance(6 * HOUR - 60);
    await app().work();
    expect(await app().client().call('cancelManualReset', { token })).toMatchObject({
      __typename: 'CancelManualResetSuccess',
    });
    await app().advance(61);
    expect(await linkCount(contact)).toBe(0);
  });

  test('R-115: of two holds on one account each waits for its own notice', async () => {
    const { ada, contact, hanna, hugo } = await onHold();
    await app().work();
    await app().advance(12 * HOUR - 60);
    await hanna.signsIn();
    const other = `other.${newNumber().slice(1)}@example.net`;
    const id = await claimed(hanna, ada, { contact: other });
    const decision = { supportRequestId: id, ...APPROVE, deliverTo: 'REQUEST_CONTACT' };
    await step(hanna.client, 'decideSupportRequest', decision);
    await hugo.signsIn();
    await step(hugo.client, 'confirmSupportDecision', { supportRequestId: id, confirm: true });
    await app().advance(61);
    await releaseDueHolds(app().ctx);
    expect(await linkCount(contact)).toBe(1);
    expect(await linkCount(other)).toBe(0);
  });

  test('R-115: a hold whose notices never go out never ends, and the audit says how often it began anew', async () => {
    const { ada, id, contact } = await onHold();
    const token = await newestToken(app(), ada.email, 'cancel-reset');
    const { db } = app().ctx;
    // As with a mail server that was away all the while: nothing is delivered while only this job runs.
    await db.execute(sql`update outbox set done_at = null, sent_parts = 0 where message = 'manual_reset_hold'`);
    for (let hold = 1; hold <= 5; hold += 1) {
      await app().advance(12 * HOUR + 1);
      await releaseDueHolds(app().ctx);
    }
    const renewals = sql`select action from audit_entries where details->>'supportRequestId' = ${id} and action like '%Hold'`;
    expect(await rows(db, renewals)).toEqual(Array.from({ length: 5 }, () => ({ action: 'renewManualResetHold' })));
    expect(await linkCount(contact)).toBe(0);
    expect(await app().client().call('cancelManualReset', { token })).toMatchObject({
      __typename: 'CancelManualResetSuccess',
    });
  });

  test('R-115: the owner stops it with the link from any notice, once; nothing of the account was changed', async () => {
    const { ada, contact } = await onHold();
    const token = await newestToken(app(), ada.email, 'cancel-reset');
    await app().advance(11 * HOUR);
    const cancel = (client = app().client()) =>
      client.call('cancelManualReset', { token }, '... on CancelManualResetSuccess { cancelledAt }');
    expect(await cancel()).toMatchObject({ __typename: 'CancelManualResetSuccess' });
    expect(await cancel()).toMatchObject({ code: 'TOKEN_INVALID' });
    await app().advance(2 * HOUR);
    expect(await linkCount(contact)).toBe(0);
    await ada.signsInElsewhere();
  });

  test('too late, forged, cut and foreign tokens are alike', async () => {
    const { ada } = await onHold();
    const token = await newestToken(app(), ada.email, 'cancel-reset');
    await app().advance(12 * HOUR + 1);
    for (const wrong of [
      token,
      `${token.slice(0, -1)}_`,
      token.slice(0, 40),
      '',
      'cancel_x.y',
      `${newId('cancel')}.${'a'.repeat(43)}`,
    ]) {
      expect(await app().client().call('cancelManualReset', { token: wrong })).toMatchObject({ code: 'TOKEN_INVALID' });
    }
  });

  test('taking the second factors off needs the second person and the hold, wherever the link goes', async () => {
    const { ada, contact } = await onHold({ deliverTo: 'EMAIL', removeSecondFactors: true });
    const notice = await letterTo(ada.email, /about to happen/);
    expect(notice?.text).toMatch(/second factors are taken off/);
    await app().advance(12 * HOUR + 1);
    expect(await linkCount(contact)).toBe(0);
    expect(await linkCount(ada.email)).toBe(1);
  });

  test('a person who lost the second factors comes back without them', async () => {
    const [hanna, hugo] = [await desk('hanna'), await desk('hugo')];
    const ada = await app().person();
    await addTotp(app(), ada);
    await hanna.signsIn();
    const id = await claimed(hanna, ada);
    await step(hanna.client, 'decideSupportRequest', { supportRequestId: id, ...APPROVE, removeSecondFactors: true });
    await hugo.signsIn();
    await step(hugo.client, 'confirmSupportDecision', { supportRequestId: id, confirm: true });
    await app().work();
    await app().advance(12 * HOUR + 1);
    const token = await ada.nextToken('reset-password');
    expect(await app().client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD })).toMatchObject({
      __typename: 'CompletePasswordResetSuccess',
    });
    ada.password = OTHER_PASSWORD;
    const back = await ada.signsInElsewhere();
    expect((await back.graphql('{ viewer { secondFactors { id } } }'))['viewer'].secondFactors).toEqual([]);
  });

  test('R-113: whoever approved it does not confirm it', async () => {
    const hanna = await desk('hanna');
    const ada = await app().person();
    const id = await claimed(hanna, ada, { contact: 'new@example.net' });
    await step(hanna.client, 'decideSupportRequest', {
      supportRequestId: id,
      ...APPROVE,
      deliverTo: 'REQUEST_CONTACT',
    });
    for (const confirm of [true, false]) {
      expect(await step(hanna.client, 'confirmSupportDecision', { supportRequestId: id, confirm })).toMatchObject({
        code: 'CONFLICT',
        supportRequest: { status: 'AWAITING_CONFIRMATION' },
      });
    }
    await expect(
      app().ctx.db.execute(sql`update support_requests set confirmed_by = decided_by where id = ${id}`),
    ).rejects.toThrow();
  });

  test('the second person says no: rejected, with their reason', async () => {
    const [hanna, hugo] = [await desk('hanna'), await desk('hugo')];
    await hanna.signsIn();
    const id = await claimed(hanna, await app().person(), { contact: 'new@example.net' });
    await step(hanna.client, 'decideSupportRequest', {
      supportRequestId: id,
      ...APPROVE,
      deliverTo: 'REQUEST_CONTACT',
    });
    await hugo.signsIn();
    expect(
      await step(hugo.client, 'confirmSupportDecision', { supportRequestId: id, confirm: false, note: 'No answer.' }),
    ).toMatchObject({
      supportRequest: {
        status: 'REJECTED',
        resolution: { decision: 'REJECT', note: 'No answer.', decidedBy: { id: hugo.id } },
      },
    });
    expect(await step(hugo.client, 'confirmSupportDecision', { supportRequestId: id, confirm: true })).toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('a contact that nothing can be sent to', async () => {
    const hanna = await desk('hanna');
    for (const contact of ['the blue door', null, 'a@b, c@d.example', '+1 900 555 0100']) {
      const ada = await app().person();
      const id = await claimed(hanna, ada, { contact });
      expect(
        await step(hanna.client, 'decideSupportRequest', {
          supportRequestId: id,
          ...APPROVE,
          deliverTo: 'REQUEST_CONTACT',
        }),
      ).toMatchObject({ code: 'CHANNEL_UNAVAILABLE', availableChannels: ['EMAIL'] });
    }
  });

  test('what the owner does meanwhile voids the hold: a changed password, and a lock', async () => {
    const changed = await onHold();
    expect(
      await changed.ada.browser.call('changePassword', {
        currentPassword: changed.ada.password,
        newPassword: OTHER_PASSWORD,
      }),
    ).toMatchObject({ __typename: 'ChangePasswordSuccess' });
    const locked = await onHold();
    await app().ctx.db.execute(
      sql`update accounts set locked_at = now(), lock_reason = 'ABUSE' where id = ${await locked.ada.accountId()}`,
    );
    await app().work();
    await app().advance(12 * HOUR + 1);
    expect([await linkCount(changed.contact), await linkCount(locked.contact)]).toEqual([0, 0]);
    const states = await rows<{ status: string }>(
      app().ctx.db,
      sql`select status from support_requests where id in (${changed.id}, ${locked.id})`,
    );
    expect(states.map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('R-114: nobody decides on themselves, nor on an equal or higher role', async () => {
    const [hanna, hugo, rita] = [await desk('hanna'), await desk('hugo'), await desk('rita', 'reviewer')];
    for (const subject of [hanna, hugo, rita]) {
      await hanna.signsIn();
      const { reference } = await ask(subject.person.email);
      const { id } = await requestOf(hanna, reference as string);
      const { body } = await hanna.client.send(
        'mutation ($input: ClaimSupportRequestInput!) { claimSupportRequest(input: $input) { __typename } }',
        { input: { supportRequestId: id } },
      );
      expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
  });

  if (onPostgres) {
    test('one person as both approvers, from twenty windows at once: refused (R-113)', async () => {
      const hanna = await desk('hanna');
      const id = await claimed(hanna, await app().person(), { contact: 'new@example.net' });
      const input = { supportRequestId: id, ...APPROVE, deliverTo: 'REQUEST_CONTACT' };
      const steps = Array.from({ length: 20 }, (_, n) =>
        n % 2
          ? step(hanna.client, 'decideSupportRequest', input)
          : step(hanna.client, 'confirmSupportDecision', { supportRequestId: id, confirm: true }),
      );
      const outcomes = await Promise.all(steps);
      expect(outcomes.filter(({ __typename }) => __typename === 'ConfirmSupportDecisionSuccess')).toEqual([]);
      expect(outcomes.filter(({ __typename }) => __typename === 'DecideSupportRequestSuccess')).toHaveLength(1);
    });

    test('two staff members decide one request at once: exactly one link, or none (R-117)', async () => {
      const hanna = await desk('hanna');
      const ada = await app().person();
      const id = await claimed(hanna, ada);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          step(hanna.client, 'decideSupportRequest', {
            supportRequestId: id,
            ...APPROVE,
            decision: n % 2 ? 'APPROVE' : 'REJECT',
          }),
        ),
      );
      const won = outcomes.filter(({ __typename }) => __typename === 'DecideSupportRequestSuccess');
      expect(won).toHaveLength(1);
      expect(await linkCount(ada.email)).toBe(won[0]?.['supportRequest'].status === 'APPROVED' ? 1 : 0);
    });

    test('the owner cancels while workers release: either the link is out or it is cancelled, never both', async () => {
      const database = await createTestDatabase();
      const own = await openApp({}, database);
      try {
        await seedHolds(own, 40);
        const ids = await rows<{ id: string }>(own.ctx.db, sql`select id from support_requests order by id`);
        const cancel = ({ id }: { id: string }) =>
          own.ctx.db.execute(
            sql`update support_requests set status = 'CANCELLED', cancelled_at = now() where id = ${id} and status = 'ON_HOLD'`,
          );
        await Promise.all([...[1, 2, 3].map(() => releaseDueHolds(own.ctx)), ...ids.slice(0, 20).map(cancel)]);
        while ((await releaseDueHolds(own.ctx)) > 0);
        const [counts] = await rows<{ approved: number; links: number; left: number }>(
          own.ctx.db,
          sql`select (select count(*)::int from support_requests where status = 'APPROVED') as approved,
            (select count(*)::int from password_resets) as links, (select count(*)::int from support_requests where status = 'ON_HOLD') as left`,
        );
        expect(counts?.left).toBe(0);
        expect(counts?.links).toBe(counts?.approved);
      } finally {
        await own.close();
        await database.close();
      }
    });
  }

  const seedHolds = async (own: App, count: number): Promise<void> => {
    await own.ctx.db.execute(sql`insert into accounts (id, email, email_key, sessions_valid_after, created_at)
      select 'acct_h' || n, 'h' || n || '@x.example', 'h' || n || '@x.example', now(), now() from generate_series(1, ${count}::int) n`);
    await own.ctx.db.execute(sql`with notice as (
        insert into outbox (message, payload, priority, created_at, available_at, expires_at, done_at)
        values ('manual_reset_hold', '{}', 0, now() - interval '1 day', now(), now(), now() - interval '1 day') returning id
      )
      insert into support_requests (id, reference, status, claimed_email, email_key, contact, network, created_at, due_at,
        decision, decided_at, decided_by, account_id, account_epoch, deliver_to, confirmed_by, confirmed_at, released_at,
        hold_notice_id)
      select 'supp_h' || n, 'R' || n, 'ON_HOLD', 'h' || n || '@x.example', 'h' || n || '@x.example', 'c' || n || '@x.example', 'n', now(), now(),
        'APPROVE', now(), 'acct_a', 'acct_h' || n, 1, 'REQUEST_CONTACT', 'acct_b', now(), now() - interval '1 second', notice.id
      from generate_series(1, ${count}::int) n cross join notice`);
  };
});

describe("the desk's list and its clock", () => {
  test('requests are ordered by what is due, pages hold each once, and overdue ones are marked', async () => {
    const database = await createTestDatabase();
    const own = await openApp({ STAFF_MAILBOX }, database);
    try {
      const hanna = await staffMember(own, 'support');
      for (let n = 0; n < 9; n += 1) {
        await own.client().call('requestManualReset', { email: `p${n}@example.org` });
        await own.advance(600);
      }
      const walk = async (variables: Data): Promise<Data[]> => {
        const seen: Data[] = [];
        for (let after: string | null = null; ;) {
          const { supportRequests } = await hanna.client.graphql(
            `query ($filter: SupportRequestFilter, $orderBy: SupportRequestOrder, $after: String) {
              supportRequests(filter: $filter, orderBy: $orderBy, first: 4, after: $after) { totalCount nodes { id claimedEmail isOverdue } pageInfo { hasNextPage endCursor } } }`,
            { ...variables, after },
          );
          seen.push(...supportRequests.nodes);
          if (!supportRequests.pageInfo.hasNextPage) {
            expect(supportRequests.totalCount).toBe(seen.length);
            return seen;
          }
          after = supportRequests.pageInfo.endCursor;
        }
      };
      const addresses = (found: Data[]): string =>
        found.map(({ claimedEmail }) => (claimedEmail as string)[1]).join('');
      await hanna.signsIn();
      expect(addresses(await walk({}))).toBe('012345678');
      expect(addresses(await walk({ orderBy: { field: 'CREATED_AT', direction: 'DESC' } }))).toBe('876543210');
      // 90 minutes have passed; the first four are due when 24 hours and half an hour have.
      await own.advance(24 * HOUR - 90 * 60 + 31 * 60);
      await hanna.signsIn();
      const overdue = await walk({ filter: { isOverdue: true } });
      expect([addresses(overdue), overdue.every(({ isOverdue }) => isOverdue)]).toEqual(['0123', true]);
      expect(addresses(await walk({ filter: { isOverdue: false } }))).toBe('45678');
      await step(hanna.client, 'claimSupportRequest', { supportRequestId: overdue[0]?.['id'] });
      expect(addresses(await walk({ filter: { claimedByMe: true } }))).toBe('0');
      expect(addresses(await walk({ filter: { statuses: [] } }))).toBe('');
      await step(hanna.client, 'decideSupportRequest', { supportRequestId: overdue[0]?.['id'], decision: 'REJECT' });
      expect(addresses(await walk({ filter: { isOverdue: true } }))).toBe('123');
    } finally {
      await own.close();
      await database.close();
    }
  });

  test('staff are reminded once when a request is near its time and once when it is past it, by references alone', async () => {
    const database = await createTestDatabase();
    const own = await openApp({ STAFF_MAILBOX }, database);
    try {
      const { reference } = await own
        .client()
        .call(
          'requestManualReset',
          { email: 'p@example.org', message: 'private words' },
          '... on RequestManualResetAccepted { reference }',
        );
      const reminders = async (): Promise<string[]> => (await own.mailTo(STAFF_MAILBOX)).map(({ text }) => text);
      expect(await reminders()).toEqual([]);
      await own.advance(18 * HOUR - 60);
      expect(await reminders()).toEqual([]);
      await own.advance(120);
      expect(await reminders()).toHaveLength(1);
      expect((await reminders())[0]).toContain(`Due soon: ${reference}`);
      expect((await reminders())[0]).not.toMatch(/private|p@example/);
      await own.advance(6 * HOUR);
      expect((await reminders())[0]).toContain(`Past due: ${reference}`);
      await own.advance(24 * HOUR);
      expect(await reminders()).toHaveLength(2);
    } finally {
      await own.close();
      await database.close();
    }
  });
});
