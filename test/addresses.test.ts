import { describe, expect, test } from '@jest/globals';
import { parseEmail } from '../src/base/email-address.js';
import { isAllowedPrefix, maskEmail, maskPhoneNumber, parsePhoneNumber } from '../src/delivery/addresses.js';
import { cpuMillisecondsOf } from './support/cpu-time.js';

const keyOf = (text: string): string | null => parseEmail(text)?.key ?? null;

describe('e-mail addresses', () => {
  test.each(['Mike@EXAMPLE.org', 'mike@example.org', ' mike@example.org', 'MIKE@Example.Org  '])(
    'R-024, R-120: %p is the same person as mike@example.org',
    (text) => expect(keyOf(text)).toBe('mike@example.org'),
  );

  test('R-120: the local part is sent to as it was written', () => {
    expect(parseEmail('Mike.O@EXAMPLE.org')).toEqual({ email: 'Mike.O@example.org', key: 'mike.o@example.org' });
  });

  test('R-120: no tricks of providers: dots and tags make another address', () => {
    expect(keyOf('m.ike+x@example.org')).toBe('m.ike+x@example.org');
  });

  test.each(['m\u0131ke@example.org', 'mi\u212Ae@example.org', '\uFF4Dike@example.org', 'mıke@example.org'])(
    'R-120, R-122: the look-alike %p is not mike@example.org',
    (text) => expect(parseEmail(text)).toBeNull(),
  );

  test.each([
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@XN--bcher-KVA.example', 'ada@xn--bcher-kva.example'],
    ['ada@faß.de', 'ada@xn--fa-hia.de'],
    ['ada@例え.テスト', 'ada@xn--r8jz45g.xn--zckzah'],
  ])('R-024, R-120: the domain of %p is compared as its A-label', (text, key) => expect(keyOf(text)).toBe(key));

  test.each([
    'ada@\uFF45xample.org', // full-width e
    'ada@\u212Aelly.org', // Kelvin sign
    'ada@exam\u00ADple.org', // soft hyphen
    'ada@b\u00ADücher.example',
    'ada@example\u3002org', // another full stop
    'ada@xn--0049.com', // A-labels that hide ASCII
    'ada@xn--hello-.com',
    'ada@xn--xn---epa.de',
  ])('R-120: the domain of %p is never taken for a plain one', (text) => expect(parseEmail(text)).toBeNull());

  test.each([
    'ada@example.org\r\nBcc: eve@evil.example',
    'ada@example.org\n',
    '\tada@example.org',
    'ada\u0000@example.org',
    'ada@example.org,eve@evil.example',
    'ada@example.org;eve@evil.example',
    'ada@example.org eve@evil.example',
    'Ada <ada@example.org>',
    '<ada@example.org>',
    '"ada"@example.org',
    '"eve@evil.example x"@example.org',
    'ada(comment)@example.org',
    'ada@(comment)example.org',
    'friends: ada@example.org;',
    'eve%evil.example@example.org',
    'ada%40evil.example@example.org',
    'ada@ex%61mple.org',
    '=?utf-8?q?=65=76=65=40evil.example=3e=00?=@example.org',
    'ada@eve@example.org',
    'ada@[192.0.2.1]',
    'ada@192.0.2.1',
    'ada@0x7f.0x1',
    'ada@localhost',
    'ada@example.org.',
    'ada@.example.org',
    'ada@example..org',
    'ada@-example.org',
    'ada@example-.org',
    'ada@exa_mple.org',
    'ada@example.org/path',
    '.ada@example.org',
    'ada.@example.org',
    'a..da@example.org',
    'ada',
    '@example.org',
    'ada@',
    '',
    ' ',
  ])('R-123: %p is refused', (text) => expect(parseEmail(text)).toBeNull());

  test('R-123: 254 bytes and a local part of 64 are the most', () => {
    const domain = `${'a.'.repeat(91)}example`; // 189 characters
    expect(domain).toHaveLength(189);
    expect(parseEmail(`${'x'.repeat(64)}@${domain}`)).not.toBeNull();
    expect(parseEmail(`${'x'.repeat(64)}@a${domain}`)).toBeNull();
    expect(parseEmail(`${'x'.repeat(65)}@example.org`)).toBeNull();
    expect(parseEmail(`ada@${'a'.repeat(63)}.org`)).not.toBeNull();
    expect(parseEmail(`ada@${'a'.repeat(64)}.org`)).toBeNull();
  });

  test('R-123: a very long text is refused at once', async () => {
    const spent = await cpuMillisecondsOf(() => {
      expect(parseEmail(`${'a.'.repeat(500_000)}@example.org`)).toBeNull();
      expect(parseEmail(`a@${'a.'.repeat(100)}!`)).toBeNull();
    });
    expect(spent).toBeLessThan(200);
  });

  test('R-123: the signs that addresses may really hold are accepted', () => {
    for (const local of ['o’neil'.replace('’', "'"), 'a+b', 'a_b', 'a-b', 'a=b', 'a/b', '{x}', '1']) {
      expect(keyOf(`${local}@mail.example.co.uk`)).toBe(`${local}@mail.example.co.uk`);
    }
  });

  test('R-073: a masked address shows its first character and its domain, whatever its length', () => {
    expect(maskEmail('ada@example.org')).toBe('a•••@example.org');
    expect(maskEmail('a@example.org')).toBe('a•••@example.org');
    expect(maskEmail('nothing')).toBe('•••');
  });
});

describe('telephone numbers', () => {
  test.each([
    ['+4741234567', '+4741234567'],
    ['+47 412 34 567', '+4741234567'],
    ['+1 (415) 555-2671', '+14155552671'],
    [' +44 7911 123456 ', '+447911123456'],
    ['+4712345678', '+4712345678'], // of a possible length: whether somebody has it only a code shows
  ])('%p is read as E.164', (text, e164) => expect(parsePhoneNumber(text)).toBe(e164));

  test.each([
    '41234567',
    '004741234567',
    '+47',
    '+47412345678901',
    '+0123456789',
    '+4741234567 ext. 5',
    'tel:+4741234567',
    '+47412three67',
    '\uFF0B4741234567',
    '+4741234567\r\n',
    '+4741234567,+4741234568',
    '',
  ])('%p is refused', (text) => expect(parsePhoneNumber(text)).toBeNull());

  test.each(['+19005551234', '+4782012345', '+447012345678', '+979123456789', '+80012345678', '+8816123456789'])(
    'R-071: %p, of a special rate, is refused',
    (text) => expect(parsePhoneNumber(text)).toBeNull(),
  );

  test('R-071: only numbers with an allowed prefix get a text; no list means no rule', () => {
    expect(isAllowedPrefix('+4741234567', ['+46', '+47'])).toBe(true);
    expect(isAllowedPrefix('+4741234567', ['47'])).toBe(true);
    expect(isAllowedPrefix('+4541234567', ['+46', '+47'])).toBe(false);
    expect(isAllowedPrefix('+4741234567', ['', '+'])).toBe(false);
    expect(isAllowedPrefix('+4741234567', [])).toBe(true);
  });

  test('R-073: a masked number shows its last two digits, whatever its length', () => {
    expect(maskPhoneNumber('+4712345678')).toBe('••• ••78');
    expect(maskPhoneNumber('+14155552671')).toBe('••• ••71');
    expect(maskPhoneNumber('')).toBe('•••');
  });
});
