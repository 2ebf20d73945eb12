/** A tiny template for HTML: what is put in is escaped, and only the template can make markup. */

// Not exported, so that only the template below can make markup.
const MARKUP: unique symbol = Symbol('markup');

/** A piece of HTML that is safe to embed: only the `markup` template makes one. */
export interface Markup {
  readonly [MARKUP]: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function embed(value: string | number | Markup | readonly Markup[] | null): string {
  if (value === null) return '';
  if (typeof value === 'object') return MARKUP in value ? value[MARKUP] : value.map((piece) => piece[MARKUP]).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * Template for HTML that escapes every value put into it, in text and in quoted attributes alike. Attributes must be
 * quoted; values must not stand inside `<style>` or `<script>`.
 */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[] | null)[]
): Markup {
  return { [MARKUP]: String.raw({ raw: strings }, ...values.map(embed)) };
}

/** The finished HTML as text. */
export function markupText(piece: Markup): string {
  return piece[MARKUP];
}
