/** Staff members: made as an operator makes them, signed in with an authenticator app. */
import type { StaffRole } from '../../src/base/context.js';
import { grantRole } from '../../src/sign-in/staff-members.js';
import type { App } from './app.js';
import type { Client, Data } from './client.js';
import { addTotp, nextTotpCode, passwordStep, secondStep } from './factors.js';
import type { Person, PersonOptions } from './person.js';

export interface StaffMember {
  readonly person: Person;
  readonly id: string;
  readonly role: StaffRole;
  /** The browser of the desk. */
  client: Client;
  /** Signs in anew: after the clock was moved, or the session ended. */
  signsIn(): Promise<void>;
}

export async function staffMember(app: App, role: StaffRole, options: PersonOptions = {}): Promise<StaffMember> {
  const person = await app.person(options);
  const id = await person.accountId();
  const { key } = await addTotp(app, person);
  const granted = await grantRole(app.ctx, person.email, role);
  if (!('accountId' in granted)) throw new Error(JSON.stringify(granted));
  const member: StaffMember = {
    person,
    id,
    role,
    client: person.browser,
    async signsIn() {
      const [client, challenge] = await passwordStep(app, person);
      const proof = { totpCode: await nextTotpCode(app, key) };
      const outcome = await secondStep(client, challenge, proof);
      if (outcome['__typename'] !== 'SignInSuccess')
        throw new Error(`staff sign-in failed: ${JSON.stringify(outcome)}`);
      member.client = client;
    },
  };
  await member.signsIn();
  return member;
}

/** What tests look at in a flag. */
export const FLAG = `flag { id reason severity status note claimedBy { id } flaggedBy { id }
  resolution { decision note resolvedBy { id } } account { id status }
  evidence { eventCount distinctSources affectedAccountCount thresholdCount thresholdWindowSeconds }
  history { kind note by { id } } }`;

/** Calls a mutation on flags; success and conflict both show the flag. */
export function onFlag(client: Client, mutation: string, input: Data): Promise<Data> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
  const conflict = mutation === 'flagAccount' ? '' : `... on FlagConflictProblem { ${FLAG} }`;
  return client.call(mutation, input, `... on ${type}Success { ${FLAG} } ${conflict}`);
}

/** The open flags of one account, as the case file shows them. */
export async function flagsOf(client: Client, accountId: string): Promise<Data[]> {
  const { account } = await client.graphql(
    `query ($id: ID!) { account(id: $id) { flags(statuses: [OPEN, CLAIMED]) { nodes {
       id reason severity status note evidence { eventCount distinctSources affectedAccountCount
         affectedAccounts { id } events(first: 100) { nodes { id kind } } }
       history { kind note by { id } } } } } }`,
    { id: accountId },
  );
  return account.flags.nodes as Data[];
}
