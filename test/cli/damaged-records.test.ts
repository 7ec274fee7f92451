/** Objects and records that say what nobody can have measured are refused with the field and the reason, by every command. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { liveExperiment } from '../support/live-manifest.ts';
import { ok, testServer } from '../support/test-server.ts';
import { iter8ctl } from '../support/test-io.ts';

type Json = Record<string, unknown>;
const HISTS = 'status.analysis.aggregatedBuiltinHists.data';

let whole: Json;
let lines: string[];

beforeAll(async () => {
  await using server = await testServer(ok);
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-damaged-'));
  const experiment = liveExperiment({
    criteria: { strength: { extend: false }, objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.9' }] },
  }) as { spec: { strategy: object } };
  const versions = [{ name: 'v1', url: server.url }];
  experiment.spec.strategy = {
    testingPattern: 'Conformance',
    actions: { start: [{ task: 'metrics/collect', with: { numQueries: 20, qps: 100, versions } }] },
  };
  writeFileSync(path.join(cwd, 'e.json'), JSON.stringify(experiment));
  const { code, err } = await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
  expect([0, 3], err).toContain(code);
  whole = load(readFileSync(path.join(cwd, '.iter8/experiments/default/e.yaml'), 'utf8')) as Json;
  lines = readFileSync(path.join(cwd, '.iter8/records/default/e.ndjson'), 'utf8').trim().split('\n');
});

/** A folder with the object, after `change` has been made at a path of it. */
function damaged(where: readonly (string | number)[], value: unknown): string {
  const object = structuredClone(whole);
  let at = object as Record<string | number, unknown>;
  for (const step of where.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[where.at(-1)!] = value;
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-damaged-'));
  mkdirSync(path.join(cwd, '.iter8/experiments/default'), { recursive: true });
  for (const file of ['e.json', '.iter8/experiments/default/e.yaml'])
    writeFileSync(path.join(cwd, file), JSON.stringify(object).replace('"INFINITE"', '1e999'));
  return cwd;
}

const RECORD = ['status', 'analysis', 'aggregatedBuiltinHists', 'data', 'iter8ctl'];
const VIEW = [...RECORD, 'scopes', 0, 'tally', 'response'];

describe('an object', () => {
  it.each<[string, (string | number)[], unknown, string]>([
    [
      'a negative count',
      [...VIEW, 'histogram', 1],
      -3,
      `${HISTS}.iter8ctl.scopes[0].tally.response.histogram[1]: expected a count, got -3`,
    ],
    ['a fraction', [...VIEW, 'n'], 8.5, `${HISTS}.iter8ctl.scopes[0].tally.response.n: expected a count, got 8.5`],
    [
      'a huge count',
      [...VIEW, 'n'],
      1e300,
      `${HISTS}.iter8ctl.scopes[0].tally.response.n: expected a count, got 1e+300`,
    ],
    [
      'what is infinite',
      [...VIEW, 'sumMs'],
      'INFINITE',
      `${HISTS}.iter8ctl.scopes[0].tally.response.sumMs: expected a number, 0 or more`,
    ],
    [
      'more errors than requests',
      [...VIEW, 'errors'],
      21,
      `${HISTS}.iter8ctl.scopes[0].tally.response.errors: expected at most n (20), got 21`,
    ],
    [
      'latencies that were not counted',
      [...VIEW, 'n'],
      21,
      `${HISTS}.iter8ctl.scopes[0].tally.response.histogram: expected as many latencies as n (21), got 20`,
    ],
    [
      'a bin that is none',
      [...VIEW, 'histogram'],
      [99_999, 20],
      `${HISTS}.iter8ctl.scopes[0].tally.response.histogram[0]: expected a bin up to 23551, got 99999`,
    ],
    ['null for a list', [...RECORD, 'scopes'], null, `${HISTS}.iter8ctl.scopes: expected a list, got null`],
    ['a text for a record', RECORD, 'x', `${HISTS}.iter8ctl: expected an object, got "x"`],
    [
      'a time that is none',
      ['status', 'lastUpdateTime'],
      'soon',
      'status.lastUpdateTime: expected a time such as 2026-11-23T21:15:07Z, got "soon"',
    ],
    [
      'a negative iteration',
      ['status', 'completedIterations'],
      -1,
      'status.completedIterations: expected a count, got -1',
    ],
  ])('with %s', async (_, where, value, sentence) => {
    const cwd = damaged(where, value);
    for (const args of [
      ['describe', '-f', 'e.json'],
      ['describe', 'e', '--local'],
      ['describe', '--local', '-o', 'json'],
      ['assert', 'e', '--local', '-c', 'completed'],
      ['debug', 'e', '--local'],
      ['replay', 'e.json'],
    ]) {
      const { code, out, err } = await iter8ctl(args, { cwd });
      expect([args.join(' '), code, out]).toEqual([args.join(' '), 2, '']);
      expect(err).toContain(sentence);
    }
    // A watcher may see it mended.
    const watched = await iter8ctl(['watch', 'e', '--local'], { cwd });
    expect([watched.code, watched.out]).toEqual([3, expect.stringContaining('its record is damaged')]);
    // One damaged object breaks no list.
    const { code, out } = await iter8ctl(['get', '--local'], { cwd });
    expect([code, out]).toEqual([0, expect.stringContaining('undecided')]);
  });

  // Mutation: in src/judge/record/damage.ts, `rows === codes` -> `rows >= codes`
  it.each([
    ['half a request', 8.5, { 200: 9 }, 'v1.DurationHistogram.Data[0].Count: expected a count, got 8.5'],
    [
      'fewer codes than latencies',
      900,
      { 200: 100 },
      'v1.RetCodes: expected the 900 requests of DurationHistogram.Data, got 100',
    ],
    [
      'more codes than latencies',
      100,
      { 200: 90, 503: 11 },
      'v1.RetCodes: expected the 100 requests of DurationHistogram.Data, got 101',
    ],
  ])('of Iter8 0.7 with %s is not judged from the rest', async (_, rows, RetCodes, sentence) => {
    const hists = { v1: { DurationHistogram: { Data: [{ Start: 0.001, End: 0.002, Count: rows }] }, RetCodes } };
    const cwd = damaged(['status', 'analysis', 'aggregatedBuiltinHists', 'data'], hists);
    const { code, err } = await iter8ctl(['describe', '-f', 'e.json'], { cwd });
    expect([code, err]).toEqual([2, expect.stringContaining(`${HISTS}.${sentence}\n`)]);
  });

  it('of Iter8 0.7 whose slowest requests took weeks loses none of them', async () => {
    // Mutation: in src/judge/iter8-07/judge-recorded-object.ts, `Count > 0 ?` -> `Count > 0 && End < 1e6 ?`
    const rows = [
      { Start: 0.001, End: 0.002, Count: 900 },
      { Start: 2_000_000, End: 3_000_000, Count: 100 },
    ];
    const hists = { v1: { DurationHistogram: { Data: rows }, RetCodes: { 200: 1000 } } };
    const cwd = damaged(['status', 'analysis', 'aggregatedBuiltinHists', 'data'], hists);
    const { out } = await iter8ctl(['describe', '-f', 'e.json', '-o', 'json'], { cwd });
    expect(JSON.parse(out)).toMatchObject({ observations: [{ requests: 1000, latency: { max: 1e9 } }] });
  });

  it('is not gone on with, and stays as it is', async () => {
    for (const [where, value, sentence] of [
      [[...VIEW, 'n'], -1, /this record is damaged: .*n: expected a count, got -1/],
      [[...RECORD, 'format'], 99, /its record has format 99; this version reads 1/],
    ] as const) {
      const cwd = damaged(where, value);
      const file = path.join(cwd, '.iter8/experiments/default/e.yaml');
      const object = JSON.parse(readFileSync(file, 'utf8')) as { status: { stage: string; conditions: Json[] } };
      object.status.stage = 'Running';
      object.status.conditions = object.status.conditions.map((one) => ({ ...one, status: 'False' }));
      writeFileSync(file, JSON.stringify(object));
      const before = readFileSync(file, 'utf8');
      const { code, err } = await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
      expect([code, err]).toEqual([4, expect.stringMatching(sentence)]);
      expect(readFileSync(file, 'utf8')).toBe(before);
    }
  });
});

describe('a record', () => {
  const kindOf = (line: string) => (JSON.parse(line) as { kind: string }).kind;
  async function replay(change: (line: Json) => unknown, kind: string) {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-damaged-'));
    const index = lines.findIndex((line) => kindOf(line) === kind);
    const changed = lines.map((line, at) => (at === index ? JSON.stringify(change(JSON.parse(line) as Json)) : line));
    writeFileSync(path.join(cwd, 'r.ndjson'), changed.join('\n'));
    return { index, ...(await iter8ctl(['replay', 'r.ndjson'], { cwd })) };
  }

  it('as it was written is judged again', async () => {
    expect(await replay((line) => line, 'spec')).toMatchObject({ err: '' });
  });

  it.each<[string, string, (line: Json) => unknown, string]>([
    [
      'an experiment that is none',
      'spec',
      () => ({ kind: 'spec', experiment: {} }),
      'experiment.metadata: expected an object, got nothing',
    ],
    [
      'a spec without a pattern',
      'spec',
      (line) => ({ ...line, experiment: { ...(line['experiment'] as Json), spec: {} } }),
      'experiment.spec.',
    ],
    ['counts that are none', 'load-started', (line) => ({ ...line, counted: 5 }), 'counted: expected a list, got 5'],
    ['half a slice', 'slice', (line) => ({ ...line, slice: 0.5 }), 'slice: expected a count, got 0.5'],
    ['no tally', 'slice', (line) => ({ ...line, tally: undefined }), 'tally: expected an object, got nothing'],
    ['weights that are none', 'judged', (line) => ({ ...line, weights: [1] }), 'weights[0]: expected an object, got 1'],
  ])('with %s', async (_, kind, change, sentence) => {
    const { code, err, index } = await replay(change, kind);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(`this record is damaged: line ${index + 1} (${kind}): ${sentence}`),
    ]);
  });
});
