/**
 * The lists of words that the strength estimate knows, as one file of text: a browser that shows it a password once reads
 * them as data, and has no half a megabyte of script to parse. `virtual:word-lists` is its address.
 *
 * Of the English lists two are left out: they weigh more than the pages and change little at the length we ask for.
 */
import passwords from '@zxcvbn-ts/language-common/dist/passwords.json.mjs';
import firstnames from '@zxcvbn-ts/language-en/dist/firstnames.json.mjs';
import wikipedia from '@zxcvbn-ts/language-en/dist/wikipedia.json.mjs';

const name = 'virtual:word-lists';
/** A line for each list: its name, then its words, the commonest first. */
const text = Object.entries({ passwords, firstnames, wikipedia })
  .map(([list, words]) => [list, ...words].join(' '))
  .join('\n');

/** @returns {import('vite').Plugin} */
export function wordLists() {
  let isBuild = true;
  return {
    name: 'word-lists',
    configResolved: (config) => void (isBuild = config.command === 'build'),
    resolveId: (id) => (id === name ? `\0${name}` : null),
    load(id) {
      if (id !== `\0${name}`) return null;
      if (!isBuild) return `export default ${JSON.stringify(`data:text/plain,${encodeURIComponent(text)}`)};`;
      const file = this.emitFile({ type: 'asset', name: 'word-lists.txt', source: text });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
