/**
 * Who may read or call what: every role against every field of the whole schema. The table below is the policy;
 * a field that is not in it, or has no rule of its own where it needs one, fails here.
 */
import 'reflect-metadata';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  getNamedType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { scopesOf } from '../src/accounts/roles.js';
import { loadConfig } from '../src/base/config.js';
import type { Actor, StaffRole } from '../src/base/context.js';
import { openLog } from '../src/base/log.js';
import { Refusal } from '../src/base/problems.js';
import type { AccessRule } from '../src/graphql/access.js';
import type { EdgeContext } from '../src/graphql/edge-context.js';
import type { Limiter } from '../src/graphql/limiter.js';
import { buildGuardedSchema } from '../src/server/schema.js';
import { useApp } from './support/app.js';
import type { Client } from './support/client.js';
import { onFlag, staffMember } from './support/staff.js';

const config = loadConfig({
  APP_ENV: 'test',
  DATA_DIR: '/tmp/rekey-matrix',
  SECRET_KEYS: `k:${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`,
});

const person = (role: StaffRole | null, twoFactor: boolean, usedPasskey = false): Actor => ({
  kind: 'person',
  accountId: 'acct_x',
  sessionId: 'sess_x',
  epoch: 1,
  emailKey: 'x@example.org',
  transport: 'COOKIE',
  twoFactor,
  usedPasskey,
  isFresh: true,
  role,
});

/** One letter each, as in the table. Staff without a second factor are like anyone signed in. */
const actors: Record<string, Actor> = {
  n: { kind: 'nobody' },
  p: person(null, true),
  w: person('admin', false),
  s: person('support', true),
  r: person('reviewer', true),
  a: person('admin', true),
  f: { kind: 'service', name: 'orders', scopes: ['accounts:flag'] },
};
const ANYONE = 'npwsraf';
const SIGNED_IN = 'pwsra';
const DESK = 'sra';
const REVIEW = 'ra';

/** Root fields, and fields with a rule of their own. */
const POLICY: Record<string, string> = {
  'Query.viewer': ANYONE,
  'Query.passwordPolicy': ANYONE,
  'Query.securityFeatures': ANYONE,
  'Query.account': DESK,
  'Query.accounts': DESK,
  'Query.flaggedAccounts': REVIEW,
  'Query.activity': REVIEW,
  'Query.flag': REVIEW,
  'Query.supportRequests': DESK,
  'Query.supportRequest': DESK,
  'Query.auditLog': 'a',
  'Mutation.signUp': ANYONE,
  'Mutation.completeSignUp': ANYONE,
  'Mutation.signIn': ANYONE,
  'Mutation.completeSignIn': ANYONE,
  'Mutation.sendChallengeCode': ANYONE,
  'Mutation.signOut': ANYONE,
  'Mutation.reauthenticate': SIGNED_IN,
  'Mutation.requestPasswordReset': ANYONE,
  'Mutation.sendPasswordResetLink': SIGNED_IN,
  'Mutation.inspectPasswordReset': ANYONE,
  'Mutation.completePasswordReset': ANYONE,
  'Mutation.changePassword': SIGNED_IN,
  'Mutation.requestManualReset': ANYONE,
  'Mutation.cancelManualReset': ANYONE,
  'Mutation.disownSecurityEvent': ANYONE,
  'Mutation.revokeSession': SIGNED_IN,
  'Mutation.revokeOtherSessions': SIGNED_IN,
  'Mutation.reportSecurityEvent': SIGNED_IN,
  'Mutation.enrollSecondFactor': SIGNED_IN,
  'Mutation.confirmSecondFactor': SIGNED_IN,
  'Mutation.disableSecondFactor': SIGNED_IN,
  'Mutation.regenerateRecoveryCodes': SIGNED_IN,
  'Mutation.startPasskeyRegistration': SIGNED_IN,
  'Mutation.finishPasskeyRegistration': SIGNED_IN,
  'Mutation.renamePasskey': SIGNED_IN,
  'Mutation.removePasskey': SIGNED_IN,
  'Mutation.startPasskeySignIn': ANYONE,
  'Mutation.finishPasskeySignIn': ANYONE,
  'Mutation.changeDisplayName': SIGNED_IN,
  'Mutation.closeAccount': SIGNED_IN,
  'Mutation.changeEmail': SIGNED_IN,
  'Mutation.confirmEmailChange': ANYONE,
  'Mutation.chooseNotificationChannel': SIGNED_IN,
  'Mutation.addPhoneNumber': SIGNED_IN,
  'Mutation.verifyPhoneNumber': SIGNED_IN,
  'Mutation.removePhoneNumber': SIGNED_IN,
  'Mutation.startQrSignIn': ANYONE,
  'Mutation.scanQrSignIn': SIGNED_IN,
  'Mutation.approveQrSignIn': SIGNED_IN,
  'Mutation.denyQrSignIn': SIGNED_IN,
  'Mutation.claimQrSignIn': ANYONE,
  'Mutation.flagAccount': 'raf',
  'Mutation.claimFlag': REVIEW,
  'Mutation.releaseFlag': REVIEW,
  'Mutation.resolveFlag': REVIEW,
  'Mutation.lockAccount': REVIEW,
  'Mutation.unlockAccount': REVIEW,
  'Mutation.forcePasswordReset': REVIEW,
  'Mutation.revokeAllSessions': REVIEW,
  'Mutation.claimSupportRequest': DESK,
  'Mutation.decideSupportRequest': DESK,
  'Mutation.confirmSupportDecision': DESK,
  'Account.email': DESK,
  'Account.status': DESK,
  'Account.lock': DESK,
  'Account.createdAt': DESK,
  'Account.lastSignInAt': DESK,
  'Account.secondFactorMethods': DESK,
  'Account.activeSessionCount': DESK,
  'Account.undeliverableMessages': DESK,
  'Account.securityEvents': DESK,
  'Account.flags': REVIEW,
  'AccountFlag.note': 'raf',
  'AccountFlag.flaggedBy': 'raf',
  'AccountFlag.evidence': REVIEW,
  'AccountFlag.history': REVIEW,
  'AccountFlag.claimedBy': REVIEW,
  'AccountFlag.claimedAt': REVIEW,
  'AccountFlag.resolution': REVIEW,
};

/** What a service learns of the flag that it raised or added to: what it said itself, and where it stands. */
const FLAG_FACE = ['id', 'account', 'reason', 'severity', 'status', 'flaggedAt'];

/** The only fields of an account that anyone who holds a reference to it may read; the last two never on `/graphql`. */
const FACE = ['id', 'displayName', 'isActive', 'sessionsValidAfter'];

/** Sensitive actions ask for a recent sign-in: of staff, all that changes an account or decides. */
const STAFF_STEP_UP = [
  'resolveFlag',
  'lockAccount',
  'unlockAccount',
  'forcePasswordReset',
  'revokeAllSessions',
  'decideSupportRequest',
  'confirmSupportDecision',
];

class Passed extends Error {}
/** The guard asks the limiter once the caller is let in, and before anything is done: there we turn back. */
const turnBack: Limiter = { waitFor: () => Promise.reject(new Passed()) };

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildGuardedSchema(turnBack);
});

type Field = GraphQLField<unknown, unknown>;
const objectTypes = (): GraphQLObjectType[] =>
  Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'));
const ruleOf = (field: Field): AccessRule | undefined => field.extensions['access'] as AccessRule | undefined;

/** Which roles the guard of a field lets through. */
async function letIn(field: Field): Promise<string> {
  let passed = '';
  for (const [letter, actor] of Object.entries(actors)) {
    const ctx = {
      config,
      actor,
      log: openLog('fatal', { write: () => {} }),
      origin: { requestId: 'x', ip: null, network: 'x', userAgent: null },
    };
    try {
      await field.resolve?.({}, {}, ctx as unknown as EdgeContext, {} as never);
      throw new Error('a field was served without its guard');
    } catch (error) {
      if (error instanceof Passed) passed += letter;
      else if (!(error instanceof Refusal)) throw error;
      else
        expect(error.code).toBe(
          actor.kind === 'nobody' && ruleOf(field) !== undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN',
        );
    }
  }
  return passed;
}

describe('the matrix', () => {
  test('every root field and every field with a rule is in the table, and lets in whom the table says', async () => {
    const found: Record<string, string> = {};
    for (const type of objectTypes()) {
      const isRoot = type === schema.getQueryType() || type === schema.getMutationType();
      for (const field of Object.values(type.getFields())) {
        if (isRoot || ruleOf(field)) found[`${type.name}.${field.name}`] = await letIn(field);
      }
    }
    expect(found).toEqual(POLICY);
  });

  test('every field of an account has a rule, but for its face', () => {
    const open = Object.values((schema.getType('Account') as GraphQLObjectType).getFields()).filter(
      (field) => !ruleOf(field),
    );
    expect(open.map(({ name }) => name).sort()).toEqual([...FACE].sort());
  });

  test('every field of a flag has a rule, but for what a service said itself and where it stands', () => {
    const fields = Object.values((schema.getType('AccountFlag') as GraphQLObjectType).getFields());
    const open = fields.filter((field) => !ruleOf(field));
    expect(open.map(({ name }) => name).sort()).toEqual([...FLAG_FACE].sort());
  });

  test('what is only for staff is reached through fields for staff alone, also through other objects', () => {
    const audience = audiences();
    const staffOnly = objectTypes().filter(
      (type) => isTagged(type.astNode) || [...(audience.get(type.name) ?? '')].every((letter) => DESK.includes(letter)),
    );
    expect(staffOnly.length).toBeGreaterThan(15);
    for (const type of staffOnly) {
      const reachedBy = audience.get(type.name) ?? '';
      const allowed = ['FlagAccountSuccess', 'AccountFlag'].includes(type.name) ? 'sraf' : DESK;
      expect([type.name, [...reachedBy].filter((letter) => !allowed.includes(letter))]).toEqual([type.name, []]);
    }
  });

  test('in production staff rights need a passkey unless the operator says otherwise (R-093)', () => {
    const production = { ...config, APP_ENV: 'production' as const };
    expect(scopesOf(person('admin', true), production)).toEqual([]);
    expect(scopesOf(person('admin', true, true), production)).toContain('audit:read');
    expect(scopesOf(person('admin', true), { ...production, STAFF_REQUIRE_PASSKEY: false })).toContain('audit:read');
    expect(scopesOf(person('admin', true), config)).toContain('audit:read');
    expect(scopesOf(person('admin', false, true), production)).toEqual([]);
  });

  test('sensitive actions of staff ask for a recent sign-in', () => {
    const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
    const stepUp = mutations.filter((field) => {
      const rule = ruleOf(field);
      return typeof rule === 'object' && rule.fresh === true;
    });
    expect(stepUp.map(({ name }) => name).sort()).toEqual([...STAFF_STEP_UP].sort());
  });

  /** Who can get hold of an object of each type, by any path. */
  function audiences(): Map<string, string> {
    const reach = new Map<string, Set<string>>([
      ['Query', new Set(ANYONE)],
      ['Mutation', new Set(ANYONE)],
    ]);
    for (let isStable = false; !isStable;) {
      isStable = true;
      for (const type of objectTypes()) {
        for (const field of Object.values(type.getFields())) {
          const allowed = POLICY[`${type.name}.${field.name}`] ?? ANYONE;
          const readers = [...(reach.get(type.name) ?? [])].filter((letter) => allowed.includes(letter));
          for (const target of targets(field)) {
            const known = reach.get(target) ?? new Set();
            for (const letter of readers) if (!known.has(letter)) [isStable] = [false, known.add(letter)];
            reach.set(target, known);
          }
        }
      }
    }
    return new Map([...reach].map(([name, letters]) => [name, [...letters].join('')]));
  }

  function targets(field: Field): string[] {
    const type = getNamedType(field.type);
    if (isUnionType(type)) return type.getTypes().map(({ name }) => name);
    return isObjectType(type) ? [type.name] : [];
  }

  const isTagged = (node: { directives?: readonly { name: { value: string } }[] } | null | undefined): boolean =>
    node?.directives?.some(({ name }) => name.value === 'tag') ?? false;
});

describe('the same through HTTP', () => {
  const app = useApp();
  const codes = async (client: Client, query: string, variables = {}): Promise<(string | undefined)[]> =>
    ((await client.send(query, variables)).body.errors ?? []).map(({ extensions }) => extensions.code);

  test("R-111: a person sees nobody's notes, scores or addresses: not their own either, by way of the account", async () => {
    const [ada, rita] = [await app().person(), await staffMember(app(), 'reviewer')];
    const accountId = await ada.accountId();
    await onFlag(rita.client, 'flagAccount', { accountId, reason: 'MANUAL', severity: 'HIGH', note: 'a private note' });
    const fields =
      'email status createdAt lastSignInAt activeSessionCount secondFactorMethods lock { note } flags { nodes { note } } securityEvents { nodes { id } } undeliverableMessages { reason }';
    const { body, text } = await ada.browser.send(`{ viewer { account { id displayName ${fields} } } }`);
    expect(new Set(body.errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['FORBIDDEN']));
    expect(body.errors).toHaveLength(10);
    expect(body.data?.['viewer'].account).toMatchObject({
      id: accountId,
      email: null,
      flags: null,
      lock: null,
      securityEvents: null,
    });
    expect(text).not.toMatch(/private note/);
  });

  test('staff rights need a second factor, and support reviews no accounts', async () => {
    const hanna = await staffMember(app(), 'support');
    expect(await codes(hanna.client, '{ accounts { nodes { id email } } supportRequests { nodes { id } } }')).toEqual(
      [],
    );
    expect(await codes(hanna.client, '{ flaggedAccounts { totalCount } auditLog { nodes { id } } }')).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
    ]);
    expect(
      await codes(hanna.client, 'query ($id: ID!) { account(id: $id) { email flags { totalCount } } }', {
        id: hanna.id,
      }),
    ).toEqual(['FORBIDDEN']);
  });

  test('R-110: no input takes a role, and unknown fields of an input are refused', async () => {
    const ada = await app().person();
    for (const field of ['role', 'isStaff', '__typename', '__proto__']) {
      const { status, body } = await ada.browser.send(
        'mutation ($input: ChangeDisplayNameInput!) { changeDisplayName(input: $input) { __typename } }',
        JSON.parse(`{"input":{"displayName":"A","${field}":"admin"}}`) as Record<string, unknown>,
      );
      expect([status >= 400 || body.errors !== undefined, body.data?.['changeDisplayName']]).toEqual([true, undefined]);
    }
  });

  test('fields that only other services read are not on /graphql at all', async () => {
    const ada = await app().person();
    expect(await codes(ada.browser, '{ viewer { account { isActive } } }')).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });
});
