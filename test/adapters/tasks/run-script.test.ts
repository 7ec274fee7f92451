/** Scripts on this machine: real bash, real processes. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScriptTask } from '../../../src/adapters/tasks/run-script.ts';
import { scriptInput } from '../../../src/adapters/tasks/script-input.ts';
import { jobObject } from '../../../src/adapters/tasks/run-script-as-job.ts';
import { testIo } from '../../support/test-io.ts';
import { plainExperiment } from '../../support/plain-experiment.ts';

const experiment = plainExperiment(
  {
    target: "it's; rm -rf /",
    versionInfo: { baseline: { name: 'v1' } },
  },
  { namespace: 'shop' },
);

const io = testIo({ cwd: '/' });

interface Change {
  readonly with?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  readonly secrets?: Record<string, string>;
  readonly stop?: AbortSignal;
}

function run(script: string, change: Change = {}) {
  const lines: string[] = [];
  const task = createScriptTask({
    secrets: { read: () => Promise.resolve(change.secrets ?? { token: "s3cr3t-v'alue", other: 'never-used-value' }) },
    env: { PATH: process.env['PATH'], ...change.env },
    onOutput: (line) => lines.push(line),
    clock: io.clock,
    kill: (pid, signal) => io.kill(pid, signal),
  });
  const done = task({
    task: { run: script, ...(change.with === undefined ? {} : { with: change.with }) },
    id: 'start/0',
    experiment,
    signal: change.stop ?? new AbortController().signal,
  });
  return { lines, done };
}

/** Whether a process runs; one that is dead and not yet collected does not. */
const alive = (pid: string | undefined) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

it('gives it values as variables and quoted placeholders, and a folder that is gone afterwards', async () => {
  // Defect 15. Mutation: in src/expressions/script-placeholders.ts, `return placeMark(sources.push(source) - 1);` -> `return value;`
  const { lines, done } = run(
    'echo "$ITER8_NAMESPACE/$ITER8_EXPERIMENT" @< .Spec.Target >@; echo "$SCRATCH_DIR"; touch "$SCRATCH_DIR/x"',
  );
  await done;
  expect(lines[0]).toBe("shop/e it's; rm -rf /");
  expect(existsSync(lines[1]!)).toBe(false);
});

it('keeps a secret out of its text, its command line and what is reported', async () => {
  // Defect 15. Mutation: in src/adapters/tasks/script-output.ts, `redact(line, secrets)` -> `line`
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-test-')), 'out');
  const script = `printf '%s' @< .secret.token >@ > ${file}; tr '\\0' ' ' < /proc/$$/cmdline; echo; cat "$0"; set -- @< .Secret "token" >@; echo "got $1"; env`;
  const { lines, done } = run(script, { with: { secret: 's' } });
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
  expect(alive(lines[0])).toBe(false);
});

it('ends what the script leaves running when it has ended, and does not wait for it', async () => {
  const { lines, done } = run(
    'sleep 1000 & echo $!; (trap "" TERM; echo $BASHPID; touch up; while :; do sleep 0.1; done) & until [ -e up ]; do sleep 0.01; done',
  );
  await done;
  expect(lines).toHaveLength(2);
  expect(lines.filter(alive)).toEqual([]);
});

it('is not held up by what has left its group and keeps its output open', async () => {
  const { lines, done } = run('setsid sleep 1000 & echo $!');
  await done;
  expect(lines).toHaveLength(1);
  if (alive(lines[0])) process.kill(Number(lines[0]), 'SIGKILL');
});

it('ends a script that is not done in time', async () => {
  await expect(run('echo before; sleep 1000', { with: { timeout: '200ms' } }).done).rejects.toThrow(
    'the script was ended: not done within 0.2 s',
  );
});

it('sees a listed environment, and none of our credentials', async () => {
  const { lines, done } = run('env | cut -d= -f1 | sort; echo "$https_proxy"', {
    env: {
      AWS_SECRET_ACCESS_KEY: 'a',
      GITHUB_TOKEN: 'b',
      KUBECONFIG: '/c',
      BASH_ENV: '/d',
      HOME: '/e',
      LC_ALL: 'C',
      https_proxy: 'http://user:p%40ss@proxy:3128/',
    },
  });
  await done;
  expect(lines.at(-1)).toBe('http://proxy:3128/');
  expect(lines.slice(0, -1).filter((name) => !name.startsWith('ITER8_'))).toEqual(
    ['HOME', 'LC_ALL', 'PATH', 'PWD', 'SCRATCH_DIR', 'SHLVL', '_', 'https_proxy'].toSorted(),
  );
});

it('shows a bounded part of what it prints, reads the rest, and shows no part of a secret', async () => {
  const token = 'k'.repeat(30) + '-secret-' + 'm'.repeat(30);
  const { lines, done } = run(
    'set -- @< .secret.token >@; printf "%08170d%s%09000d\\n" 0 "$1" 0; head -c 300000 /dev/zero | tr "\\0" "x"; echo; yes | head -n 1000000; exit 3',
    { with: { secret: 's' }, secrets: { token } },
  );
  await expect(done).rejects.toThrow('the script ended with exit code 3');
  expect(lines.at(-1)).toBe('(it prints more than 1 MiB or 10,000 lines: the rest is left out)');
  expect(lines.join('').length).toBeLessThan(1_100_000);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(8_300);
  expect(lines.join('\n')).not.toMatch(/kkk|mmm|secret-/);
});

it('ends an earlier start of the same script that a killed driver left running', async () => {
  const first = run('echo $$; sleep 1000');
  const failed = expect(first.done).rejects.toThrow('the script ended with signal SIGTERM');
  while (first.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = run('echo again');
  await second.done;
  expect(alive(first.lines[0])).toBe(false);
  expect(second.lines).toEqual(['(ended: the same script, left running by a driver that was killed)', 'again']);
  await failed;
});

it('says why it cannot be given a folder, and gives it one whatever the umask', async () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = '/nonexistent';
  try {
    await expect(run('true').done).rejects.toThrow(/^a folder for the script cannot be made in \/nonexistent: /);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});

it('refuses values that no environment can hold, without showing them', async () => {
  const secrets = { token: 'zero\0byte' };
  await expect(run('echo @< .secret.token >@', { with: { secret: 's' }, secrets }).done).rejects.toThrow(
    'the value of ITER8_V1 holds a zero byte: no script can get it',
  );
  const long = { token: 'x'.repeat(200_000) };
  await expect(run('echo @< .secret.token >@', { with: { secret: 's' }, secrets: long }).done).rejects.toThrow(
    'the value of ITER8_V1 has more than 100000 bytes, which no environment holds',
  );
});

it('refuses a placeholder that is not there, before anything runs', () => {
  expect(() => scriptInput({ run: 'echo @< .Secret "x" >@' }, experiment, ['token'])).toThrow(
    /the secret has no field x/,
  );
  expect(() => scriptInput({ run: 'echo @< .secret.token >@' }, experiment, undefined)).toThrow(/names no secret/);
});

it('names the secret fields that it uses, and no others', () => {
  const { text, env, secretEnv } = scriptInput({ run: 'echo @< .Name >@ @< .secret.token >@' }, experiment, [
    'token',
    'other',
  ]);
  expect(text).toBe('echo "$ITER8_V1" "$ITER8_V2"');
  expect(env).toMatchObject({ ITER8_V1: 'e', ITER8_TARGET: "it's; rm -rf /" });
  expect(secretEnv).toEqual({ ITER8_V2: 'token' });
});

it('is a Job that gets text and values as they are, and ends at its timeout', () => {
  const task = { run: 'echo $(hostname) $$ @< .secret.token >@ @< .Spec.Target >@' };
  const target = { ...experiment, spec: { ...experiment.spec, target: '$(ITER8_V1) $$' } };
  const call = { task, id: 'start/0', experiment: target, signal: new AbortController().signal };
  const { spec } = jobObject(call, scriptInput(task, target, ['token']), {
    image: 'i',
    serviceAccount: 'a',
    secretName: 's',
    timeoutMs: 90_500,
  });
  expect(spec.activeDeadlineSeconds).toBe(91);
  const [container] = spec.template.spec.containers;
  // Source: Kubernetes replaces `$(NAME)` in command and env, and `$$` by `$`.
  expect(container!.command).toEqual(['bash', '-c', 'echo $$(hostname) $$$$ "$$ITER8_V1" "$$ITER8_V2"']);
  expect(container!.env).toContainEqual({ name: 'ITER8_V2', value: '$$(ITER8_V1) $$$$' });
  expect(container!.env).toContainEqual({ name: 'ITER8_V1', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } });
});
