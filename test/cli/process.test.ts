/** The program as a process: signals, kills, broken pipes, a terminal. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingProgram } from '../support/needs.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer, type TestServer } from '../support/test-server.ts';

const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
/** A busy machine may take long for an answer: that does not fail, nor is it late. */
const PATIENT = ['--slo', 'p50<=30s'];
const LOAD = [...PATIENT, '--slo', 'error-rate<=1%', '--name', 'shop', '--qps', '400', '--requests', '400'];
/** More than is ever sent, and a limit that it never decides: for a load that is ended from outside, however slow the machine is. */
const ENDLESS = ['--slo', 'error-rate<=0.001%', '--name', 'shop', '--qps', '200', '--requests', '100000'];

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; err: string }>;
  /** Resolves when stderr has held that text. */
  saw(text: string): Promise<void>;
}

interface Place {
  readonly cwd: string;
  readonly server: TestServer;
  /** The program in this folder. */
  readonly start: (...args: string[]) => Running;
  readonly bash: (line: string) => Running['ended'];
  /** To its end. */
  readonly run: (...args: string[]) => Running['ended'];
  /** What the folder says of the requests of `shop`. */
  readonly requests: () => Promise<number>;
  /** Until the folder says that so many requests were counted and saved. */
  readonly saved: (count: number) => Promise<void>;
}

function startIn(cwd: string, program: string, args: readonly string[]): Running {
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LANG: 'C.UTF-8' },
  });
  let out = '';
  let err = '';
  const waiting: (() => void)[] = [];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
    for (const check of waiting) check();
  });
  return {
    child,
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, out, err }))),
    saw: (text) =>
      new Promise((resolve) => {
        const check = () => err.includes(text) && resolve();
        waiting.push(check);
        check();
      }),
  };
}

function countedIn(cwd: string): number {
  try {
    const text = readFileSync(path.join(cwd, '.iter8/experiments/default/shop.yaml'), 'utf8');
    return Number(/"counted":\[\{"version":"[^"]*","tally":\{"response":\{"n":(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0; // not there yet
  }
}

/** Each test has a folder and a server of its own: they run at once. */
const it = test.extend<{ place: Place }>({
  // oxlint-disable-next-line no-empty-pattern
  place: async ({}, use) => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-process-'));
    const children: ChildProcess[] = [];
    await using server = await testServer(ok);
    const startAny = (program: string, ...args: string[]) => {
      const running = startIn(cwd, program, args);
      children.push(running.child);
      return running;
    };
    const start = (...args: string[]) => startAny(process.execPath, bin, ...args);
    const run = (...args: string[]) => start(...args).ended;
    await use({
      cwd,
      server,
      start,
      bash: (line) => startAny('bash', '-c', line).ended,
      run,
      requests: async () => {
        const { out } = await run('describe', 'shop', '--local', '-o', 'json');
        return (JSON.parse(out) as { observations: { requests: number }[] }).observations[0]?.requests ?? 0;
      },
      saved: async (count) => {
        while (countedIn(cwd) < count) await new Promise((resolve) => setTimeout(resolve, 20));
      },
    });
    for (const child of children) child.kill('SIGKILL');
    rmSync(cwd, { recursive: true });
  },
});

describe.concurrent('a run', () => {
  it('that is killed goes on from its last save, and loses nothing of it', async ({
    place: { start, requests, saved },
  }) => {
    // Without answers the load cannot end before it is killed; what is open then counts as an error.
    const slow = await testServer((_, response, k) => {
      if (k < 250) response.end('ok');
    });
    const load = ['--slo', 'error-rate<=99%', '--name', 'shop', '--qps', '400', '--requests', '800', '--no-extend'];
    const first = start('run', '--local', '--url', slow.url, ...load);
    await saved(200);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    // Another one at the same place sees what the second run sends, and nothing of what is still under way.
    await slow[Symbol.asyncDispose]();
    await using fast = await testServer(ok, { port: slow.port });
    const before = await requests();
    expect(before).toBeGreaterThanOrEqual(200);
    const second = await start('run', '--local', 'shop').ended;
    expect(second.err).toContain('goes on with it');
    expect(second.code).toBe(0);
    expect(await requests()).toBe(800);
    expect(fast.seen()).toBe(800 - before); // what the last save did not hold is sent again, no more
  });

  it('ends its load at Ctrl-C, drains, saves, says what is known, and exits 130', async ({
    place: { server, start, requests, saved },
  }) => {
    const running = start('run', '--local', '--url', server.url, ...ENDLESS);
    await saved(100);
    running.child.kill('SIGINT');
    const { code, out, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('stopping: load ended, saving');
    expect(err).toContain('go on with: iter8ctl run shop');
    expect(out).toMatch(/^undecided: /);
    expect(await requests()).toBe(server.seen());
  });

  it('exits 143 when it is terminated', async ({ place: { server, start, saved } }) => {
    const running = start('run', '--local', '--url', server.url, ...ENDLESS);
    await saved(100);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
  });

  it('is watched by a second one, which says who drives', async ({ place: { cwd, server, start } }) => {
    // The first one waits for this file before its load.
    const gate = path.join(cwd, 'gate');
    const collect = {
      task: 'metrics/collect',
      with: { numQueries: 400, qps: 400, timeout: '60s', versions: [{ name: 'v1', url: server.url }] },
    };
    writeFileSync(
      path.join(cwd, 'e.json'),
      JSON.stringify({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name: 'shop' },
        spec: {
          target: 'shop',
          strategy: {
            testingPattern: 'Conformance',
            actions: { start: [{ run: `while [ ! -e '${gate}' ]; do sleep 0.1; done` }, collect] },
          },
          criteria: {
            objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.01' }],
            strength: { extend: false },
          },
          duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
          versionInfo: { baseline: { name: 'v1' } },
        },
      }),
    );
    const first = start('run', '--local', '-f', 'e.json');
    await first.saw('run of start started');
    const second = start('run', '--local', 'shop');
    await second.saw(`shop is driven by process ${first.child.pid}`);
    writeFileSync(gate, '');
    const watched = await second.ended;
    expect(watched.code, watched.err).toBe(0);
    expect(watched.out).toMatch(/^promote /);
    expect((await first.ended).code).toBe(0);
    expect(server.seen()).toBe(400);
  });

  it('reported as ndjson is one JSON object a line, and nothing else on stdout', async ({
    place: { server, start },
  }) => {
    const { out, code } = await start('run', '--local', '--url', server.url, ...LOAD, '-o', 'ndjson').ended;
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; recommendation?: { verdict: string } });
    expect(events.at(-2)).toMatchObject({ kind: 'recommendation', recommendation: { verdict: 'promote' } });
    expect(code).toBe(0);
  });
});

describe.concurrent('the program', () => {
  it('is quiet and exits 0 when its reader has enough', async ({ place: { bash } }) => {
    const file = path.join(import.meta.dirname, '../fixtures/recorded/00-first-exp/final.yaml');
    const { out, err } = await bash(
      `set -o pipefail; for i in 1 2 3 4 5; do '${process.execPath}' '${bin}' describe -f '${file}' -o raw | head -c 1 >/dev/null || echo "exit $?"; done`,
    );
    expect(out + err).toBe('');
  });

  it('explains itself, and says what is wrong with a command line in one place', async ({ place: { cwd, run } }) => {
    expect((await run('--help')).out).toContain('Exit codes:');
    // One of each as a process; all others by the same entry, without one.
    for (const command of ['run', 'watch', 'describe', 'assert', 'get', 'plan', 'init']) {
      const args = [command, '--help'];
      const { out, code } = await (command === 'run' ? run(...args) : iter8ctl(args, { cwd }));
      expect(out).toContain(`Usage: iter8ctl ${command}`);
      expect(code).toBe(0);
    }
    for (const args of [
      [],
      ['nonsense'],
      ['describe', '--nonsense'],
      ['describe', '-o', 'nonsense'],
      ['run', '--qps', '-1'],
      ['watch', '--timeout', 'soon'],
    ]) {
      const { code, out, err } = await (args.length < 2 ? run(...args) : iter8ctl(args, { cwd }));
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).not.toBe('');
    }
  });

  it('redraws in place on a terminal, fits it, and leaves only the answer', async ({
    place: { cwd, server },
    skip,
  }) => {
    const missing = missingProgram('tmux', '-V');
    if (missing !== undefined) skip(missing);
    const socket = `iter8ctl-test-${process.pid}`;
    const tmux = (...args: string[]) =>
      spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8', cwd, env: { ...process.env, LANG: 'C.UTF-8' } });
    const command = `${process.execPath} ${bin} run --local --url ${server.url} ${LOAD.map((arg) => `'${arg}'`).join(' ')}; tmux -L ${socket} wait-for -S done; cat`;
    tmux('new-session', '-d', '-x', '70', '-y', '24', command);
    const done = spawn('tmux', ['-L', socket, 'wait-for', 'done']);
    await new Promise<void>((resolve) => done.once('exit', () => resolve()));
    const screen = tmux('capture-pane', '-p').stdout.trimEnd().split('\n');
    tmux('kill-server');
    expect(screen.find((line) => line !== '' && !line.startsWith('experiment'))).toMatch(/^promote /);
    expect(screen.some((line) => line.startsWith('load '))).toBe(false);
    expect(screen.join('\n')).toMatch(/✔ satisfied/);
  });
});
