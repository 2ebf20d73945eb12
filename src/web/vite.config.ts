/** Builds the pages: `vite build --config src/web/vite.config.ts` writes dist/web/index.html and dist/web/assets/. */
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { wordLists } from './word-lists-plugin.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The folder of `texts/` that the pages are built with; `paths` in `tsconfig.json` names it too. */
const language = 'en';

/** Writes `.br` and `.gz` beside what compresses well, so that the server never spends time on it. */
const precompressed = (): Plugin => ({
  name: 'precompressed',
  apply: 'build',
  generateBundle: {
    order: 'post',
    async handler(_options, bundle) {
      const texts = Object.values(bundle).filter((file) => /\.(js|css|svg|txt)$/.test(file.fileName));
      await Promise.all(
        texts.map(async (file) => {
          const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          // Quality 9: within a percent or two of 11 and many times faster, because `npm start` waits for this.
          const [br, gz] = await Promise.all([
            promisify(brotliCompress)(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
            promisify(gzip)(source, { level: 9 }),
          ]);
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.br`, source: br });
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: gz });
        }),
      );
    },
  },
});

/** Says to browsers and screen readers which language the words are in. */
const spoken = (): Plugin => ({
  name: 'spoken',
  transformIndexHtml: (html) => html.replace('<html lang="en">', `<html lang="${language}">`),
});

export default defineConfig({
  root: here,
  base: '/',
  resolve: { alias: { '#texts': `${here}texts/${language}` } },
  plugins: [react(), wordLists(), spoken(), precompressed()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the content security policy allows neither inline scripts nor data: pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: 'es' },
  server: { proxy: { '/graphql': 'http://localhost:4000' } },
});
