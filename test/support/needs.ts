/**
 * Tests that need something which not every machine has. Where it is missing they are skipped with a reason, which the runner
 * reports in its last lines (scripts/summary-reporter.mjs).
 */
import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test, or every test of the suite, was not run. */
    skipped?: string;
  }
}

/** Options of a test or suite that is skipped when something is missing. */
export const skippedIf = (missing: string | undefined) =>
  missing === undefined ? {} : { skip: true, meta: { skipped: missing } };

/** `describe`, skipped when something is missing: what, and how to get it. */
export const describeUnless =
  (missing: string | undefined) =>
  (name: string, body: () => void): void =>
    void describe(name, skippedIf(missing), body);

/** `it`, in the same way. */
export const itUnless =
  (missing: string | undefined) =>
  (name: string, body: () => void | Promise<void>): void =>
    it(name, skippedIf(missing), body);

/** Says that the program is missing, if it is. CI installs all of them (.ci/run): there this is an error. */
export function missingProgram(program: string, versionFlag = '--version'): string | undefined {
  if (spawnSync(program, [versionFlag], { stdio: 'ignore' }).status === 0) return undefined;
  const missing = `no ${program} on this machine: apt-get install --no-install-recommends ${program}`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  return missing;
}

/** Says that Helm is missing, if it is. */
export function missingHelm(): string | undefined {
  if (spawnSync('helm', ['version'], { stdio: 'ignore' }).status === 0) return undefined;
  const missing = 'no helm on this machine: go install helm.sh/helm/v3/cmd/helm@v3.17.3';
  if (process.env['CI'] === 'true') throw new Error(missing);
  return missing;
}
