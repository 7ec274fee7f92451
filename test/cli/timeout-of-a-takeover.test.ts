/** `run --timeout` is about the command: also where it first watches another driver, and goes on when that one is gone. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Clock } from '../../src/io.ts';
import { testIo } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
const TIMEOUT_MS = 77 * 3_600_000;

it('is over at one time, whoever drives by then', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-takeover-'));
  const server = await testServer(ok);
  try {
    const load = ['--slo', 'error-rate<=0.001%', '--qps', '200', '--requests', '100000'];
    const args = ['run', '--local', '--url', server.url, '--name', 'shop', ...load];
    const first = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    const gone = new Promise((resolve) => first.once('close', resolve));
    await new Promise<void>((resolve) => {
      first.stderr.on('data', (data: Buffer) => data.toString().includes('sending 100,000 requests') && resolve());
    });

    // The hours of the timeout pass when the second one drives.
    const limits: { readonly signal: AbortSignal | undefined; readonly over: () => void }[] = [];
    const io = testIo({ cwd, onErr: (text) => onErr(text) });
    const clock: Clock = {
      ...io.clock,
      sleep: (ms, signal) => {
        if (ms !== TIMEOUT_MS) return io.clock.sleep(ms, signal);
        if (isDriven) io.send('SIGINT'); // it would begin again
        return new Promise((resolve) => limits.push({ signal, over: resolve }));
      },
    };
    let isDriven = false;
    const onErr = (text: string) => {
      if (text.includes(`is driven by process ${first.pid}`)) first.kill('SIGKILL');
      if (!text.includes('its driver is gone')) return;
      isDriven = true;
      for (const { signal, over } of limits) if (signal?.aborted !== true) over();
    };
    const code = await run(['run', '--local', 'shop', '--timeout', '77h'], { ...io, clock });
    await gone;
    expect([isDriven, limits.length, code]).toEqual([true, 1, 5]);
    expect(io.err()).toContain('shop did not end within the timeout');
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
