/** approve, reject, pause, resume and abort of experiments in a folder, driven by another command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iter8ctl, type TestIoOptions } from '../support/test-io.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-control-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const manifest = (actions: string) => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: shop}
spec:
  target: shop
  strategy: {testingPattern: Conformance, actions: ${actions}}
  duration: {intervalSeconds: 1, iterationsPerLoop: 1}
  versionInfo: {baseline: {name: v1}}
`;
const cli = (argv: string[], options: Partial<TestIoOptions> = {}) =>
  iter8ctl([...argv, '--local'], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', USER: 'erin', XDG_STATE_HOME: cwd },
    ...options,
  });
const write = (actions: string) => writeFileSync(path.join(cwd, 'm.yaml'), manifest(actions));
const GATE = '{task: gate, with: {message: Promote it?}}';

/** Runs it, and does something once a text is said. */
async function runAnd(said: string, act: () => Promise<void>) {
  let acted: Promise<void> | undefined;
  const ran = await cli(['run', '-f', 'm.yaml'], {
    onErr: (text) => {
      if (text.includes(said)) acted ??= act();
    },
  });
  await acted;
  return ran;
}

describe('a gate', () => {
  it('says what to type, in describe too, and is approved by it', async () => {
    write(`{finish: [${GATE}]}`);
    const seen: Record<string, string> = {};
    const { code, err } = await runAnd('waits for approval', async () => {
      seen['describe'] = (await cli(['describe', 'shop'])).out;
      seen['json'] = (await cli(['describe', 'shop', '-o', 'json'])).out;
      seen['approve'] = (await cli(['approve', 'shop'])).out;
    });
    expect(err).toContain(
      'gate of finish waits for approval: Promote it? (undecided: v1); approve with: iter8ctl approve shop --local; or: iter8ctl reject shop --local;',
    );
    expect(err).toContain(`gate of finish was approved by erin on ${hostname()}`);
    expect(seen['describe']!.replaceAll(/\s+/g, ' ')).toMatch(
      /Waiting for approval at gate finish\/0, asked (now|\d+ s ago): Promote it\?; approve with: iter8ctl approve shop --local; reject with: iter8ctl reject shop --local/,
    );
    expect(JSON.parse(seen['json']!)).toMatchObject({
      waiting: { kind: 'gate', task: 'finish/0', message: 'Promote it?' },
    });
    expect(seen['approve']).toBe('experiment.iter8.tools "shop" approved (gate finish/0)\n');
    expect(code).toBe(3);
    const debug = (await cli(['debug', 'shop', '-p', '1'])).out.replaceAll(/\s+/g, ' ');
    expect(debug).toContain(`gate of finish was approved by erin on ${hostname()}`);
  });

  it('is rejected, which fails the experiment', async () => {
    write(`{finish: [${GATE}]}`);
    const { code, out } = await runAnd('waits for approval', async () => void (await cli(['reject', 'shop'])));
    expect(code).toBe(4);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(`gate: rejected by erin on ${hostname()}`);
  });
});

it('a pause is ended by resume, and an abort ends the experiment', async () => {
  write('{start: [{task: gate}], finish: [{task: gate}]}');
  let step = 0;
  const { code, err, out } = await cli(['run', '-f', 'm.yaml'], {
    onErr: (text) => {
      if (text.includes('gate of start waits') && step === 0) {
        step = 1;
        void cli(['pause', 'shop']).then(() => cli(['approve', 'shop']));
      }
      if (text.includes('paused by') && step === 1) {
        step = 2;
        void cli(['resume', 'shop']);
      }
      if (text.includes('gate of finish waits') && step === 2) {
        step = 3;
        void cli(['abort', 'shop']);
      }
    },
  });
  expect(err).toContain('; go on with: iter8ctl resume shop --local');
  expect(err).toContain(`resumed by erin on ${hostname()}`);
  expect([step, code]).toEqual([3, 4]);
  expect(out.replaceAll(/\s+/g, ' ')).toContain(`Experiment aborted: aborted by erin on ${hostname()}`);
});

describe('is refused with exit 2', () => {
  it.each([
    ['approve', 'experiment shop waits at no gate'],
    ['reject', 'experiment shop waits at no gate'],
    ['resume', 'experiment shop is not paused'],
  ])('%s of an experiment that does not ask for it', async (verb, message) => {
    write('{start: [{run: "sleep 1000"}]}');
    await cli(['run', '-f', 'm.yaml', '--timeout', '300ms']);
    const { code, err } = await cli([verb, 'shop']);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it('everything of an experiment that has ended', async () => {
    write('{}');
    await cli(['run', '-f', 'm.yaml']);
    for (const verb of ['approve', 'reject', 'pause', 'resume', 'abort']) {
      const { code, err } = await cli([verb, 'shop']);
      expect([code, err]).toEqual([2, expect.stringContaining('experiment shop has already run to its end')]);
    }
  });
});

it('abort of an experiment that nobody drives is said to wait for its driver', async () => {
  write('{start: [{run: "sleep 1000"}]}');
  await cli(['run', '-f', 'm.yaml', '--timeout', '300ms']);
  const { code, err } = await cli(['abort', 'shop']);
  expect([code, err]).toEqual([
    0,
    expect.stringContaining('nobody drives it now; whoever does next heeds it: iter8ctl run shop --local'),
  ]);
  expect((await cli(['run', 'shop'])).out).toContain('aborted by');
});
