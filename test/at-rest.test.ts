/** Whoever takes a copy of the database takes no key to any account. */
import { expect, test } from '@jest/globals';
import { useApp } from './support/app.js';
import { dumpDatabase, expectAbsent, sentSecrets } from './support/at-rest.js';
import { Authenticator } from './support/authenticator.js';
import {
  addPasskey,
  addPhone,
  addTotp,
  beginPasskey,
  CHALLENGE,
  newestCode,
  newNumber,
  nextTotpCode,
  passwordStep,
  secondStep,
} from './support/factors.js';
import { newestToken, OTHER_PASSWORD } from './support/person.js';
import { claimInTime, letsIn, startQr } from './support/qr.js';

const app = useApp();

test('no code, secret, token or telephone number rests in clear (R-032, R-049, R-082, R-088, R-166)', async () => {
  const secrets: string[] = [];
  const keep = (...texts: (string | undefined)[]): void => {
    for (const text of texts) secrets.push(...(text ?? 'missing').split('.').filter((part) => part.length > 5));
  };
  const ada = await app().person();
  const number = newNumber();
  await ada.browser.call('addPhoneNumber', { phoneNumber: newNumber() });
  keep(number.slice(1));
  await addPhone(app(), ada, number);
  const { key, recoveryCodes } = await addTotp(app(), ada);
  keep(key, ...recoveryCodes, ...recoveryCodes.map((code) => code.replace(/-/g, '')));
  const passkey = await beginPasskey(ada.browser);
  keep(passkey['ceremony'].split('.')[1]);
  await addPasskey(ada.browser, new Authenticator());
  const [client, challenge] = await passwordStep(app(), ada);
  keep(challenge['challenge'].split('.')[1], client.cookies.get('rekey-pending'));
  const totp = await nextTotpCode(app(), key);
  await secondStep(client, challenge, { totpCode: totp });
  const enrolled = await client.call(
    'enrollSecondFactor',
    { method: 'SMS' },
    '... on EnrollSecondFactorSuccess { secondFactor { id } }',
  );
  const smsCode = await newestCode(app(), number);
  keep(smsCode);
  await client.call('confirmSecondFactor', { secondFactorId: enrolled['secondFactor'].id, code: smsCode });
  const asked = await client.call('reauthenticate', { password: ada.password }, CHALLENGE);
  await client.call('sendChallengeCode', { challenge: asked['challenge'], method: 'SMS' });
  keep(await newestCode(app(), number), asked['challenge'].split('.')[1]);
  await client.call('changeEmail', { newEmail: 'ada.new@example.org' });
  keep((await newestToken(app(), 'ada.new@example.org', 'confirm-email')).split('.')[1]);
  await ada.asksForReset();
  keep((await ada.nextToken('reset-password')).split('.')[1], (await ada.nextToken('not-me')).split('.')[1]);
  keep(client.cookies.get('rekey-session'), ada.browser.cookies.get('rekey-session'), ada.password, OTHER_PASSWORD);
  keep(client.cookies.get('rekey-device')?.split('.')[1]);
  const laptop = app().client({ isNative: true });
  const qr = await startQr(laptop);
  keep(qr.qrPayload.split('.').at(-1), qr.claimSecret.split('.')[1], laptop.cookies.get('rekey-qr'));
  await letsIn(client, qr);
  keep((await claimInTime(app(), laptop, qr.claimSecret, 'BEARER'))['sessionToken']);
  const everything = await dumpDatabase(app().ctx);
  expect(secrets).not.toContain('missing');
  expect(secrets.length).toBeGreaterThan(30);
  for (const secret of secrets) expect([secret, everything.includes(secret)]).toEqual([secret, false]);
  const logs = app().logLines.join('\n');
  for (const secret of secrets) expect([secret, logs.includes(secret)]).toEqual([secret, false]);
});

test('whatever is sent during the run of any other test file is looked for when it ends', () => {
  const [secret, code] = ['s'.repeat(43), '01234567'];
  const sent = sentSecrets([
    {
      id: '1',
      channel: 'SMS',
      to: '+4790000001',
      subject: null,
      html: null,
      sentAt: '',
      text: `${code} is your code.`,
    },
    {
      id: '2',
      channel: 'EMAIL',
      to: 'a@b.example',
      subject: '',
      html: '',
      sentAt: '',
      text: `https://x/not-me#disown_${'i'.repeat(22)}.${secret}`,
    },
  ]);
  expect(sent).toEqual([code, secret]);
  expect(() => expectAbsent(sent, `(a,${code},b)`, 'a dump')).toThrow('1 secrets');
  expect(() => expectAbsent(sent, `"${secret}"`, 'a dump')).toThrow('1 secrets');
  expect(() => expectAbsent(sent, `1${code}2 ${secret.slice(1)}`, 'a dump')).not.toThrow();
});
