/**
 * `/mailbox`: what Rekey would have sent, for whoever tries it out. A pure function from messages to a page without
 * scripts; a letter's HTML is shown in a frame that may do nothing but open its link in a new tab.
 */
import type { MailboxMessage } from './mailbox.js';
import { markup, markupText } from './markup.js';
import type { Markup } from './markup.js';

export interface MailboxPageOptions {
  readonly productName: string;
  /** The id in `/mailbox?open=<id>`; null, or an id that is not there, shows the list. */
  readonly openId: string | null;
  /** For `2 minutes ago`. */
  readonly now: Date;
}

/**
 * Sent with the page as `Content-Security-Policy`. The framed letter inherits it, and letters carry their styles in
 * attributes, hence 'unsafe-inline' for styles; nothing runs, and nothing is loaded from anywhere else.
 */
export const mailboxContentSecurityPolicy =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MOST_SHOWN = 100;

/**
 * The page: the newest 100 of `messages` (newest first, as `Mailbox.list` gives them). It reloads itself every five
 * seconds unless a message is open.
 */
export function mailboxPage(messages: readonly MailboxMessage[], options: MailboxPageOptions): string {
  const { productName, now } = options;
  const open = messages.find(({ id }) => id === options.openId) ?? null;
  const shown = messages.slice(0, MOST_SHOWN);
  const title = open ? (open.subject ?? `Text to ${open.to}`) : `Mailbox (${messages.length})`;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${open ? null : markup`<meta http-equiv="refresh" content="5">`}
<title>${title} · ${productName}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/mailbox.css">
</head>
<body>
<header>
<h1><a href="/mailbox">Mailbox</a></h1>
<p>The letters and texts that ${productName} writes to people. This page exists outside production only.</p>
</header>
<main>
${open ? openHtml(open, now) : listHtml(shown, now)}
</main>
<footer>
<p>${footerText(messages.length, open !== null)} As data: <a href="/mailbox.json">mailbox.json</a>; <code>DELETE</code> empties it.</p>
</footer>
</body>
</html>`;
  return `${markupText(page)}\n`;
}

function footerText(count: number, isOpen: boolean): string {
  if (isOpen) return 'The page stays as it is while a message is open.';
  const older = count > MOST_SHOWN ? `The newest ${MOST_SHOWN} of ${count}. ` : '';
  return `${older}The page looks for new messages every 5 seconds.`;
}

function listHtml(messages: readonly MailboxMessage[], now: Date): Markup {
  if (messages.length === 0) {
    return markup`<div class="empty"><h2>No messages yet</h2><p>Sign up or ask for a password reset, and the letter appears here within seconds.</p></div>`;
  }
  return markup`<ol class="messages">
${messages.map(
  (message) => markup`<li>
<article>
${headingHtml(message, now)}
<h2><a class="open" href="${hrefOf(message)}">${message.subject ?? message.text.split('\n')[0] ?? ''}</a></h2>
${message.subject === null ? null : markup`<p class="preview">${preview(message.text)}</p>`}
${firstLinkHtml(message.text)}
</article>
</li>
`,
)}</ol>`;
}

function headingHtml({ channel, to, sentAt }: MailboxMessage, now: Date): Markup {
  const name = channel === 'EMAIL' ? 'E-mail' : 'SMS';
  return markup`<p class="meta"><span class="channel ${channel.toLowerCase()}">${name}</span> <span class="to">to <b>${to}</b></span>
<time datetime="${sentAt}" title="${sentAt}">${ago(sentAt, now)}</time></p>`;
}

const hrefOf = ({ id }: MailboxMessage): string => `/mailbox?open=${encodeURIComponent(id)}`;

const URLS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/g;

/** The first two paragraphs, without the one with the address, which stands below as a link. */
function preview(text: string): string {
  const paragraphs = text.split('\n\n').filter((paragraph) => !/https?:\/\//.test(paragraph));
  const words = paragraphs.slice(0, 2).join(' ').replace(/\s+/g, ' ').trim();
  return words.length > 220 ? `${words.slice(0, 220).trimEnd()}…` : words;
}

function firstLinkHtml(text: string): Markup | null {
  const [url] = text.match(URLS) ?? [];
  return url === undefined ? null : markup`<p class="link">${linkHtml(url)}</p>`;
}

const linkHtml = (url: string): Markup => markup`<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`;

/** Plain text with its addresses made clickable. */
function linkified(text: string): Markup[] {
  const pieces: Markup[] = [];
  let end = 0;
  for (const match of text.matchAll(URLS)) {
    pieces.push(markup`${text.slice(end, match.index)}`, linkHtml(match[0]));
    end = match.index + match[0].length;
  }
  return [...pieces, markup`${text.slice(end)}`];
}

function openHtml(message: MailboxMessage, now: Date): Markup {
  const { subject, text, html } = message;
  // A sandbox without scripts, forms or an origin; the button may open a tab, which is then an ordinary one.
  const frame =
    html === null
      ? null
      : markup`<iframe title="The letter as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" srcdoc="${html}"></iframe>`;
  return markup`<p class="back"><a href="/mailbox">← All messages</a></p>
<article class="whole">
${headingHtml(message, now)}
<h2>${subject ?? 'Text message'}</h2>
${frame}
${html === null ? null : markup`<h3>The same letter as plain text</h3>`}
<pre>${linkified(text)}</pre>
</article>`;
}

/** `just now`, `3 minutes ago`, and after a day the time itself in UTC. */
function ago(sentAt: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(sentAt)) / 1000);
  const count = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'} ago`;
  if (seconds < 10) return 'just now';
  if (seconds < 60) return count(seconds, 'second');
  if (seconds < 3600) return count(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return count(Math.floor(seconds / 3600), 'hour');
  return `${sentAt.slice(0, 16).replace('T', ' ')} UTC`;
}

/** Served as `/mailbox.css`. */
export const mailboxStyles = `:root {
  color-scheme: light dark;
  --page: #f2f4f7; --card: #fff; --ink: #24272e; --soft: #5c6370; --rule: #dfe3ea; --accent: #2952cc;
  --mail: #e6ecfd; --mail-ink: #23439f; --sms: #dff3e7; --sms-ink: #14603a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111318; --card: #1b1e25; --ink: #e7e9ee; --soft: #a3abb9; --rule: #2e333d; --accent: #93adff;
    --mail: #26345f; --mail-ink: #c5d3ff; --sms: #173d2a; --sms-ink: #a9e6c4;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 46rem; padding: 2.5rem 1.25rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -0.01em; }
h1 a { color: inherit; text-decoration: none; }
h2 { margin: 0.35rem 0 0; font-size: 1.1rem; line-height: 1.4; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 0.9rem; color: var(--soft); }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
header p, footer { color: var(--soft); font-size: 0.9rem; }
header p { margin: 0.25rem 0 1.75rem; }
footer { margin-top: 2rem; }
.messages { margin: 0; padding: 0; list-style: none; display: grid; gap: 0.75rem; }
.messages li { min-width: 0; }
article, .empty { position: relative; background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 1rem 1.25rem 1.1rem; }
.messages article:hover { border-color: var(--accent); }
.empty { padding: 3rem 1.5rem; text-align: center; border-style: dashed; }
.empty p { margin: 0.5rem 0 0; color: var(--soft); }
.meta { display: flex; flex-wrap: wrap; gap: 0.3rem 0.6rem; align-items: center; margin: 0; color: var(--soft);
  font-size: 0.85rem; }
.meta b { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.meta time { margin-left: auto; }
.channel { padding: 0.05rem 0.5rem; border-radius: 99px; font-size: 0.75rem; font-weight: 600; background: var(--mail);
  color: var(--mail-ink); }
.channel.sms { background: var(--sms); color: var(--sms-ink); }
.open { color: inherit; text-decoration: none; }
.open::after { content: ''; position: absolute; inset: 0; border-radius: 12px; }
.preview { margin: 0.2rem 0 0; color: var(--soft); font-size: 0.92rem; overflow-wrap: anywhere; }
.link { margin: 0.5rem 0 0; font-size: 0.88rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.link a { position: relative; z-index: 1; }
.back { margin: 0 0 0.75rem; font-size: 0.92rem; }
iframe { display: block; width: 100%; height: 42rem; margin-top: 1rem; border: 1px solid var(--rule);
  border-radius: 8px; resize: vertical; overflow: auto; background: var(--page); }
pre { margin: 0; padding: 1rem 1.1rem; border-radius: 8px; background: var(--page); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 0.88rem/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.meta + h2 + pre { margin-top: 0.75rem; }
`;
