/**
 * Reads what `npm audit --json` wrote into a file, and fails where something is known against a package, or nothing could be learned.
 * Not every registry can be asked: one that has no such endpoint is said to have none, and is no failure.
 */
import { readFileSync } from 'node:fs';

/** What a registry answers where it knows no audits: not found, not allowed, not implemented. */
const NO_ENDPOINT = [404, 405, 501];

const text = readFileSync(process.argv[2], 'utf8').trim();
const report = JSON.parse(text === '' ? '{}' : text);
const found = Object.values(report.vulnerabilities ?? {});

if (NO_ENDPOINT.includes(report.statusCode)) {
  console.log(`note: the registry has no audit endpoint here (${report.statusCode}): nothing was learned`);
} else if (report.vulnerabilities === undefined) {
  console.log(`the audit failed: ${report.message ?? report.error?.summary ?? 'npm said nothing'}`);
  process.exitCode = 1;
} else if (found.length > 0) {
  for (const { name, severity, via } of found) {
    const advisories = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : `${cause.title} ${cause.url}`));
    console.log(`${severity}: ${name}: ${advisories.join('; ')}`);
  }
  process.exitCode = 1;
}
