/** `aa`: a run compared with itself. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Io } from '../../src/io.ts';
import { displayWidth } from '../../src/text/width.ts';
import { run } from '../../src/cli/program.ts';
import { iter8ctl, testIo } from '../support/test-io.ts';
import { seeded } from '../support/seeded.ts';
import { ok, testServer } from '../support/test-server.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-aa-'));

interface Answer {
  readonly answer: string;
  readonly falseAlarms: number;
  readonly rows: readonly { readonly metric: string; readonly noise: number; readonly detectable: number | null }[];
  readonly run: { readonly requests: number };
}

/** Lines of vegeta, ten a second; `msOf` a request. */
function vegeta(name: string, n: number, msOf: (k: number, random: () => number) => number): string {
  const random = seeded(4);
  const lines = Array.from({ length: n }, (_, k) => {
    const timestamp = new Date(1_700_000_000_000 + k * 100).toISOString();
    const latency = Math.round(msOf(k, random) * 1e6);
    return `${JSON.stringify({ attack: '', seq: k, code: random() < 0.02 ? 503 : 200, timestamp, latency, bytes_out: 0, bytes_in: 1, error: '' })}\n`;
  });
  writeFileSync(path.join(cwd, name), lines.join(''));
  return name;
}

async function aa(...args: string[]): Promise<Answer & { readonly code: number }> {
  const { code, out, err } = await iter8ctl(['aa', ...args, '-o', 'json'], { cwd });
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as Answer) };
}

const steady = vegeta('steady.json', 1200, (_, random) => 20 + 20 * random());

it('has no more false alarms than chance allows where nothing differs, and says what would be shown', async () => {
  const found = await aa(steady, '--splits', '60', '--percentiles', '50');
  expect(found).toMatchObject({ code: 0, answer: 'within', run: { requests: 1200 } });
  expect(found.falseAlarms).toBeLessThanOrEqual(3);
  const p50 = found.rows.find(({ metric }) => metric === 'p50')!;
  expect(p50.noise).toBeGreaterThan(0);
  expect(p50.detectable).toBeGreaterThan(p50.noise);
  expect(await aa(steady, '--splits', '60', '--percentiles', '50')).toEqual(found);
});

it('shows that requests near in time are too much alike', async () => {
  // Minutes of slow and of fast requests: whichever half has more of the slow ones is slower.
  const waves = vegeta('waves.json', 6000, (k, random) => (k % 1000 < 500 ? 20 : 60) + random());
  const found = await aa(waves, '--splits', '40', '--piece', '50s', '--percentiles', '50');
  expect(found).toMatchObject({ code: 1, answer: 'more' });
  expect((await aa(waves, '--splits', '40', '--percentiles', '50')).answer).toBe('within');
});

it('leaves open what so few requests cannot determine', async () => {
  const few = vegeta('few.json', 12, () => 20);
  expect(await aa(few)).toMatchObject({ code: 3, answer: 'open', falseAlarms: 0 });
  const { code, err } = await iter8ctl(['aa'], { cwd });
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/give one of: a file or the name of an experiment, --url, -f/),
  ]);
});

it('sends the load itself, and leaves nothing behind', async () => {
  await using server = await testServer(ok);
  const load = ['--qps', '200', '--requests', '60', '--percentiles', '50', '--splits', '20'];
  const { code, out, err } = await iter8ctl(
    ['aa', '--url', `http://me:hunter2@127.0.0.1:${server.port}/`, ...load, '-o', 'json', '--report', 'markdown=aa.md'],
    { cwd },
  );
  // It is no experiment of anybody: no verdict of it is an answer.
  expect(err).toMatch(/^\d\d:\d\d:\d\d aa: sending 60 requests to [^\n]*\n$/);
  const found = JSON.parse(out) as Answer;
  expect(found).toMatchObject({ kind: 'SelfComparison', run: { requests: 60 } });
  // Whichever it is: on a busy machine the first of so few pieces may be slower than the others.
  expect(code).toBe({ within: 0, more: 1, open: 3 }[found.answer]);
  expect(out + readFileSync(path.join(cwd, 'aa.md'), 'utf8')).not.toContain('hunter2');
  expect(readdirSync(cwd)).not.toContain('.iter8');
});

it.each([
  { columns: undefined, signal: 'SIGTERM', code: 143 },
  { columns: 80, signal: 'SIGINT', code: 130 },
] as const)('reports what was measured until $signal', async ({ columns, signal, code }) => {
  await using server = await testServer((_, response, k) => {
    if (k === 29) io.send(signal);
    response.end('ok');
  });
  const io = testIo({ cwd, ...(columns === undefined ? {} : { columns }) });
  const load = ['--url', server.url, '--qps', '200', '--duration', '1h'];
  const reports = ['--report', `json=${signal}.json`];
  expect(await run(['aa', ...load, '--percentiles', '50', '--splits', '20', ...reports], io)).toBe(code);
  expect(io.err()).not.toMatch(/go on with|--dir|promote/);
  expect(io.err()).toMatch(/stopping: load ended/);
  expect(io.out()).toMatch(/interrupted: compared with itself is what was measured until then\s+\(\d+ requests\)/);
  const { run: head } = JSON.parse(readFileSync(path.join(cwd, `${signal}.json`), 'utf8')) as Answer;
  expect(head.requests).toBeGreaterThanOrEqual(30);
});

it('says that nothing was measured when it is stopped before that', async () => {
  const asked = testIo({ cwd });
  const io: Io = { ...asked, onSignal: (listener) => (listener('SIGTERM'), () => undefined) };
  const flags = ['--url', 'http://127.0.0.1:1/', '--report', 'json=none.json'];
  expect(await run(['aa', ...flags], io)).toBe(143);
  expect(asked.err()).toMatch(/\ninterrupted: nothing was measured\n$/);
  expect([asked.out(), existsSync(path.join(cwd, 'none.json'))]).toEqual(['', false]);
});

it('sends the load of a manifest to its baseline alone, with the percentiles of its criteria', async () => {
  const seen = new Map<string, number>();
  await using server = await testServer((request, response) => {
    const key = [request.url, request.headers['x-a']].join(' ');
    seen.set(key, (seen.get(key) ?? 0) + 1);
    response.end('ok');
  });
  const objectives = [{ metric: 'iter8-system/latency-75th-percentile', upperLimit: '1' }];
  const collect = {
    qps: 200,
    numQueries: 40,
    headers: { 'x-a': '1' },
    versions: ['v1', 'v2'].map((name) => ({ name, url: `${server.url}${name}` })),
  };
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'shop' },
    spec: {
      target: 'shop',
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'FixedSplit',
        actions: { start: [{ task: 'metrics/collect', with: collect }] },
      },
      criteria: { objectives },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] },
    },
  };
  writeFileSync(path.join(cwd, 'shop.json'), JSON.stringify(experiment));
  const flags = ['--splits', '20', '--percentiles', '50', '-o', 'json'];
  const sent = await iter8ctl(['aa', '-f', 'shop.json', ...flags], { cwd });
  expect(Object.fromEntries(seen), sent.err).toEqual({ '/v1 1': 40 });
  const { run, rows } = JSON.parse(sent.out) as Answer;
  expect(run).toMatchObject({ name: 'shop.json', version: 'v1', requests: 40 });
  expect(rows.map(({ metric }) => metric)).toEqual(['error-rate', 'mean-latency', 'p50', 'p75']);

  const { start } = experiment.spec.strategy.actions;
  start[0]!.with = { ...collect, versions: collect.versions.slice(1) };
  writeFileSync(path.join(cwd, 'shop.json'), JSON.stringify(experiment));
  const none = await iter8ctl(['aa', '-f', 'shop.json', ...flags], { cwd });
  expect([none.code, none.err]).toEqual([2, expect.stringMatching(/shop sends no load to its baseline v1/)]);
  const both = await iter8ctl(['aa', steady, '-f', 'shop.json'], { cwd });
  expect([both.code, both.err]).toEqual([2, expect.stringMatching(/give one of/)]);
  const header = await iter8ctl(['aa', '-f', 'shop.json', '--header', 'a: b'], { cwd });
  expect([header.code, header.err]).toEqual([2, expect.stringMatching(/--header goes with --url/)]);
});

it('divides the record of an experiment that was run here, by its name', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-aa-named-'));
  await using server = await testServer(ok);
  const load = ['--qps', '200', '--requests', '40', '--no-extend', '--slo', 'error-rate<=99%'];
  await iter8ctl(['run', '--local', '--name', 'hello', '--url', server.url, ...load], { cwd: folder });
  const flags = ['--local', '--splits', '20', '--percentiles', '50', '-o', 'json'];
  const { out, err } = await iter8ctl(['aa', 'hello', ...flags], { cwd: folder });
  expect((JSON.parse(out) as Answer).run, err).toMatchObject({ name: 'hello', requests: 40 });
  const none = await iter8ctl(['aa', 'other', ...flags], { cwd: folder });
  expect([none.code, none.err]).toEqual([
    6,
    expect.stringMatching(/there is no file other, and no experiment "other"/),
  ]);
  // Also as another program writes it again; what no load has counted is not divided either.
  const record = readFileSync(path.join(folder, '.iter8/records/default/hello.ndjson'), 'utf8').trimEnd().split('\n');
  const slices = record.filter((line) => line.includes('"kind":"slice"'));
  const sorted = [...record, ...slices].map((line) => {
    const { kind, ...fields } = JSON.parse(line) as { readonly kind: string };
    return JSON.stringify({ ...fields, kind }).replaceAll('":', '": ');
  });
  writeFileSync(path.join(folder, 'again.json'), `${sorted.join('\n')}\n`);
  const again = await iter8ctl(['aa', 'again.json', ...flags], { cwd: folder });
  expect((JSON.parse(again.out) as Answer).run, again.err).toMatchObject({ name: 'again.json', requests: 40 });
  rmSync(path.join(folder, '.iter8/records'), { recursive: true });
  const lost = await iter8ctl(['aa', 'hello', ...flags], { cwd: folder });
  expect([lost.code, lost.err]).toEqual([2, expect.stringMatching(/hello has no record on this machine/)]);
  const sends = await iter8ctl(['aa', 'hello', '--qps', '4', ...flags], { cwd: folder });
  expect(sends.err).toMatch(/--qps goes with --url: nothing is sent/);
});

it('divides no requests of an experiment that had the name before', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-aa-again-'));
  await using server = await testServer(ok);
  const load = ['--name', 'hello', '--qps', '200', '--no-extend', '--slo', 'error-rate<=99%', '--url', server.url];
  await iter8ctl(['run', '--local', ...load, '--requests', '60'], { cwd: folder });
  // Deleted and made again by others (kubectl, or a file in the folder): the record of here goes on.
  const { out: manifest } = await iter8ctl(['init', ...load.filter((flag) => flag !== '--no-extend')], { cwd: folder });
  const stored = path.join(folder, '.iter8/experiments/default/hello.yaml');
  writeFileSync(stored, manifest.replace('qps: 200', 'qps: 200\n          numQueries: 40'));
  await iter8ctl(['run', 'hello', '--local', '--no-extend'], { cwd: folder });
  const flags = ['--local', '--splits', '20', '--percentiles', '50', '-o', 'json'];
  const { out, err } = await iter8ctl(['aa', 'hello', ...flags], { cwd: folder });
  expect((JSON.parse(out) as Answer).run, err).toMatchObject({ name: 'hello', requests: 40 });
});

it('takes no record of an experiment that was deleted for the one that has its name now', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-aa-other-'));
  await using server = await testServer(ok);
  const load = ['--name', 'hello', '--qps', '200', '--requests', '40', '--slo', 'error-rate<=99%', '--url', server.url];
  await iter8ctl(['run', '--local', '--no-extend', ...load], { cwd: folder });
  // Deleted and made again by others, as kubectl does it, who know nothing of the record.
  const stored = path.join(folder, '.iter8/experiments/default/hello.yaml');
  const before = readFileSync(stored, 'utf8');
  const { uid } = /uid: (?<uid>\S+)/.exec(before)!.groups!;
  writeFileSync(stored, before.replaceAll(uid!, 'other-uid'));
  const { code, out, err } = await iter8ctl(['aa', 'hello', '--local', '--splits', '20'], { cwd: folder });
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(new RegExp(`another experiment of that name: expected uid other-uid, found uid ${uid}`));
});

it('fits into every width', async () => {
  for (const columns of [40, 80]) {
    const { out } = await iter8ctl(['aa', steady, '--splits', '20', '--percentiles', '50'], { cwd, columns });
    for (const line of out.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  }
});
