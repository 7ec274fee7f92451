/** `explain`: why, and where the answer would turn. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-explain-'));

/** 2,000 requests of vegeta at a rate: 20 to 119 ms, 1 % errors. */
const requests = Array.from({ length: 2000 }, (_, k) =>
  JSON.stringify({
    attack: '',
    seq: k,
    code: k % 100 === 50 ? 503 : 200,
    timestamp: new Date(1_700_000_000_000 + k * 10).toISOString(),
    latency: (20 + ((k * 37) % 100)) * 1e6,
    bytes_out: 0,
    bytes_in: 1,
    error: '',
  }),
).join('\n');
writeFileSync(path.join(cwd, 'r.json'), `${requests}\n`);

const judge = (...slos: string[]) =>
  iter8ctl(['judge', 'r.json', '--timeout', '10s', ...slos.flatMap((slo) => ['--slo', slo]), '-o', 'raw'], { cwd });

interface Explained {
  readonly kind: string;
  readonly limits: readonly {
    readonly metric: string;
    readonly verdict: string;
    readonly within?: { readonly odds: number; readonly needed: number };
    readonly turns?: { readonly satisfiedFrom?: number; readonly violatedBeyond?: number };
  }[];
}

async function explained(...slos: string[]): Promise<Explained> {
  const { out: raw } = await judge(...slos);
  const { out, err, code } = await iter8ctl(['explain', '-f', '-', '-o', 'json'], { cwd, stdin: raw });
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Explained;
}

it('puts what decides first: violated, undecided, satisfied', async () => {
  const { kind, limits } = await explained('p95<=300ms', 'error-rate<=1.1%', 'mean<=10ms');
  expect(kind).toBe('Explanation');
  expect(limits.map(({ verdict }) => verdict)).toEqual(['violated', 'undecided', 'satisfied']);
  expect(limits[2]!.within!.odds).toBeGreaterThan(limits[2]!.within!.needed);
  expect(limits[1]!.within!.odds).toBeLessThan(limits[1]!.within!.needed);
});

it.each([
  ['error-rate', '0.011', ''],
  ['p90', '112ms', 'ms'],
  ['mean', '70ms', 'ms'],
])('the verdict on %s turns where it says', async (metric, limit, unit) => {
  const { limits } = await explained(`${metric}<=${limit}`);
  const { satisfiedFrom, violatedBeyond } = limits[0]!.turns!;
  const verdictAt = async (at: number) => (await explained(`${metric}<=${at}${unit}`)).limits[0]!.verdict;
  expect(await verdictAt(satisfiedFrom! * 1.002)).toBe('satisfied');
  expect(await verdictAt(satisfiedFrom! * 0.98)).not.toBe('satisfied');
  expect(await verdictAt(violatedBeyond! * 0.998)).toBe('violated');
  expect(await verdictAt(violatedBeyond! * 1.02)).not.toBe('violated');
});

describe('a latency has no turning point to a verdict that it cannot get', () => {
  const turnsOf = async (file: string) => {
    const { out } = await iter8ctl(['explain', '-f', file, '-o', 'json'], { cwd });
    return Object.fromEntries(
      (JSON.parse(out) as Explained).limits.map(({ metric, turns = {} }) => [metric, Object.keys(turns)]),
    );
  };
  const both = ['satisfiedFrom', 'violatedBeyond'];

  it('is satisfied at no limit in a closed loop', async () => {
    await using server = await testServer(ok);
    const load = [
      '--qps',
      '0',
      '--requests',
      '200',
      '--no-extend',
      '--slo',
      'p50<=0.001ms',
      '--slo',
      'error-rate<=10%',
    ];
    const { out: raw, err } = await iter8ctl(['run', '--local', '--url', server.url, ...load, '-o', 'raw'], { cwd });
    writeFileSync(path.join(cwd, 'loop.json'), raw);
    expect(await turnsOf('loop.json'), err).toEqual({
      'iter8-system/latency-50th-percentile': ['violatedBeyond'],
      'iter8-system/error-rate': both,
    });
  });

  it('is violated at no limit where the load generator was too slow', async () => {
    const { out: raw } = await judge('p95<=300ms', 'mean<=200ms', 'error-rate<=10%');
    const late = raw.replace(/"late": \{[^}]*\}/, '"late": {"n": 2000, "bad": 200}');
    writeFileSync(path.join(cwd, 'late.json'), late);
    const shown = { 'iter8-system/error-rate': both };
    const ofLatencies = (turns: string[]) => ({
      'iter8-system/latency-95th-percentile': turns,
      'iter8-system/mean-latency': turns,
    });
    expect(await turnsOf('late.json')).toEqual({ ...shown, ...ofLatencies(['satisfiedFrom']) });
    writeFileSync(path.join(cwd, 'kept-up.json'), raw);
    expect(await turnsOf('kept-up.json')).toEqual({ ...shown, ...ofLatencies(both) });
  });
});

it('says it in sentences, at any width', async () => {
  const { out: raw } = await judge('p95<=300ms', 'error-rate<=1.1%');
  const { out } = await iter8ctl(['explain', '-f', '-'], { cwd, stdin: raw });
  expect(out).toMatchInlineSnapshot(`
    "undecided: r

    1. error-rate needs about 133,624 more requests at the present rate;
       20 of 2,000 requests show at most 1.83 %, limit 1.1 %
       that it is within its limit: 0.191 to 1, 20 to 1 is needed
       that it is beyond its limit: 0.213 to 1, 40 to 1 is needed
       these requests would be: satisfied at any limit of 1.83 % or more, violated
         at any below 0.417 %

    2. latency-95th-percentile of r is satisfied: 114 ms, at most 117 ms, limit
       300 ms (n = 2,000)
       that it is within its limit: more than 1e9 to 1, 20 to 1 was needed
       that it is beyond its limit: 0.00181 to 1, 40 to 1 is needed
       these requests would be: satisfied at any limit of 117 ms or more, violated
         at any below 112 ms
    "
  `);
  const narrow = await iter8ctl(['explain', '-f', '-'], { cwd, stdin: raw, columns: 40, env: { NO_COLOR: '1' } });
  for (const line of narrow.out.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
});

it('names what turns nothing: an experiment without a single request', async () => {
  const { out: raw } = await iter8ctl(
    ['judge', 'r.json', '--split-by', 'attack=a,b', '--slo', 'p95<=300ms', '-o', 'raw'],
    { cwd },
  );
  const { out } = await iter8ctl(['explain', '-f', '-'], { cwd, stdin: raw });
  expect(out).toContain('no traffic to a');
  expect(out).not.toContain('would be');
});
