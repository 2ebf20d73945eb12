/** The packages have no types for their single lists; we load some of them and leave the rest out of the pages. */
declare module '@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs' {
  const graphs: Record<string, Record<string, (string | null)[]>>;
  export default graphs;
}
declare module 'virtual:word-lists' {
  const address: string;
  export default address;
}
declare module '*/word-lists-plugin.mjs' {
  import type { Plugin } from 'vite';
  export const wordLists: () => Plugin;
}
