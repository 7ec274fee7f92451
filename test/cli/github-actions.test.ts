/** A step of GitHub Actions: group, annotations, job summary and outputs come by themselves, and no text of others steers it. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { githubActions } from '../../src/cli/ci-report.ts';
import { run } from '../../src/cli/program.ts';
import { outputs, workflowCommand } from '../../src/report/github-actions.ts';
import type { ExperimentView } from '../../src/view/experiment-view.ts';
import { obeyed, outputsIn } from '../support/github-runner.ts';
import { iter8ctl, testIo, type TestIo } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

function step() {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-github-'));
  const [summary, output] = [path.join(cwd, 'summary'), path.join(cwd, 'output')];
  writeFileSync(summary, '');
  writeFileSync(output, '');
  return {
    cwd,
    env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output },
    summary: () => readFileSync(summary, 'utf8'),
    outputs: () => outputsIn(readFileSync(output, 'utf8')),
  };
}

const RUN = ['run', '--local', '--name', 'hello', '--no-extend', '--qps', '200', '--duration', '0.5s'];

describe('run', () => {
  it('says what is promoted', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    const { cwd, env, summary, outputs: set } = step();
    const slo = ['--url', server.url, '--slo', 'error-rate<=10%'];
    const { code, err } = await iter8ctl([...RUN, ...slo, '--report', 'html=r.html', '--report', 'junit=r.xml'], {
      cwd,
      env,
    });
    expect(code, err).toBe(0);
    const commands = obeyed(err);
    expect(commands.map(({ name }) => name)).toEqual(['group', 'endgroup', 'notice']);
    expect(commands[2]).toMatchObject({ title: 'default/hello', message: expect.stringMatching(/^promote /) });
    expect(summary()).toMatch(/^## ✅ promote /);
    const { version, ...others } = set();
    expect(others).toEqual({ verdict: 'promote', report: `${path.join(cwd, 'r.html')}\n${path.join(cwd, 'r.xml')}` });
    expect(version).not.toBe('');
  });

  it('says what is not, with the objective that is violated', async () => {
    await using server = await testServer((_, response) => {
      response.statusCode = 503;
      response.end();
    });
    const { cwd, env, summary, outputs: set } = step();
    const slo = ['--url', server.url, '--slo', 'error-rate<=10%', '--slo', 'p95<=10s'];
    const { code, err } = await iter8ctl([...RUN, ...slo], { cwd, env });
    expect(code, err).toBe(1);
    const errors = obeyed(err).filter(({ name }) => name === 'error');
    expect(errors[0]?.message).toMatch(/^do not promote/);
    expect(errors.slice(1).map(({ message }) => message)).toEqual([expect.stringContaining('error-rate')]);
    expect(summary()).toContain('do not promote');
    expect(set()).toMatchObject({ verdict: 'do not promote', report: '' });
  });

  it('is undecided where it was interrupted, whatever it says so far', async () => {
    let io: TestIo | undefined;
    await using server = await testServer((_, response, k) => {
      response.end('fine');
      if (k === 100) io?.send('SIGTERM');
    });
    const { cwd, env, outputs: set } = step();
    io = testIo({ cwd, env });
    const load = ['--url', server.url, '--slo', 'error-rate<=50%', '--qps', '200', '--duration', '10m'];
    expect(await run(['run', '--local', '--name', 'hello', ...load], io), io.err()).toBe(143);
    expect(set()).toMatchObject({ verdict: 'undecided' });
    expect(obeyed(io.err()).at(-1)?.name).toBe('warning');
  });

  it('keeps the baseline where it was interrupted, whoever is ahead so far', async () => {
    let io: TestIo | undefined;
    await using server = await testServer((_, response, k) => {
      response.end('fine');
      if (k === 600) io?.send('SIGTERM');
    });
    const { cwd, env, summary, outputs: set } = step();
    io = testIo({ cwd, env });
    const load = ['--slo', 'error-rate<=50%', '--qps', '200', '--duration', '10m'];
    const versions = ['--url', `old=${server.url}`, '--url', `new=${server.url}`];
    expect(await run(['run', '--local', '--name', 'hello', ...versions, ...load], io), io.err()).toBe(143);
    expect(summary()).toMatch(/^## ❔ so far: promote new/);
    expect(set()).toMatchObject({ verdict: 'undecided', version: 'old' });
  });

  it('ends with 7 where an output cannot be written: a pipeline must not act on nothing', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    const { cwd, env } = step();
    const slo = ['--url', server.url, '--slo', 'error-rate<=10%'];
    const { code, err } = await iter8ctl([...RUN, ...slo], {
      cwd,
      env: { ...env, GITHUB_OUTPUT: path.join(cwd, 'missing/output') },
    });
    expect(code).toBe(7);
    expect(err.replaceAll(/\s+/g, ' ')).toMatch(/the outputs of the step cannot be written to .*missing\/output/);
    obeyed(err); // commands are obeyed again
  });

  it('does none of it with --ci none, nor elsewhere', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    const { cwd, env, summary, outputs: set } = step();
    const slo = ['--url', server.url, '--slo', 'error-rate<=10%', '--restart'];
    const off = await iter8ctl([...RUN, ...slo, '--ci', 'none'], { cwd, env });
    const elsewhere = await iter8ctl([...RUN, ...slo], { cwd, env: { ...env, GITHUB_ACTIONS: '' } });
    expect([off.code, elsewhere.code]).toEqual([0, 0]);
    expect(off.err + elsewhere.err).not.toMatch(/^::/m);
    expect([summary(), set()]).toEqual(['', {}]);
  });
});

it('judge does the same of what others measured', async () => {
  const { cwd, env, outputs: set } = step();
  const lines = Array.from({ length: 200 }, (_, k) =>
    JSON.stringify({ s: 503, d: 10, t: new Date(Date.UTC(2026, 0, 1) + 100 * k).toISOString() }),
  );
  writeFileSync(path.join(cwd, 'log'), `${lines.join('\n')}\n`);
  const fields = ['--format', 'json-lines', '--fields', 'status=s,duration=d:ms,start=t'];
  const judged = await iter8ctl(['judge', 'log', ...fields, '--slo', 'error-rate<=1%', '--timeout', '10s'], {
    cwd,
    env,
  });
  expect(judged.code, judged.err).toBe(1);
  expect(obeyed(judged.err).map(({ name }) => name)).toEqual(['error', 'error']);
  // While the answer is printed, with words of the file in it, the runner obeys nothing.
  expect(judged.err).toMatch(/^::stop-commands::/);
  expect(set()).toMatchObject({ verdict: 'do not promote' });
});

it('diff and aa say what they found, which is no verdict of a promotion', async () => {
  const { cwd, env, outputs: set, summary } = step();
  const requests = (name: string, ms: number) => {
    const lines = Array.from({ length: 200 }, (_, k) =>
      JSON.stringify({ s: 200, d: ms, t: new Date(Date.UTC(2026, 0, 1) + 100 * k).toISOString() }),
    );
    writeFileSync(path.join(cwd, name), `${lines.join('\n')}\n`);
  };
  requests('a', 10);
  requests('b::error::x', 20);
  const flags = ['--format', 'json-lines', '--fields', 'status=s,duration=d:ms,start=t', '--percentiles', '50'];
  const known = [...flags, '--missing', '0', '--model', 'open'];
  const worse = await iter8ctl(['diff', 'a', 'b::error::x', ...known, '--report', 'html=r.html'], { cwd, env });
  expect(worse.code, worse.err).toBe(0);
  expect(obeyed(worse.err)).toMatchObject([
    { name: 'error', message: 'B is worse in 1 of 3 rows' },
    { name: 'error', message: expect.stringMatching(/^p50 is worse: 11 ms in A, 21 ms in B/) },
  ]);
  expect(set()).toEqual({ verdict: '', version: '', answer: 'regression', report: path.join(cwd, 'r.html') });
  expect(summary()).toContain('B is worse in 1 of 3 rows');
  const alike = await iter8ctl(['aa', 'a', ...known, '--splits', '20', '-o', 'junit'], { cwd, env });
  expect(obeyed(alike.err).map(({ name }) => name)).toEqual(['notice']);
  expect(set()).toMatchObject({ answer: 'within' });
  const off = await iter8ctl(['diff', 'a', 'a', ...known, '--ci', 'none'], { cwd, env });
  expect(off.err).toBe('');
});

it('watch and replay do the same, describe only looks', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const { cwd, env, outputs: set } = step();
  await iter8ctl([...RUN, '--url', server.url, '--slo', 'error-rate<=10%'], { cwd });
  const described = await iter8ctl(['describe', 'hello', '--local'], { cwd, env });
  expect([described.err, set()]).toEqual(['', {}]);
  const watched = await iter8ctl(['watch', 'hello', '--local'], { cwd, env });
  expect(obeyed(watched.err).at(-1)?.name).toBe('notice');
  const record = '.iter8/records/default/hello.ndjson';
  const replayed = await iter8ctl(['replay', record, '--slo', 'error-rate<=0.01%'], { cwd, env });
  expect(obeyed(replayed.err).map(({ name }) => name)).toEqual(['warning', 'warning']);
  expect(set()).toMatchObject({ verdict: 'undecided' });
});

describe('texts of others', () => {
  it('steer nothing while they are shown', async () => {
    const io = testIo({ cwd: tmpdir() });
    const ci = await githubActions(io);
    const progress = ci.grouped({
      show: () => undefined,
      say: (text) => io.stderr.write(`${text}\n`),
      end: () => undefined,
    });
    progress.say('::add-mask::a');
    progress.say('::guess::');
    progress.end();
    io.stderr.write('::error::this is an answer\n');
    ci.close();
    expect(obeyed(io.err()).map(({ name }) => name)).toEqual(['group', 'endgroup']);
  });

  it('stay within their command, and within their output', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (message, title) => {
        const line = workflowCommand('error', message, title);
        expect(line).not.toMatch(/[\r\n]/);
        expect(obeyed(line)).toHaveLength(1);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (version) => {
        const recommendation = { verdict: 'promote', version, reasons: [] };
        const file = outputs({ ended: true, recommendation } as unknown as ExperimentView, [], 'unguessable');
        expect(outputsIn(file)).toEqual({ verdict: 'promote', version, report: '' });
      }),
    );
  });
});
