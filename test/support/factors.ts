/** What a person does with second factors: reads the app, types the codes, waits for the texts. */
import { generateSync } from 'otplib';
import type { App } from './app.js';
import type { Authenticator } from './authenticator.js';
import type { Client, Data } from './client.js';
import type { Person } from './person.js';

/** Selections on the outcomes that many tests look at. */
export const CHALLENGE =
  '... on SecondFactorChallenge { challenge methods passkeyOptions maskedPhoneNumber expiresAt } ';
export const TRIES = '... on ProofRejectedProblem { attemptsRemaining } ';
export const CONFIRMED =
  '... on ConfirmSecondFactorSuccess { recoveryCodes secondFactor { id isConfirmed } viewer { id } } ' + TRIES;

/** The code that an authenticator app shows now, or so many steps from now. */
export async function totpCode(app: App, key: string, steps = 0): Promise<string> {
  const now = await app.advance(0);
  return generateSync({ secret: key, epoch: Math.floor(now.getTime() / 1000) + 30 * steps });
}

/** Waits for the next step, so that the code was not used before. */
export async function nextTotpCode(app: App, key: string): Promise<string> {
  await app.advance(30);
  return totpCode(app, key);
}

export interface TotpFactor {
  readonly id: string;
  readonly key: string;
  readonly recoveryCodes: string[];
}

/** Adds an authenticator app in the browser that the person signed up with. */
export async function addTotp(app: App, person: Person, client: Client = person.browser): Promise<TotpFactor> {
  const { id, key } = await beginTotp(client);
  const confirmed = await client.call(
    'confirmSecondFactor',
    { secondFactorId: id, code: await totpCode(app, key) },
    CONFIRMED,
  );
  if (confirmed['__typename'] !== 'ConfirmSecondFactorSuccess') throw new Error(JSON.stringify(confirmed));
  return { id, key, recoveryCodes: (confirmed['recoveryCodes'] ?? []) as string[] };
}

export async function beginTotp(client: Client): Promise<{ id: string; key: string; uri: string }> {
  const enrolled = await client.call(
    'enrollSecondFactor',
    { method: 'TOTP' },
    '... on EnrollSecondFactorSuccess { secondFactor { id isConfirmed } totp { uri manualEntryKey } }',
  );
  if (!enrolled['totp']) throw new Error(JSON.stringify(enrolled));
  return { id: enrolled['secondFactor'].id, key: enrolled['totp'].manualEntryKey, uri: enrolled['totp'].uri };
}

/** Signs in with the password as far as the challenge. */
export async function passwordStep(app: App, person: Person, client = app.client()): Promise<[Client, Data]> {
  const challenge = await client.call('signIn', { email: person.email, password: person.password }, CHALLENGE);
  return [client, challenge];
}

/** Answers a sign-in's challenge. */
export const secondStep = (client: Client, challenge: Data, proof: Data): Promise<Data> =>
  client.call('completeSignIn', { challenge: challenge['challenge'], proof }, TRIES);

/** Proves again with password and authenticator app. */
export async function stepUp(app: App, person: Person, client: Client, key: string | null): Promise<Data> {
  const outcome = await client.call('reauthenticate', { password: person.password }, CHALLENGE);
  if (key === null || outcome['__typename'] !== 'SecondFactorChallenge') return outcome;
  const proof = { totpCode: await nextTotpCode(app, key) };
  return client.call('reauthenticate', { challenge: outcome['challenge'], proof }, TRIES);
}

/** The code in the newest text or letter to a recipient. */
export async function newestCode(app: App, recipient: string): Promise<string> {
  for (const { text } of await app.mailTo(recipient)) {
    const code = /^ *(\d{8})\b/m.exec(text)?.[1];
    if (code) return code;
  }
  throw new Error(`no code came to ${recipient}`);
}

/** Puts a telephone number on the account and verifies it. */
export async function addPhone(app: App, person: Person, number: string, client = person.browser): Promise<void> {
  const added = await client.call('addPhoneNumber', { phoneNumber: number });
  if (added['__typename'] !== 'AddPhoneNumberSuccess') throw new Error(JSON.stringify(added));
  const verified = await client.call('verifyPhoneNumber', { code: await newestCode(app, number) });
  if (verified['__typename'] !== 'VerifyPhoneNumberSuccess') throw new Error(JSON.stringify(verified));
}

export async function addPasskey(client: Client, authenticator: Authenticator, label?: string): Promise<Data> {
  const begun = await beginPasskey(client);
  return finishPasskey(client, begun['ceremony'] as string, authenticator.create(begun['options']), label);
}

export const beginPasskey = (client: Client): Promise<Data> =>
  client.call('startPasskeyRegistration', null, '... on StartPasskeyRegistrationSuccess { ceremony options }');

export const finishPasskey = (client: Client, ceremony: string, registration: unknown, label?: string): Promise<Data> =>
  client.call(
    'finishPasskeyRegistration',
    { ceremony, registration, ...(label && { label }) },
    '... on FinishPasskeyRegistrationSuccess { passkey { id label isBackedUp } viewer { id } }',
  );

/** Norwegian mobile numbers; each call another. */
let numbers = 0;
export const newNumber = (): string => `+4790${String((process.pid % 100) * 10_000 + (numbers += 1)).padStart(6, '0')}`;
