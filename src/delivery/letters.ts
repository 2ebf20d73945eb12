/**
 * What people are told: facts in, a letter or a text message out. Nothing here sends, looks up or knows the time.
 *
 * A letter is data (`Letter`); `renderLetter` turns it into a subject, plain text and HTML that say the same. Whatever
 * is put in is escaped, and the only address in either form is the one of the letter's action (R-053, R-125).
 */
import { markup, markupText } from './markup.js';
import type { Markup } from './markup.js';

/** One line of a small table, such as `Device` and `Firefox on Linux`. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

/**
 * A letter before it is laid out. All strings are plain text. What a person typed (a name, a label) goes through
 * `userText` first, and never into `subject` (R-124).
 */
export interface Letter {
  readonly subject: string;
  /** The line that mail programs show beside the subject; the first paragraph when absent. */
  readonly preheader?: string;
  readonly paragraphs: readonly string[];
  readonly facts?: readonly Fact[];
  /** A code to type in, shown large. */
  readonly code?: string;
  /** The one link that acts. Its URL must be of `publicUrl`'s origin. */
  readonly action?: { readonly label: string; readonly url: string };
  /** What is said below the button. */
  readonly afterAction?: readonly string[];
  /** Small print: why this letter was sent, and what to do if it is unexpected. */
  readonly footer: readonly string[];
}

/** What all letters of an installation share. `publicUrl` is the configured base of every link. */
export interface LetterFrame {
  readonly productName: string;
  readonly publicUrl: string;
  /** BCP 47 tag of the language the letter is written in; `en` when absent. */
  readonly lang?: string;
}

/** A letter ready to be sealed and sent. */
export interface RenderedLetter {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** An SMS. */
export interface TextMessage {
  readonly text: string;
}

// Control and format characters, lone surrogates, private use, line and paragraph separators: everything that hides,
// reorders or breaks text. The two joiners (U+200C, U+200D) stay: Persian names and emoji need them.
const INVISIBLE = /(?![\u200C\u200D])[\p{C}\u2028\u2029]/gu;

function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}

/** One line of plain text: invisible characters gone, and nothing in it that a mail program would make a link of. */
function line(text: string): string {
  const visible = text.replace(/[\t\r\n]+/g, ' ').replace(INVISIBLE, '');
  return visible
    .replace(/\/{2,}/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/**
 * Makes text that somebody else wrote (a display name, a device label, a note) fit to stand in a letter (R-125):
 * control, bidirectional and zero-width characters are dropped, piles of accents cut, no word looks like an address
 * or a host name (mail programs would make it a link), and it is at most `most` characters long.
 */
export function userText(text: string, most = 60): string {
  const calm = line(text.normalize('NFKC')).replace(/(\p{M}{3})\p{M}+/gu, '$1');
  return shorten(calm.replace(/[.\u3002](?=[\p{L}\p{M}-])/gu, '. ').replace(/@/g, ' at '), most);
}

function actionUrl(url: string, publicUrl: string): string {
  const target = new URL(url);
  const isWeb = target.protocol === 'https:' || target.protocol === 'http:';
  // Thrown without the URL, which holds a token.
  if (!isWeb || target.origin !== new URL(publicUrl).origin || target.username !== '' || target.password !== '') {
    throw new TypeError('The link of a letter must belong to PUBLIC_URL');
  }
  return target.href;
}

/**
 * Lays a letter out as plain text and as HTML. Pure: the same letter gives the same bytes.
 *
 * Promised: the HTML has exactly one `href` when the letter has an action and none otherwise, loads nothing, and runs
 * nothing; the plain text has the link on a line of its own; subject and text hold no control character but line feeds.
 *
 * @throws TypeError when the action's URL is not an http(s) URL of the origin of `publicUrl` (R-053)
 */
export function renderLetter(letter: Letter, frame: LetterFrame): RenderedLetter {
  const clean: CleanLetter = {
    subject: shorten(line(letter.subject), 120),
    preheader: shorten(line(letter.preheader ?? letter.paragraphs[0] ?? ''), 140),
    paragraphs: letter.paragraphs.map(line),
    facts: (letter.facts ?? []).map((fact) => ({ label: line(fact.label), value: shorten(line(fact.value), 120) })),
    code: letter.code === undefined ? null : line(letter.code),
    action: letter.action
      ? { label: line(letter.action.label), url: actionUrl(letter.action.url, frame.publicUrl) }
      : null,
    afterAction: (letter.afterAction ?? []).map(line),
    footer: letter.footer.map(line),
    productName: line(frame.productName),
    lang: frame.lang ?? 'en',
  };
  return { subject: clean.subject, text: textOf(clean), html: `${markupText(htmlOf(clean))}\n` };
}

interface CleanLetter {
  readonly subject: string;
  readonly preheader: string;
  readonly paragraphs: readonly string[];
  readonly facts: readonly Fact[];
  readonly code: string | null;
  readonly action: { readonly label: string; readonly url: string } | null;
  readonly afterAction: readonly string[];
  readonly footer: readonly string[];
  readonly productName: string;
  readonly lang: string;
}

/** RFC 5322 asks for lines of at most 78 characters; a link or a long word is never broken. */
function wrap(text: string, width = 72): string {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join('\n');
}

function textOf(letter: CleanLetter): string {
  const { action } = letter;
  const blocks = [
    ...letter.paragraphs.map((paragraph) => wrap(paragraph)),
    ...(letter.facts.length > 0 ? [letter.facts.map(({ label, value }) => `${label}: ${value}`).join('\n')] : []),
    ...(letter.code === null ? [] : [`    ${letter.code}`]),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...letter.afterAction.map((paragraph) => wrap(paragraph)),
    letter.productName,
    ...(letter.footer.length > 0 ? ['-'.repeat(24)] : []),
    ...letter.footer.map((paragraph) => wrap(paragraph)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;";
const BODY_TEXT = `margin:0 0 16px;${FONT}font-size:16px;line-height:25px;color:#24272e;`;
const SMALL_TEXT = `margin:0 0 8px;${FONT}font-size:13px;line-height:20px;color:#5c6370;`;
const MONO = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;';

function htmlOf(letter: CleanLetter): Markup {
  const paragraphs = (texts: readonly string[]): Markup[] =>
    texts.map((text) => markup`<p class="ink" style="${BODY_TEXT}">${text}</p>`);
  return markup`<!doctype html>
<html lang="${letter.lang}" dir="ltr">
${headHtml(letter.subject)}
<body class="page" style="margin:0;padding:0;background-color:#f2f4f7;-webkit-text-size-adjust:100%;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">${letter.preheader}${PREHEADER_PADDING}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f2f4f7;">
<tr><td align="center" style="padding:32px 12px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px;">
<tr><td class="soft" style="padding:0 4px 16px;${FONT}font-size:15px;line-height:20px;font-weight:600;color:#5c6370;">${letter.productName}</td></tr>
<tr><td class="card" bgcolor="#ffffff" style="background-color:#ffffff;border:1px solid #e1e5eb;border-radius:12px;padding:36px 40px 28px;">
<h1 class="ink" style="margin:0 0 18px;${FONT}font-size:23px;line-height:30px;font-weight:700;color:#24272e;">${letter.subject}</h1>
${paragraphs(letter.paragraphs)}
${factsHtml(letter.facts)}${letter.code === null ? null : codeHtml(letter.code)}${letter.action ? actionHtml(letter.action) : null}
${paragraphs(letter.afterAction)}
</td></tr>
<tr><td style="padding:20px 4px 0;">
${letter.footer.map((text) => markup`<p class="soft" style="${SMALL_TEXT}">${text}</p>`)}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>`;
}

// Mail programs that read no style sheet show the light colours written into the elements.
const headHtml = (subject: string): Markup => markup`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<meta name="x-apple-disable-message-reformatting">
<title>${subject}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: #111318 !important; }
  .card { background-color: #1b1e25 !important; border-color: #2e333d !important; }
  .ink { color: #e7e9ee !important; }
  .soft { color: #a3abb9 !important; }
  .rule { border-color: #2e333d !important; }
  .well { background-color: #252a34 !important; }
  .button { background-color: #3d63d6 !important; border-color: #3d63d6 !important; }
}
@media (max-width: 480px) {
  .card { padding: 28px 22px !important; }
  .button { display: block !important; }
  .button-table { width: 100% !important; }
}
</style>
</head>`;

// Keeps mail programs from showing the beginning of the letter after a short preheader.
const PREHEADER_PADDING = Array.from({ length: 60 }, () => markup`&#847;&zwnj;&nbsp;`);

function factsHtml(facts: readonly Fact[]): Markup | null {
  if (facts.length === 0) return null;
  const cell = `${FONT}font-size:15px;line-height:22px;padding:8px 0;border-bottom:1px solid #e1e5eb;vertical-align:top;`;
  return markup`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px;">
${facts.map(
  ({
    label,
    value,
  }) => markup`<tr><td class="soft rule" width="32%" style="${cell}padding-right:12px;color:#5c6370;">${label}</td>
<td class="ink rule" style="${cell}color:#24272e;word-break:break-word;">${value}</td></tr>
`,
)}</table>`;
}

function codeHtml(code: string): Markup {
  const look = `${MONO}font-size:30px;line-height:38px;font-weight:700;letter-spacing:4px;color:#24272e;`;
  return markup`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px;">
<tr><td class="well ink" align="center" bgcolor="#f2f4f7" style="${look}padding:16px;background-color:#f2f4f7;border-radius:8px;">${code}</td></tr>
</table>`;
}

/** The button keeps its shape without images, backgrounds or borders; the address below it is text and no second link. */
function actionHtml({ label, url }: { readonly label: string; readonly url: string }): Markup {
  const look = `${FONT}font-size:16px;line-height:20px;font-weight:600;color:#ffffff;text-decoration:none;text-align:center;`;
  return markup`<table role="presentation" class="button-table" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 20px;">
<tr><td class="button" align="center" bgcolor="#2952cc" style="background-color:#2952cc;border-radius:8px;mso-padding-alt:14px 28px;">
<a class="button" href="${url}" target="_blank" rel="noopener noreferrer" style="${look}display:inline-block;padding:14px 28px;background-color:#2952cc;border-radius:8px;">${label}</a>
</td></tr>
</table>
<p class="soft" style="${SMALL_TEXT}margin:0 0 4px;">If the button does not work, copy this address into your browser:</p>
<p class="well ink" style="${MONO}margin:0 0 20px;padding:10px 12px;font-size:12px;line-height:18px;color:#24272e;background-color:#f2f4f7;border-radius:6px;word-break:break-all;">${url}</p>`;
}

// GSM 03.38: one character outside it turns the whole message into UCS-2 with 70 characters to a part instead of 160.
const GSM7 = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?¡A-Z§¿a-z@£¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜäöñüà¤]*$/;
const FOLDS: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '…': '...',
  '•': '*',
  '\u00A0': ' ',
};

/**
 * An SMS of this text: invisible characters dropped, typographic ones replaced by those of the GSM alphabet so that
 * it stays one part where it can. What people typed goes through `userText` before.
 */
export function textMessage(text: string): TextMessage {
  const lines = text.split('\n').map((part) => part.replace(INVISIBLE, '').trim());
  return {
    text: lines
      .join('\n')
      .replace(/[‘’“”–—…•\u00A0]/g, (character) => FOLDS[character] ?? '')
      .trim(),
  };
}

/** Whether this goes out as one SMS: at most 160 characters of the GSM alphabet (those of its extension not counted). */
export function fitsOneText({ text }: TextMessage): boolean {
  return text.length <= 160 && GSM7.test(text);
}
