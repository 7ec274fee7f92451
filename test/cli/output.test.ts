/** Exit codes of the process itself: readers that go away, full disks, signals, bugs. 1 means "no", and nothing else. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingProgram } from '../support/needs.ts';
import { firstOf, inFull } from '../support/search-depth.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer, type TestServer } from '../support/test-server.ts';

const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
const recorded = path.join(import.meta.dirname, '../fixtures/recorded/00-first-exp/final.yaml');
interface Shell {
  readonly cwd: string;
  readonly server: TestServer;
  /** A line of bash, without blocking the server that it talks to; what it prints. */
  readonly bash: (line: string, env?: Readonly<Record<string, string>>) => Promise<{ out: string; err: string }>;
  /** The command that sends so many requests. */
  readonly run: (requests: number) => string;
  /** One that sends more than anybody waits for, and never decides: for whatever happens in the middle of a load. */
  readonly endless: string;
}

async function shellIn(cwd: string, server: TestServer, children: ChildProcess[]): Promise<Shell> {
  writeFileSync(path.join(cwd, 'iter8ctl'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, { mode: 0o755 });
  // The limit of 30 s: a busy machine may take long for an answer, which does not fail, nor is it late.
  const run = (requests: number, limit = '1%') =>
    `iter8ctl run --local --url ${server.url} --slo 'p50<=30s' --slo 'error-rate<=${limit}' --name shop --qps 200 --requests ${requests}`;
  return {
    cwd,
    server,
    run,
    endless: run(100_000, '0.001%'),
    bash: async (line, env = {}) => {
      const child = spawn('bash', ['-c', line], {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ITER8_DIR: path.join(cwd, '.iter8'), PATH: `${cwd}:${process.env['PATH']}`, ...env },
      });
      children.push(child);
      let [out, err] = ['', ''];
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      child.stderr.on('data', (data: Buffer) => (err += data.toString()));
      await new Promise((resolve) => child.once('close', resolve));
      return { out, err };
    },
  };
}

/** Each test has a folder and a server of its own: they run at once. */
const it = test.extend<{ shell: Shell }>({
  // oxlint-disable-next-line no-empty-pattern
  shell: async ({}, use) => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-output-'));
    const children: ChildProcess[] = [];
    await using server = await testServer(ok);
    await use(await shellIn(cwd, server, children));
    for (const child of children) child.kill('SIGKILL');
    rmSync(cwd, { recursive: true });
  },
});

/** Until the first requests are saved. */
const SAVED = `until grep -q '"n":' .iter8/experiments/default/shop.yaml 2>/dev/null; do sleep 0.1; done`;
/** A command in the background until its standard error has that text. */
const untilSaid = (command: string, text: string) =>
  `${command} 2>said >/dev/null & until grep -q '${text}' said; do sleep 0.1; done; kill $!; wait $!; cat said >&2`;

describe.concurrent('a reader that goes away', () => {
  it('stops a run whose events it read, as SIGTERM does: saved, to be resumed', async ({
    shell: { bash, endless },
  }) => {
    const { out, err } = await bash(`${endless} -o ndjson | head -n 3 | wc -l; echo \${PIPESTATUS[0]}`);
    expect(out).toBe('3\n143\n');
    expect(err).toContain('what was measured is saved; go on with: iter8ctl run shop --local');
    const looked = await bash('iter8ctl describe --local; iter8ctl get --local; iter8ctl get -o json --local');
    expect(looked.out).toContain('Driver      nobody drives it; go on with: iter8ctl run shop --local');
    expect(looked.out).toMatch(/^shop .* \(nobody drives it\) /m);
    expect(looked.out).toContain('"drivenBy": null');
    const watched = await bash(untilSaid('iter8ctl watch shop --local', 'nobody drives'));
    expect(watched.err).toContain('nobody drives shop; go on with: iter8ctl run shop --local');
    await bash(untilSaid('iter8ctl run --local shop', 'goes on with it'));
  });

  it('sees who drives a run that goes on', async ({ shell: { bash, endless } }) => {
    const { out } = await bash(
      `${endless} 2>err & driver=$!; ${SAVED}; iter8ctl get --local; iter8ctl describe --local -o json | grep drivenBy; iter8ctl watch --local shop 2>watched >/dev/null & until [ -s watched ]; do sleep 0.1; done; grep -c nobody watched; kill $! $driver; wait`,
    );
    expect(out).not.toContain('nobody');
    expect(out).toMatch(/"drivenBy": "process \d+ on .*",\n0\n/m);
  });

  it('ends no run that it read the story of', async ({ shell: { bash, run } }) => {
    const { out } = await bash(`${run(300)} 2> >(head -n 1 >/dev/null) >answer; echo $?; head -c 8 answer`);
    expect(out).toBe('0\npromote ');
  });

  it.for(
    firstOf<[string, number]>(2, [
      [`assert -f ${recorded} -c failed`, 1],
      [`describe -f ${recorded} --exit-code`, 3],
      [`assert -f ${recorded} -c nonsense`, 2],
      ['assert absent --local -c failed', 6],
      ['--help', 0],
    ]),
  )('changes no exit code: %s', async ([command, code], { shell: { bash } }) => {
    const plain = await bash(`iter8ctl ${command} >/dev/null; echo $?`);
    expect(plain.out).toBe(`${code}\n`);
    const { out } = await bash(`{ iter8ctl ${command} 2>&1; echo $? >&3; } 3>code | true; wait; cat code`);
    expect(out).toBe(`${code}\n`);
  });
});

describe.concurrent('a full disk', inFull, () => {
  it('behind standard output is exit 7 with one sentence, whatever the answer', async ({ shell: { bash } }) => {
    const commands = [`assert -f ${recorded} -c failed`, `assert -f ${recorded} -c completed`, '--help'];
    for (const command of firstOf(1, commands)) {
      const { out, err } = await bash(`iter8ctl ${command} >/dev/full; echo $?`);
      expect(out).toBe('7\n');
      expect(err).toBe('error: standard output cannot be written: no space left on device\n');
    }
  });

  it('behind standard output ends no run before its end', async ({ shell: { bash, run } }) => {
    const { out } = await bash(
      `${run(300)} >/dev/full 2>/dev/null; echo $?; iter8ctl assert shop --local -c successful`,
    );
    expect(out).toBe('7\nshop: successful holds\n');
  });

  it('behind a report is said with what helps', async ({ shell: { bash, run } }) => {
    const { out, err } = await bash(`${run(300)} --report html=/dev/full >/dev/null; echo $?`);
    expect(out).toBe('7\n');
    expect(err).toContain('error: the report cannot be written to /dev/full: no space left on the device\n');
    expect(err).toContain('make room there');
  });

  it('behind store and report: a task that must not be done twice is not begun, and what ended the run comes last', async ({
    shell: { bash, cwd, server },
  }) => {
    const collect = { numQueries: 40, qps: 200, versions: [{ name: 'v1', url: server.url }] };
    const experiment = {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'shop' },
      spec: {
        target: 'shop',
        strategy: {
          testingPattern: 'Conformance',
          actions: { start: [{ task: 'metrics/collect', with: collect }, { run: 'echo begun' }] },
        },
        criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.3' }] },
        duration: { intervalSeconds: 1 },
        versionInfo: { baseline: { name: 'v1' } },
      },
    };
    writeFileSync(path.join(cwd, 'shop.json'), JSON.stringify(experiment));
    // A limit on the size of files is what a test can have of a full disk.
    const { out, err } = await bash(
      '(ulimit -f 3; iter8ctl run --local -f shop.json --report html=/dev/full); echo $?; iter8ctl run --local shop',
    );
    expect(out).toMatch(/^7\npromote v1\n/);
    const [full, , later] = err.split(/^(error: .*the file would be larger than it may be)$/m);
    expect(full).toContain('cannot save for now, going on');
    expect(full).not.toContain('run: begun');
    expect(err).toMatch(/^error: run of start is not begun, since it could be done twice: cannot write /m);
    expect(full).toMatch(/\nwarning: the report cannot be written to .dev.full: no space left on the device\n$/);
    expect(later).toMatch(/^\n {2}what was measured since .* is lost; when .* go on with: iter8ctl run shop --local\n/);
    expect(later).toContain('run: begun');
  });

  it('behind standard error ends nothing', async ({ shell: { bash, run } }) => {
    const { out } = await bash(`${run(300)} 2>/dev/full | head -c 8; echo " \${PIPESTATUS[0]}"`);
    expect(out).toBe('promote  0\n');
    expect((await bash('iter8ctl nonsense 2>/dev/full; echo $?')).out).toBe('2\n');
  });

  it('that takes a part of a write is noticed', async ({ shell: { bash } }) => {
    // A limit on the size of files stands for a disk with little room; node ignores SIGXFSZ.
    const { out, err } = await bash(
      `(ulimit -f 1; iter8ctl describe -f ${recorded} -o raw >answer; echo $?); wc -c <answer`,
    );
    expect(out).toBe('7\n1024\n');
    expect(err).toMatch(/^error: standard output cannot be written: file too large\n$/);
  });
});

describe.concurrent('the end of the process', () => {
  it('is 143 when the terminal is closed (SIGHUP), with everything saved', async ({ shell: { bash, endless } }) => {
    const { out, err } = await bash(`${endless} & ${SAVED}; kill -HUP $!; wait $!; echo $?`);
    expect(out).toMatch(/\n143\n$/);
    expect(err).toContain('stopping: load ended, saving');
  });

  it('comes as ever when the terminal has gone and nobody said so', async ({ shell: { bash, run, cwd }, skip }) => {
    const socket = `iter8ctl-output-${process.pid}`;
    const missing = missingProgram('tmux', '-V');
    if (missing !== undefined) skip(missing);
    writeFileSync(path.join(cwd, 'window'), `trap '' HUP\n${run(600)} 2>err\necho $? >code\n`);
    await bash(
      `tmux -L ${socket} new-session -d "bash --norc window"; ${SAVED}; tmux -L ${socket} kill-server; until [ -s code ]; do sleep 0.1; done`,
    );
    expect(readFileSync(path.join(cwd, 'code'), 'utf8')).toBe('0\n');
    expect(readFileSync(path.join(cwd, 'err'), 'utf8')).not.toContain('Assertion failed');
  });

  it('comes no sooner than a limit of more than 24.8 days', async ({ shell: { bash, run } }) => {
    const { out } = await bash(`${run(100)} --timeout 700h | head -n 1; echo \${PIPESTATUS[0]}`);
    expect(out).toMatch(/^promote .*\n0\n$/);
    for (const command of ['watch --local absent', 'assert --local absent -c failed'])
      expect((await bash(`timeout -s KILL 1 iter8ctl ${command} --timeout 99999h; echo $?`)).out).toBe('137\n');
  });

  it('is 70 after a throw that no command could catch', async ({ shell: { bash, endless, cwd } }) => {
    const preload = path.join(cwd, 'preload.mjs');
    // Once the program is there, and in the middle of something.
    writeFileSync(
      preload,
      `const loaded = setInterval(() => {
        if (process.listenerCount('uncaughtException') === 0) return;
        clearInterval(loaded);
        setTimeout(() => { throw new Error('thrown from nowhere'); }, 300);
      }, 10).unref();`,
    );
    const { out, err } = await bash(`${endless} >/dev/null; echo $?`, { NODE_OPTIONS: `--import ${preload}` });
    expect(out).toBe('70\n');
    expect(err).toMatch(/error: this is a bug in iter8ctl, please report it\nError: thrown from nowhere/);
  });

  it('is 70 when the program cannot be loaded', ({ shell: { cwd } }) => {
    const broken = mkdtempSync(path.join(cwd, 'broken-'));
    spawnSync('cp', ['-r', path.dirname(bin), broken]);
    spawnSync('mkdir', [path.join(broken, 'dist')]);
    writeFileSync(path.join(broken, 'dist/main.cjs'), "throw new Error('half a file')");
    writeFileSync(path.join(broken, 'package.json'), '{"type":"module"}');
    const { status, stderr } = spawnSync(process.execPath, [path.join(broken, 'bin/iter8ctl.js')], {
      encoding: 'utf8',
    });
    expect(status).toBe(70);
    expect(stderr).toContain('iter8ctl cannot be loaded');
  });

  it('is 7 with a sentence when the current folder is gone', async ({ shell: { bash } }) => {
    const { out, err } = await bash('mkdir gone; cd gone; rmdir ../gone; iter8ctl get --local --dir x; echo $?');
    expect(out).toBe('7\n');
    expect(err).toContain('error: the current folder is gone');
  });
});

it('an argument that a usage error repeats is one line of visible text', async ({ shell: { cwd } }) => {
  for (const args of [
    ['\u001b]0;PWN\u0007\u202e\nerror: fine'],
    ['get', '-o', '\u001b[31m\nx'],
    ['get', '--\u001b[31m\n(Did you mean --force?)'],
    ['run', '--qps', '\u001b[2J'],
    ['plan', 'a', '\u001b[2J'],
  ]) {
    const { code, err } = await iter8ctl(args, { cwd });
    expect(code).toBe(2);
    // oxlint-disable-next-line no-control-regex
    expect(err).not.toMatch(/[\u001b\u0007\u202e]|^error: fine|^\(Did/m);
  }
  expect(spawnSync(process.execPath, [bin, 'descibe'], { encoding: 'utf8' }).stderr).toMatch(
    /^error: unknown command 'descibe'\n\(Did you mean describe\?\)\n/,
  );
});
