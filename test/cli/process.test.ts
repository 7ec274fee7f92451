/** The program as a process: signals, kills, broken pipes, a terminal. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, testServer, type TestServer } from '../support/test-server.ts';

const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
let cwd: string;
let server: TestServer;
let children: ChildProcess[];

beforeEach(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-process-'));
  server = await testServer(ok);
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const LOAD = ['--slo', 'error-rate<=1%', '--name', 'shop', '--qps', '200', '--requests', '800'];

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; err: string }>;
  /** Resolves when stderr has held that text. */
  saw(text: string): Promise<void>;
}

function start(...args: string[]): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LANG: 'C.UTF-8' },
  });
  children.push(child);
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

const run = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { cwd, encoding: 'utf8' });
const requests = () =>
  (JSON.parse(run('describe', 'shop', '--local', '-o', 'json').stdout) as { observations: { requests: number }[] })
    .observations[0]?.requests ?? 0;
/** Until the folder says that so many requests were counted and saved. */
async function saved(count: number): Promise<void> {
  for (;;) {
    const text = (() => {
      try {
        return readFileSync(path.join(cwd, '.iter8/experiments/default/shop.yaml'), 'utf8');
      } catch {
        return '';
      }
    })();
    const counted = /"counted":\[\{"version":"[^"]*","tally":\{"response":\{"n":(\d+)/.exec(text)?.[1];
    if (Number(counted ?? 0) >= count) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a run', () => {
  it('that is killed goes on from its last save, and loses nothing of it', async () => {
    const first = start('run', '--local', '--url', server.url, ...LOAD);
    await saved(200);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    const before = requests();
    expect(before).toBeGreaterThanOrEqual(200);
    const second = await start('run', '--local', 'shop').ended;
    expect(second.err).toContain('goes on with it');
    expect(second.code).toBe(0);
    expect(requests()).toBe(800);
    expect(server.seen()).toBeLessThanOrEqual(800 + 400); // what the last save did not hold is sent again, no more
  });

  it('ends its load at Ctrl-C, drains, saves, says what is known, and exits 130', async () => {
    const running = start('run', '--local', '--url', server.url, ...LOAD);
    await saved(100);
    running.child.kill('SIGINT');
    const { code, out, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('stopping: load ended, saving');
    expect(err).toContain('go on with: iter8ctl run shop');
    expect(out).toMatch(/^undecided: /);
    expect(requests()).toBe(server.seen());
  });

  it('exits 143 when it is terminated', async () => {
    const running = start('run', '--local', '--url', server.url, ...LOAD);
    await saved(100);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
  });

  it('is watched by a second one, which says who drives', async () => {
    const first = start('run', '--local', '--url', server.url, ...LOAD);
    await first.saw('sending 800 requests');
    const second = await start('run', '--local', 'shop').ended;
    expect(second.err).toContain(`shop is driven by process ${first.child.pid}`);
    expect(second.code).toBe(0);
    expect(second.out).toMatch(/^promote /);
    expect((await first.ended).code).toBe(0);
    expect(server.seen()).toBe(800);
  });

  it('told as ndjson is one JSON object a line, and nothing else on stdout', async () => {
    const { out, code } = await start('run', '--local', '--url', server.url, ...LOAD, '-o', 'ndjson').ended;
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; recommendation?: { verdict: string } });
    expect(events.at(-2)).toMatchObject({ kind: 'recommendation', recommendation: { verdict: 'promote' } });
    expect(code).toBe(0);
  });
});

describe('the program', () => {
  it('is quiet and exits 0 when its reader has enough', () => {
    const file = path.join(import.meta.dirname, '../fixtures/recorded/00-first-exp/final.yaml');
    const { stdout, stderr } = spawnSync(
      'bash',
      [
        '-c',
        `set -o pipefail; for i in 1 2 3 4 5; do "$0" "$1" describe -f "$2" -o raw | head -c 1 >/dev/null || echo "exit $?"; done`,
        process.execPath,
        bin,
        file,
      ],
      { encoding: 'utf8' },
    );
    expect(stdout + stderr).toBe('');
  });

  it('explains itself, and says what is wrong with a command line in one place', () => {
    expect(run('--help').stdout).toContain('Exit codes:');
    for (const command of ['run', 'watch', 'describe', 'assert', 'get', 'plan', 'init']) {
      const { stdout, status } = run(command, '--help');
      expect(stdout).toContain(`Usage: iter8ctl ${command}`);
      expect(status).toBe(0);
    }
    for (const args of [
      [],
      ['nonsense'],
      ['describe', '--nonsense'],
      ['describe', '-o', 'nonsense'],
      ['run', '--qps', '-1'],
      ['watch', '--timeout', 'soon'],
    ]) {
      const { status, stdout, stderr } = run(...args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).not.toBe('');
    }
  });

  it('redraws in place on a terminal, fits it, and leaves only the answer', () => {
    const socket = `iter8ctl-test-${process.pid}`;
    const tmux = (...args: string[]) =>
      spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8', cwd, env: { ...process.env, LANG: 'C.UTF-8' } });
    if (tmux('-V').status !== 0)
      return expect.soft(process.env['CI'], 'tmux is needed for this test: apt-get install tmux').not.toBe('true');
    const command = `${process.execPath} ${bin} run --local --url ${server.url} ${LOAD.map((arg) => `'${arg}'`).join(' ')}; tmux -L ${socket} wait-for -S done; cat`;
    tmux('new-session', '-d', '-x', '70', '-y', '24', command);
    const done = spawn('tmux', ['-L', socket, 'wait-for', 'done']);
    children.push(done);
    return new Promise<void>((resolve) => done.once('exit', () => resolve())).then(() => {
      const screen = tmux('capture-pane', '-p').stdout.trimEnd().split('\n');
      tmux('kill-server');
      expect(screen.find((line) => line !== '' && !line.startsWith('experiment'))).toMatch(/^promote /);
      expect(screen.some((line) => line.startsWith('load '))).toBe(false);
      expect(screen.join('\n')).toMatch(/✔ satisfied/);
      return undefined;
    });
  });
});
