/** The sources of the version before: what nodes still run while the first new one migrates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface VersionBefore {
  readonly commit: string;
  /** Where its sources lie, with the dependencies that it names. */
  readonly root: string;
  readonly migrations: number;
  remove(): void;
}

/**
 * The commit before the newest migration, from the history of this repository, or the one that `UPGRADE_FROM` names.
 * Null where there is no such history: in an archive, or in a shallow clone.
 */
export function versionBefore(): VersionBefore | null {
  const commit = commitBefore();
  if (commit === null) return null;
  const root = mkdtempSync(join(tmpdir(), 'rekey-before-'));
  const parts = ['src', 'drizzle', 'test/support/typescript-hooks.js', 'package.json', 'package-lock.json'];
  execFileSync('tar', ['-x', '-C', root], { input: git('archive', commit, '--', ...parts) });
  provideDependencies(root);
  return {
    commit,
    root,
    migrations: readdirSync(join(root, 'drizzle')).filter((name) => name.endsWith('.sql')).length,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What is installed here serves where it names the same; else its own are installed, which takes the registry. */
function provideDependencies(root: string): void {
  const [own, ours] = [root, ROOT].map((folder) => readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  if (own === ours) return symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const quick = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...quick], { cwd: root, stdio: 'pipe' });
}

function commitBefore(): string | null {
  const named = process.env['UPGRADE_FROM'];
  if (named) return git('rev-parse', '--verify', `${named}^{commit}`).toString().trim();
  try {
    const isCommitted = git('status', '--porcelain', '--', 'drizzle/*.sql').toString() === '';
    const newest = git('log', '-1', '--format=%H', '--', 'drizzle/*.sql').toString().trim();
    return git('rev-parse', '--verify', `${isCommitted ? `${newest}^` : 'HEAD'}^{commit}`)
      .toString()
      .trim();
  } catch {
    return null;
  }
}

const git = (...args: string[]): Buffer =>
  execFileSync('git', args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'ignore'] });
