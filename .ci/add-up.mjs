/**
 * Adds up what test runners reported as JSON, and prints it as one line. A test file that could not run is a failure. Tests
 * that passed at the second try are named: they want mending.
 */
import { existsSync, readFileSync } from 'node:fs';

const reports = process.argv.slice(2).filter((file) => existsSync(file));
const sum = { passed: 0, failed: 0 };
for (const file of reports) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + (report.numRuntimeErrorTestSuites ?? 0);
  for (const { status, invocations, fullName } of report.testResults.flatMap((file) => file.assertionResults)) {
    if (status === 'passed' && invocations > 1) console.log(`at the second try: ${fullName}`);
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = reports.length > 0 && sum.passed > 0 && sum.failed === 0 ? 0 : 1;
