// Counts a vitest JSON report. Pure.

/**
 * A file that could not be loaded has no tests, and counts as one failure; so does a runner that failed without saying
 * why, and one that ran nothing at all (unless all of it is to be skipped).
 */
export function countReport(report, exitStatus, allSkipped = false) {
  const files = report.testResults ?? [];
  const broken = files.filter(
    (file) => file.status === 'failed' && !(file.assertionResults ?? []).some((test) => test.status === 'failed'),
  ).length;
  const passed = report.numPassedTests ?? 0;
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  let failed = (report.numFailedTests ?? 0) + broken;
  if (failed === 0 && (exitStatus !== 0 || (passed === 0 && !(allSkipped && skipped > 0)))) failed = 1;
  return { passed, failed, skipped };
}

export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
