/**
 * Reads what `npm audit --json` wrote into a file, and fails where something grave is known against a package that ships, or
 * nothing could be learned. What is less grave is noted. Not every registry can be asked: one that has no such endpoint is said to
 * have none, and is no failure.
 */
import { readFileSync } from 'node:fs';

/** What a registry answers where it knows no audits: refused, forbidden, not found, not allowed, not implemented. */
const NO_ENDPOINT = [400, 403, 404, 405, 501];
const GRAVE = ['high', 'critical'];

const report = parse(readFileSync(process.argv[2], 'utf8'));
const found = Object.values(report.vulnerabilities ?? {});

if (NO_ENDPOINT.includes(report.statusCode)) {
  console.log(`note: the registry has no audit endpoint here (${report.statusCode}): nothing was learned`);
} else if (report.vulnerabilities === undefined) {
  console.log(`the audit failed: ${report.message ?? report.error?.summary ?? 'npm said nothing'}`);
  process.exitCode = 1;
}
for (const { name, severity, via } of found) {
  const advisories = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : `${cause.title} ${cause.url}`));
  const isGrave = GRAVE.includes(severity);
  console.log(`${isGrave ? '' : 'note: '}${severity}: ${name}: ${advisories.join('; ')}`);
  if (isGrave) process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
