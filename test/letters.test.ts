import { describe, expect, test } from '@jest/globals';
import { fitsOneText, renderLetter, textMessage, userText } from '../src/delivery/letters.js';
import type { Letter } from '../src/delivery/letters.js';

const frame = { productName: 'Rekey', publicUrl: 'https://id.example.org' };
const url = 'https://id.example.org/reset-password#pr_abc.dGVzdC10b2tlbg';

const resetLetter: Letter = {
  subject: 'Reset your password',
  paragraphs: ['Somebody asked for a new password for ada@example.org. If it was you, choose one here.'],
  facts: [
    { label: 'When', value: '12 June 2026, 14:03 UTC' },
    { label: 'Device', value: 'Firefox on Linux' },
  ],
  action: { label: 'Reset My Password', url },
  afterAction: ['The link works for 30 minutes, and once.'],
  footer: ['If you did not ask for this, you need do nothing.'],
};

const hrefs = (html: string): string[] => [...html.matchAll(/href="([^"]*)"/g)].map(([, target]) => target ?? '');

describe('letters', () => {
  test('R-053: the button is the only thing that links, and goes where the letter says', () => {
    const { html } = renderLetter(resetLetter, frame);
    expect(hrefs(html)).toEqual([url]);
    expect(html).toContain('>Reset My Password</a>');
    expect(html.split(url)).toHaveLength(3); // the button, and the text to copy
  });

  test('the plain text says the same, with the link on a line of its own', () => {
    const { text, html } = renderLetter(resetLetter, frame);
    expect(text.split('\n')).toContain(url);
    for (const said of ['Reset My Password', 'Firefox on Linux', 'The link works for 30 minutes, and once.']) {
      expect(text).toContain(said);
      expect(html).toContain(said);
    }
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(78);
    expect(text.match(/https?:/g)).toHaveLength(1);
  });

  test('R-053: a link to anywhere but PUBLIC_URL is a mistake, not a letter, and the mistake does not quote it', () => {
    for (const wrong of [
      'https://evil.example/reset-password#secret',
      'http://id.example.org/reset-password#secret',
      'https://id.example.org.evil.example/#secret',
      'https://id.example.org@evil.example/#secret',
      'https://user@id.example.org/#secret',
      'javascript:alert(1)//secret',
    ]) {
      const render = (): unknown => renderLetter({ ...resetLetter, action: { label: 'x', url: wrong } }, frame);
      expect(render).toThrow(TypeError);
      expect(render).not.toThrow(/secret/);
    }
  });

  test('a letter without an action has no link at all', () => {
    const { html, text } = renderLetter({ subject: 'Changed', paragraphs: ['It was changed.'], footer: [] }, frame);
    expect(hrefs(html)).toEqual([]);
    expect(text).toBe('It was changed.\n\nRekey\n');
  });

  test('R-125: markup in any part of a letter is shown as text', () => {
    const evil = `<a href="https://evil.example">x</a><img src=x onerror=alert(1)>'"&`;
    const { html } = renderLetter(
      {
        subject: evil,
        preheader: evil,
        paragraphs: [evil],
        facts: [{ label: evil, value: evil }],
        code: evil,
        action: { label: evil, url },
        afterAction: [evil],
        footer: [evil],
      },
      { ...frame, productName: evil, lang: `en"><script>` },
    );
    expect(hrefs(html)).toEqual([url]);
    expect(html).not.toMatch(/<a href="https:\/\/evil|<img|<script|evil\.example"/);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&#39;&quot;&amp;');
  });

  test('R-125: no second address appears, even where a name holds one', () => {
    const name = 'Ada https://evil.example/login //evil.example';
    const { html, text } = renderLetter({ ...resetLetter, paragraphs: [`Hello ${name},`] }, frame);
    expect(text.match(/\/\/\S+/g)).toEqual(['//id.example.org/reset-password#pr_abc.dGVzdC10b2tlbg']);
    expect(new Set(html.match(/\/\/[^\s"<]+/g))).toEqual(new Set([url.slice('https:'.length)]));
  });

  test('R-124, R-125: control, bidirectional and zero-width characters never get into a letter', () => {
    const nasty = 'a\r\nBcc: x\u202Egnp\u2066\u200B\u0000\u001B[31m\uFEFF\uD800b\u2028c';
    const { subject, text, html } = renderLetter({ subject: nasty, paragraphs: [nasty], footer: [nasty] }, frame);
    expect(subject).toBe('a Bcc: xgnp[31mbc');
    expect(`${text}${html}`).not.toMatch(/(?![\n\u200C])[\p{C}\u2028]/u);
  });

  test('a letter loads nothing and runs nothing', () => {
    const { html } = renderLetter({ ...resetLetter, code: '123456' }, frame);
    expect(html).not.toMatch(/<(img|link|script|iframe|object|form|svg|video)|src=|url\(|@import|\son\w+=/i);
    expect(html).toMatch(/<html lang="en" dir="ltr">/);
    expect(html).toContain('color-scheme');
  });

  test('the same letter gives the same bytes, so that it can be sent again as it was', () => {
    expect(renderLetter(resetLetter, frame)).toEqual(renderLetter(resetLetter, frame));
  });
});

describe('text that people typed', () => {
  test.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['J.R.R. Tolkien', 'J. R. R. Tolkien'],
    ['https://evil.example/x', 'https: evil. example/x'],
    ['www.evil.example', 'www. evil. example'],
    ['eve@evil.example', 'eve at evil. example'],
    ['evil\u3002example', 'evil. example'],
    ['Firefox 128.0 on Linux', 'Firefox 128.0 on Linux'],
    ['علی\u200Cرضا', 'علی\u200Cرضا'],
    ['a\u0301\u0301\u0301\u0301\u0301\u0301', 'á\u0301\u0301\u0301'],
    ['  two\r\n lines ', 'two lines'],
  ])('R-125: %p appears as %p, and no mail program makes a link of it', (typed, shown) => {
    expect(userText(typed)).toBe(shown);
  });

  test('R-125: it is shortened, by characters and not through the middle of one', () => {
    expect(userText('x'.repeat(500))).toBe(`${'x'.repeat(59)}…`);
    expect(userText('👍'.repeat(100), 5)).toBe('👍👍👍👍…');
  });
});

describe('text messages', () => {
  test('a code fits one message of the GSM alphabet, typographic signs included', () => {
    const message = textMessage('Rekey code: 123456 – don’t share it “ever”…');
    expect(message.text).toBe('Rekey code: 123456 - don\'t share it "ever"...');
    expect(fitsOneText(message)).toBe(true);
  });

  test('what does not fit is told', () => {
    expect(fitsOneText(textMessage('x'.repeat(160)))).toBe(true);
    expect(fitsOneText(textMessage('x'.repeat(161)))).toBe(false);
    expect(fitsOneText(textMessage('код 123456'))).toBe(false);
  });

  test('R-125: control and bidirectional characters are dropped, lines stay', () => {
    expect(textMessage('one\u202E \u0000\ntwo\r\n').text).toBe('one\ntwo');
  });
});
