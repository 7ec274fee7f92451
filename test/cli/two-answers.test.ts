/** Where two commands, or a command and a file format, answered the same question in two ways. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { liveExperiment } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-hunt-'));
const recordOf = (out: string) => readRecord(JSON.parse(out) as Experiment)!;
const stored = (cwd: string) =>
  load(readFileSync(path.join(cwd, '.iter8/experiments/default/e.yaml'), 'utf8')) as Experiment;

async function ran(url: string, inputs: object): Promise<string> {
  const cwd = folder();
  const experiment = liveExperiment({
    criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.5' }] },
  }) as { spec: { strategy: object } };
  const collect = { task: 'metrics/collect', with: { ...inputs, versions: [{ name: 'v1', url }] } };
  experiment.spec.strategy = { testingPattern: 'Conformance', actions: { start: [collect] } };
  writeFileSync(path.join(cwd, 'e.json'), JSON.stringify(experiment));
  await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
  return cwd;
}

// 1
it.each(['p95<=20s', 'p95<=10s'])('requests of 25 s do not satisfy %s because --timeout says 10 s', async (slo) => {
  const cwd = folder();
  const hit = (seq: number) =>
    `${JSON.stringify({ attack: 'a', seq, code: 200, timestamp: new Date(1.7e12 + seq * 1000).toISOString(), latency: 25e9, bytes_out: 0, bytes_in: 0, error: '' })}\n`;
  writeFileSync(path.join(cwd, 'v.json'), Array.from({ length: 400 }, (_, k) => hit(k)).join(''));
  const { code } = await iter8ctl(['judge', 'v.json', '--slo', slo, '--timeout', '10s'], { cwd });
  expect(code).not.toBe(0);
});

// 2
it.each([
  ['GRPC Health', 'SERVING'],
  ['TCP', 'OK'],
])('answers of fortio to %s are no errors', async (RunType, answered) => {
  const cwd = folder();
  const run = {
    RunType,
    StartTime: '2026-11-27T09:17:36Z',
    ActualDuration: 1e9,
    DurationHistogram: { Count: 500, Data: [{ Start: 0.0001, End: 0.001, Count: 500 }] },
    RetCodes: { [answered]: 500 },
  };
  writeFileSync(path.join(cwd, 'f.json'), JSON.stringify(run, null, 2));
  const { code } = await iter8ctl(['judge', 'f.json', '--slo', 'error-rate<=1%'], { cwd });
  expect([0, 2]).toContain(code); // promote, or refused
});

// 3
it('a closed loop for a time measures for that time, whatever the warm-up takes', async () => {
  await using server = await testServer((_, response) => void setTimeout(() => response.end('ok'), 20));
  const cwd = await ran(server.url, { qps: 0, time: '1s', warmup: 300 }); // 4 connections: 1.5 s of warm-up
  expect(readRecord(stored(cwd))!.scopes[0]?.tally.response.n ?? 0).toBeGreaterThan(100);
});

// 4
it('a check of Gatling that failed is no latency beyond the limit', async () => {
  const cwd = folder();
  const line = (k: number) =>
    `REQUEST\t\thome\t${1.7e12 + k * 20}\t${1.7e12 + k * 20 + 15}\t${k % 5 === 0 ? 'KO\tjsonPath($.id).find.exists, found nothing' : 'OK\t '}\n`;
  const lines = Array.from({ length: 200 }, (_, k) => line(k));
  writeFileSync(path.join(cwd, 'simulation.log'), `RUN\tc.B\tb\t1700000000000\t \t3.10.5\n${lines.join('')}`);
  const { out } = await iter8ctl(['judge', 'simulation.log', '--slo', 'p95<=300ms', '--model', 'open', '-o', 'raw'], {
    cwd,
  });
  expect(recordOf(out).assessments[0]!.verdict).toBe('undecided');
});

it.each([
  ['499: the client of nginx has left after 5 ms', '499', 'undecided'],
  ['504: nginx waited 10 s', '504', 'violated'],
])('of a log, %s', async (_, status, verdict) => {
  const cwd = folder();
  const line = (k: number) => {
    const time = new Date(1.7e12 + k * 1000).toISOString().slice(11, 19);
    const [code, seconds] = k % 5 === 0 ? [status, status === '504' ? '10.000' : '0.005'] : ['200', '0.005'];
    return `10.0.0.1 - - [14/Nov/2023:${time} +0000] "GET / HTTP/1.1" ${code} 2 "-" "-" ${seconds}\n`;
  };
  writeFileSync(path.join(cwd, 'access.log'), Array.from({ length: 1000 }, (__, k) => line(k)).join(''));
  const { out, err } = await iter8ctl(
    ['judge', 'access.log', '--slo', 'p95<=300ms', '--model', 'observed', '--missing', '0', '-o', 'raw'],
    { cwd },
  );
  expect(recordOf(out).assessments[0]!.verdict, err).toBe(verdict);
});

// 5
it('diff says that a build changed, whose measurements are void', async () => {
  await using server = await testServer(ok);
  const cwd = await ran(server.url, { qps: 200, numQueries: 60 });
  const one = stored(cwd);
  writeFileSync(path.join(cwd, 'a.json'), JSON.stringify(one));
  const what = 'image app was hello:2, is hello:3';
  Object.assign(readRecordOf(one), { changed: { version: 'v1', at: '2026-11-27T09:20:34Z', what } });
  writeFileSync(path.join(cwd, 'b.json'), JSON.stringify(one));
  const { out, err } = await iter8ctl(['diff', 'a.json', 'b.json', '--fail-on-regression'], { cwd });
  expect(`${out}${err}`).toContain('changed');
});
const readRecordOf = (one: Experiment) =>
  (one.status!.analysis!.aggregatedBuiltinHists as unknown as { data: Record<string, object> }).data['iter8ctl']!;

// 6
it('JUnit of an experiment that has not ended passes no recommendation', async () => {
  await using server = await testServer(ok);
  const cwd = await ran(server.url, { qps: 200, numQueries: 60 });
  const one = stored(cwd);
  const running = { ...one, status: { ...one.status, stage: 'Running', conditions: [], completedIterations: 0 } };
  writeFileSync(path.join(cwd, 'r.json'), JSON.stringify(running));
  const { code, out } = await iter8ctl(['describe', '-f', 'r.json', '--exit-code', '-o', 'junit'], { cwd });
  expect(code).toBe(3);
  expect(out).toContain('failures="1"');
});

it('watch of labels that no experiment has is no "all promote"', async () => {
  const { code, out } = await iter8ctl(['watch', '--local', '-l', 'app=typo'], { cwd: folder() });
  expect([code, out]).toEqual([6, 'no experiments in namespace default\n']);
});
