/**
 * A process that dies leaves what it has committed. So every mutation is called here, and the database is looked at after
 * each of its commits: whoever is killed in between leaves all of a change or none of it (issue 8). That it is so under
 * real kills is seen by `kill-loop.ts`.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { buildSchema } from 'graphql';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import type { Client, Data } from './support/client.js';
import * as factors from './support/factors.js';
import { GOOD_PASSWORD, newestToken, OTHER_PASSWORD, type Person } from './support/person.js';
import * as qr from './support/qr.js';
import { onFlag, staffMember, type StaffMember } from './support/staff.js';
import { afterEachCommit } from './support/statements.js';

const app = useApp({ STAFF_MAILBOX: 'desk@example.org' });

/** Counters and traces of attempts, which are written before the change so that a failure leaves them. */
const BESIDE = ['rate_hits', 'attempt_counters', 'test_clock', 'unjudged_events'];
/** A session that was used says so at each request; that is no part of the change. */
const SESSION_USE = `'{last_used_at,expires_at,ip,network,user_agent}'::text[]`;

let digest: ReturnType<typeof sql>;
beforeAll(async () => {
  const tables = await rows<{ name: string }>(
    app().ctx.db,
    sql`select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const each = tables
    .filter(({ name }) => !BESIDE.includes(name))
    .map(({ name }) => {
      const row = name === 'sessions' ? sql.raw(`(to_jsonb(t) - ${SESSION_USE})::text`) : sql`t::text`;
      return sql`select ${name}::text as name, md5(string_agg(${row}, '|' order by ${row})) as state from ${sql.identifier(name)} t`;
    });
  digest = sql.join(each, sql` union all `);
});
const look = async (): Promise<Map<string, string>> =>
  new Map((await rows<{ name: string; state: string }>(app().ctx.db, digest)).map(({ name, state }) => [name, state]));

/** The tables that each commit of a mutation changed, of the run with the most commits. */
const steps = new Map<string, string[][]>();

/**
 * Mutations that commit something before their change, and what: an attempt that must stay counted when the process
 * dies over it, or a ceremony of single use. An account that was made stands; its owner signs in to it.
 */
const BEFORE: Record<string, string> = {
  approveQrSignIn: 'qr_requests',
  claimQrSignIn: 'qr_requests',
  completeSignIn: 'challenges',
  confirmSecondFactor: 'second_factors',
  finishPasskeyRegistration: 'passkey_ceremonies',
  finishPasskeySignIn: 'passkey_ceremonies',
  verifyPhoneNumber: 'phone_verifications',
  completeSignUp: 'accounts outbox passwords security_events sign_up_links',
};

/** The same client, whose mutations are watched. They must succeed: what is refused changes nothing. */
function watched(client: Client): Client {
  return Object.assign(Object.create(client) as Client, {
    async call(mutation: string, input: Data | null, selection?: string): Promise<Data> {
      let last = await look();
      const changes: string[][] = [];
      const count = async () => {
        const now = await look();
        const changed = [...now].filter(([name, state]) => last.get(name) !== state).map(([name]) => name);
        if (changed.length > 0) changes.push(changed);
        last = now;
      };
      const answer = await afterEachCommit(app(), () => client.call(mutation, input, selection), count);
      if (answer['code']) throw new Error(`${mutation}: ${JSON.stringify(answer)}`);
      if (changes.length >= (steps.get(mutation)?.length ?? 0)) steps.set(mutation, changes);
      return answer;
    },
  });
}

const newClient = () => watched(app().client());
let names = 0;
const newAddress = (): string => `killed${(names += 1)}.${process.pid}@example.net`;
const tokenOf = (email: string, page: string): Promise<string> => newestToken(app(), email, page);

/** Someone who signed up, and the watched browser they did it with. */
async function someone(): Promise<{ ada: Person; me: Client; id: string }> {
  const ada = await app().person();
  return { ada, me: watched(ada.browser), id: await ada.accountId() };
}

async function aboutPasswords(): Promise<void> {
  const email = newAddress();
  const me = newClient();
  await me.call('signUp', { email });
  await me.call('completeSignUp', { token: await tokenOf(email, 'sign-up'), password: GOOD_PASSWORD });
  await me.call('signOut', null);
  await me.call('requestPasswordReset', { email });
  const token = await tokenOf(email, 'reset-password');
  await me.call('inspectPasswordReset', { token });
  await me.call('completePasswordReset', { token, newPassword: OTHER_PASSWORD });
  await me.call('signIn', { email, password: OTHER_PASSWORD });
  await me.call('reauthenticate', { password: OTHER_PASSWORD });
  await me.call('changePassword', { currentPassword: OTHER_PASSWORD, newPassword: GOOD_PASSWORD });
  await me.call('sendPasswordResetLink', { channel: 'EMAIL' });
  await me.call('changeDisplayName', { displayName: 'Ada' });
  await app().client().call('signIn', { email, password: GOOD_PASSWORD });
  await app().client().call('signIn', { email, password: GOOD_PASSWORD });
  const { viewer } = await me.graphql('{ viewer { sessions { nodes { id isCurrent } } } }');
  const other = (viewer.sessions.nodes as Data[]).find(({ isCurrent }) => !isCurrent);
  await me.call('revokeSession', { sessionId: other?.['id'] });
  await me.call('revokeOtherSessions', null);
}

async function aboutContact(): Promise<void> {
  const { ada, me } = await someone();
  await app().client().call('signIn', { email: ada.email, password: ada.password });
  const { viewer } = await me.graphql('{ viewer { securityEvents(first: 1) { nodes { id } } } }');
  const number = factors.newNumber();
  await me.call('addPhoneNumber', { phoneNumber: number });
  await me.call('verifyPhoneNumber', { code: await factors.newestCode(app(), number) });
  await me.call('chooseNotificationChannel', { channel: 'SMS' });
  await me.call('chooseNotificationChannel', { channel: 'EMAIL' });
  await me.call('removePhoneNumber', null);
  const newEmail = newAddress();
  await me.call('changeEmail', { newEmail });
  await newClient().call('confirmEmailChange', { token: await tokenOf(newEmail, 'confirm-email') });
  await watched(await signedIn(newEmail)).call('reportSecurityEvent', { eventId: viewer.securityEvents.nodes[0].id });
  const { ada: bea } = await someone();
  await bea.browser.call('changePassword', { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD });
  await newClient().call('disownSecurityEvent', { token: await tokenOf(bea.email, 'not-me') });
  const { me: leaving } = await someone();
  await leaving.call('closeAccount', null);
}

async function signedIn(email: string): Promise<Client> {
  const client = app().client();
  await client.call('signIn', { email, password: GOOD_PASSWORD });
  return client;
}

async function aboutFactors(): Promise<void> {
  const { ada, me } = await someone();
  await factors.addPhone(app(), ada, factors.newNumber());
  const totp = await factors.addTotp(app(), ada, me);
  await me.call('regenerateRecoveryCodes', null);
  const { secondFactor } = await me.call(
    'enrollSecondFactor',
    { method: 'SMS' },
    '... on EnrollSecondFactorSuccess { secondFactor { id } }',
  );
  const { viewer } = await me.graphql('{ viewer { phoneNumber } }');
  const code = await factors.newestCode(app(), viewer.phoneNumber as string);
  await me.call('confirmSecondFactor', { secondFactorId: secondFactor.id, code });
  const [browser, challenge] = await factors.passwordStep(app(), ada, newClient());
  await browser.call('sendChallengeCode', { challenge: challenge['challenge'], method: 'SMS' });
  await factors.secondStep(browser, challenge, { totpCode: await factors.nextTotpCode(app(), totp.key) });
  await browser.call('disableSecondFactor', { secondFactorId: totp.id });
}

async function aboutPasskeys(): Promise<void> {
  const { me } = await someone();
  const authenticator = new Authenticator();
  const { passkey } = await factors.addPasskey(me, authenticator);
  await me.call('renamePasskey', { passkeyId: passkey.id, label: 'Blue key' });
  const browser = newClient();
  const { ceremony, options } = await browser.call(
    'startPasskeySignIn',
    null,
    '... on StartPasskeySignInSuccess { ceremony options }',
  );
  await browser.call('finishPasskeySignIn', { ceremony, assertion: authenticator.get(options) });
  await browser.call('removePasskey', { passkeyId: passkey.id });
}

async function aboutQrCodes(): Promise<void> {
  const { me } = await someone();
  const screen = newClient();
  await qr.letsIn(me, await qr.startQr(screen));
  const code = await qr.startQr(screen);
  await qr.letsIn(me, code);
  await qr.claimInTime(app(), screen, code.claimSecret);
  await qr.denyQr(me, await qr.scanned(me, (await qr.startQr(newClient())).qrPayload));
}

async function aboutFlags(rita: StaffMember): Promise<void> {
  const { id: accountId } = await someone();
  const desk = watched(rita.client);
  const { flag } = await onFlag(desk, 'flagAccount', { accountId, reason: 'MANUAL', severity: 'HIGH' });
  await onFlag(desk, 'claimFlag', { flagId: flag.id });
  await onFlag(desk, 'releaseFlag', { flagId: flag.id });
  await onFlag(desk, 'claimFlag', { flagId: flag.id });
  await onFlag(desk, 'resolveFlag', { flagId: flag.id, decision: 'REVOKE_SESSIONS', note: 'Called the owner.' });
  await desk.call('lockAccount', { accountId, reason: 'ABUSE' });
  await desk.call('unlockAccount', { accountId });
  await desk.call('revokeAllSessions', { accountId });
  await desk.call('forcePasswordReset', { accountId });
}

async function aboutSupport(hanna: StaffMember, hugo: StaffMember): Promise<void> {
  const { ada } = await someone();
  const request = { email: ada.email, contact: newAddress() };
  const { reference } = await newClient().call(
    'requestManualReset',
    request,
    '... on RequestManualResetAccepted { reference }',
  );
  const { supportRequests } = await hanna.client.graphql(
    `query ($filter: SupportRequestFilter) { supportRequests(filter: $filter) { nodes { id } } }`,
    { filter: { reference } },
  );
  const supportRequestId = supportRequests.nodes[0].id as string;
  await watched(hanna.client).call('claimSupportRequest', { supportRequestId });
  const decision = { decision: 'APPROVE', note: 'Knew the last orders.', deliverTo: 'REQUEST_CONTACT' };
  await watched(hanna.client).call('decideSupportRequest', { supportRequestId, ...decision });
  const confirmed = { supportRequestId, confirm: true, note: 'Called back.' };
  await watched(hugo.client).call('confirmSupportDecision', confirmed);
  await newClient().call('cancelManualReset', { token: await tokenOf(ada.email, 'cancel-reset') });
}

test('every mutation changes all that it changes with one commit', async () => {
  await aboutPasswords();
  await aboutContact();
  await aboutFactors();
  await aboutPasskeys();
  await aboutQrCodes();
  const [rita, hugo] = [await staffMember(app(), 'reviewer'), await staffMember(app(), 'support')];
  await aboutFlags(rita);
  await aboutSupport(rita, hugo);
  const schema = buildSchema(readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'), {
    assumeValid: true,
  });
  const all = Object.keys(schema.getMutationType()?.getFields() ?? {});
  expect([...steps.keys()].sort()).toEqual(all.sort());
  const before = [...steps]
    .filter(([, changes]) => changes.length > 1)
    .map(([name, changes]) => [name, changes.slice(0, -1).join(' then ').replaceAll(',', ' ')] as const);
  expect(Object.fromEntries(before)).toEqual(BEFORE);
}, 120_000);
