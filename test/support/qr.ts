/** Both halves of a QR sign-in, as the two devices do them; and a camera that really reads the picture. */
import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import QRCode from 'qrcode';
import type { App } from './app.js';
import type { Client, Data } from './client.js';

export interface Started {
  readonly qrPayload: string;
  readonly claimSecret: string;
  readonly comparisonNumber: string;
  readonly expiresAt: string;
  readonly pollAfterSeconds: number;
}

const REQUEST = 'request { id isSameNetwork requestedAt expiresAt device { summary ipAddress approximateLocation } }';

export const tryStart = (client: Client): Promise<Data> =>
  client.call(
    'startQrSignIn',
    null,
    `... on StartQrSignInSuccess { qrPayload claimSecret comparisonNumber expiresAt pollAfterSeconds }
     ... on RateLimitProblem { retryAfterSeconds }`,
  );

export async function startQr(client: Client): Promise<Started> {
  const started = await tryStart(client);
  if (started['__typename'] !== 'StartQrSignInSuccess') throw new Error(JSON.stringify(started));
  return started as unknown as Started;
}

export const scanQr = (client: Client, qrPayload: string): Promise<Data> =>
  client.call('scanQrSignIn', { qrPayload }, `... on ScanQrSignInSuccess { ${REQUEST} }`);

/** Scans, and answers the request's id. */
export async function scanned(client: Client, qrPayload: string): Promise<string> {
  const outcome = await scanQr(client, qrPayload);
  if (outcome['__typename'] !== 'ScanQrSignInSuccess') throw new Error(JSON.stringify(outcome));
  return outcome['request'].id as string;
}

export const approveQr = (client: Client, requestId: string, comparisonNumber: string): Promise<Data> =>
  client.call(
    'approveQrSignIn',
    { requestId, comparisonNumber },
    `... on ApproveQrSignInSuccess { ${REQUEST} } ... on ProofRejectedProblem { attemptsRemaining }
     ... on RateLimitProblem { retryAfterSeconds }`,
  );

export const denyQr = (client: Client, requestId: string): Promise<Data> =>
  client.call('denyQrSignIn', { requestId }, '... on DenyQrSignInSuccess { deniedRequestId }');

export const claimQr = (client: Client, claimSecret: string, transport = 'COOKIE'): Promise<Data> =>
  client.call(
    'claimQrSignIn',
    { claimSecret, transport },
    `... on SignInSuccess { sessionToken viewer { email currentSession { id signInMethod reauthenticatedUntil createdAt expiresAt } } }
     ... on QrSignInPending { isScanned pollAfterSeconds } ... on RateLimitProblem { retryAfterSeconds }`,
  );

/** Claims when the server's pace allows. */
export async function claimInTime(app: App, client: Client, claimSecret: string, transport?: string): Promise<Data> {
  await app.advance(2);
  return claimQr(client, claimSecret, transport);
}

/** Scan and approval, with the number read from the other screen. */
export async function letsIn(phone: Client, code: Started): Promise<string> {
  const id = await scanned(phone, code.qrPayload);
  const outcome = await approveQr(phone, id, code.comparisonNumber);
  if (outcome['__typename'] !== 'ApproveQrSignInSuccess') throw new Error(JSON.stringify(outcome));
  return id;
}

/** What a camera reads from the picture of this text. */
export async function throughCamera(text: string): Promise<string | undefined> {
  const picture = PNG.sync.read(await QRCode.toBuffer(text, { type: 'png', errorCorrectionLevel: 'M' }));
  return readPicture(picture);
}

export const readPicture = ({ data, width, height }: PNG): string | undefined => {
  const read = jsqr as unknown as (pixels: Uint8ClampedArray, width: number, height: number) => { data: string } | null;
  return read(new Uint8ClampedArray(data), width, height)?.data;
};
