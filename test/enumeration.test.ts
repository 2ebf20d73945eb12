/** A smaller form of `npm run enumeration`: known and unknown addresses take the same time, and a leak would be seen. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { useApp } from './support/app.js';
import { importAccount } from './support/imported.js';
import { areaUnderCurve, boundFor, interleave } from './support/statistics.js';

const PAIRS = 200;
const app = useApp({ LIMIT_GUESS: '0' });

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const REQUEST = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';
/** Argon2id as ours; nobody knows its password. */
const HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`;

const known = (i: number) => `known${i}@example.org`;
const unknown = (i: number) => `absent${i}@example.org`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const signIn = (email: string) =>
  timed(() =>
    app()
      .client()
      .send(SIGN_IN, { input: { email, password: 'not the password of anyone' } }),
  );
const request = (email: string) => timed(() => app().client().send(REQUEST, { input: { email } }));

beforeAll(async () => {
  for (let i = 0; i < PAIRS; i += 1) await importAccount(app().ctx, known(i), HASH);
  for (let i = 0; i < 20; i += 1) await signIn(`warm${i}@example.org`);
}, 60_000);

describe('who measures the time', () => {
  test('of signing in cannot tell a known address from an unknown one (R-016)', async () => {
    const times = await interleave(
      PAIRS,
      (i) => signIn(known(i)),
      (i) => signIn(unknown(i)),
    );
    expect(Math.abs(areaUnderCurve(times.left, times.right) - 0.5)).toBeLessThan(boundFor(PAIRS));
  }, 120_000);

  test('of asking for a reset cannot either (R-048)', async () => {
    const times = await interleave(
      PAIRS,
      (i) => request(known(i)),
      (i) => request(unknown(i)),
    );
    expect(Math.abs(areaUnderCurve(times.left, times.right) - 0.5)).toBeLessThan(boundFor(PAIRS));
  }, 120_000);

  test('would tell them apart if only a known address did the work: the statistic sees a leak of one row', async () => {
    const leaky = (email: string) =>
      timed(async () => {
        await app().client().send(REQUEST, { input: { email } });
        if (email.startsWith('known')) await importAccount(app().ctx, `leak.${email}`, null);
      });
    const times = await interleave(
      PAIRS,
      (i) => leaky(known(i)),
      (i) => leaky(unknown(i)),
    );
    expect(Math.abs(areaUnderCurve(times.left, times.right) - 0.5)).toBeGreaterThan(boundFor(PAIRS));
  }, 120_000);
});
