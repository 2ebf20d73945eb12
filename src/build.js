/** Builds `dist/` where it is older than the sources: the service by the TypeScript compiler, the pages by Vite. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** @param {string} path @returns {number} when the newest file below it was changed; 0 when there is none */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/**
 * @param {string} stamp whose time says when this part was built
 * @param {string[]} sources
 * @param {() => void} build
 */
function buildIfStale(stamp, sources, build) {
  const file = join(root, 'dist', stamp);
  const built = existsSync(file) ? statSync(file).mtimeMs : 0;
  const changed = Math.max(...sources.map((source) => newest(join(root, source))));
  if (changed <= built) return;
  build();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  // A date has no parts of a millisecond, which the files' own times have: rounded down it would always be stale.
  const at = new Date(Math.ceil(changed));
  utimesSync(file, at, at);
}

/** @param {string} packageName @param {string} bin @param {string[]} args */
function run(packageName, bin, args) {
  const script = join(dirname(require.resolve(`${packageName}/package.json`)), bin);
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
}

const service = readdirSync(join(root, 'src'))
  .filter((name) => name !== 'web')
  .map((name) => join('src', name));
buildIfStale('.service-built', [...service, 'tsconfig.json'], () => run('typescript', 'bin/tsc', ['--noCheck']));
buildIfStale('.pages-built', ['src/web'], () => {
  run('vite', 'bin/vite.js', ['build', '--config', 'src/web/vite.config.ts', '--logLevel', 'warn']);
  // For TRUSTED_DOCUMENTS: the sources do not ship.
  copyFileSync(join(root, 'src/web/generated/persisted-documents.json'), join(root, 'dist/persisted-documents.json'));
});
