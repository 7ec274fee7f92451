/** Scripts on this machine: real bash, real processes. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScriptTask } from '../../../src/adapters/tasks/run-script.ts';
import { scriptText } from '../../../src/adapters/tasks/script-input.ts';
import { withDefaults } from '../../../src/experiment/defaults.ts';

const experiment = withDefaults(
  {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'e', namespace: 'shop' },
    spec: {
      target: "it's; rm -rf /",
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'v1' } },
    },
  },
  { namespace: 'shop' },
);

function run(script: string, change: { readonly secret?: string; readonly stop?: AbortSignal } = {}) {
  const lines: string[] = [];
  const task = createScriptTask({
    secrets: { read: () => Promise.resolve({ token: "s3cr3t-v'alue", other: 'never-used-value' }) },
    env: { PATH: process.env['PATH'] },
    onOutput: (line) => lines.push(line),
    kill: (pid, signal) => {
      try {
        process.kill(pid, signal);
      } catch {
        // it has ended
      }
    },
  });
  const done = task({
    task: { run: script, ...(change.secret === undefined ? {} : { with: { secret: change.secret } }) },
    id: 'start/0',
    experiment,
    signal: change.stop ?? new AbortController().signal,
  });
  return { lines, done };
}

it('gives it values as variables and quoted placeholders, and a folder that is gone afterwards', async () => {
  // Defect 15. Mutation: in src/adapters/tasks/script-input.ts, `return shellValue(value, before)` -> `return value`
  const { lines, done } = run(
    'echo "$ITER8_NAMESPACE/$ITER8_EXPERIMENT" @< .Spec.Target >@; echo "$SCRATCH_DIR"; touch "$SCRATCH_DIR/x"',
  );
  await done;
  expect(lines[0]).toBe("shop/e it's; rm -rf /");
  expect(existsSync(lines[1]!)).toBe(false);
});

it('keeps a secret out of its text, its command line and what is told', async () => {
  // Defect 15. Mutation: in src/adapters/tasks/run-script.ts, runScript, `redact(line, how.secrets)` -> `line`
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-test-')), 'out');
  const script = `printf '%s' @< .secret.token >@ > ${file}; tr '\\0' ' ' < /proc/$$/cmdline; echo; cat "$0"; echo "got @< .Secret "token" >@"; env`;
  const { lines, done } = run(script, { secret: 's' });
  await done;
  expect(readFileSync(file, 'utf8')).toBe("s3cr3t-v'alue");
  expect(lines.join('\n')).not.toMatch(/s3cr3t|never-used/);
  expect(lines.join('\n')).toMatch(/got \*\*\*/);
});

it('fails with the exit code and the last line', async () => {
  await expect(run('echo before; echo "no such thing" >&2; exit 3').done).rejects.toThrow(
    'the script ended with exit code 3: no such thing',
  );
});

it('ends with all that it started when the run is stopped', async () => {
  const stop = new AbortController();
  const { lines, done } = run('sleep 1000 & echo $!; wait', { stop: stop.signal });
  const failed = expect(done).rejects.toThrow();
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('stopped'));
  await failed;
  const alive = () => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${lines[0]}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  while (alive()) await new Promise((resolve) => setImmediate(resolve));
  expect(alive()).toBe(false);
});

it('refuses a placeholder that is not there, before anything runs', () => {
  expect(() => scriptText({ run: 'echo @< .Secret "x" >@' }, experiment, ['token'])).toThrow(
    /the secret has no field x/,
  );
  expect(() => scriptText({ run: 'echo @< .secret.token >@' }, experiment, undefined)).toThrow(/names no secret/);
});

it.each([
  ['echo @< .secret.token >@', 'echo "${ITER8_SECRET_1}"'],
  ['echo "x @< .secret.token >@"', 'echo "x ${ITER8_SECRET_1}"'],
  ["echo 'x @< .secret.token >@'", `echo 'x '"\${ITER8_SECRET_1}"''`],
])('refers to a secret for where it stands: %s', (written, expected) => {
  expect(scriptText({ run: written }, experiment, ['token']).text).toBe(expected);
});
