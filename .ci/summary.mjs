// Prints `N passed, N failed` of vitest's JSON report; fails where a test failed or none ran.
import { readFileSync } from 'node:fs';

function count(report) {
  const text = readFileSync(report, 'utf8');
  // The run ended before vitest could report.
  if (text === '') return { passed: 0, failed: 0 };
  const { numPassedTests: passed, numFailedTests, testResults, success } = JSON.parse(text);
  // A file that cannot be loaded has no failed test, and is one failure; so is an error outside all tests.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = numFailedTests + broken.length;
  return { passed, failed: success ? failed : Math.max(failed, 1) };
}

const { passed, failed } = count(process.argv[2]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
