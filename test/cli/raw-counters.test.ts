/** Metrics of raw counters end to end, without a cluster: a server whose counters grow with each question. */
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

/** Rows at the k-th question (0: before the start), by the clock of the server: 20 s between two. */
type Rows = (k: number, at: number) => object;

async function judge(
  objective: object,
  rows: Rows,
  change: { readonly strength?: object; readonly units?: string } = {},
) {
  let asked = 0;
  const queries: string[] = [];
  await using server = await testServer((request, response) => {
    queries.push(new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '');
    response.end(JSON.stringify(rows(asked, 1_700_000_000 + 20 * asked)));
    asked++;
  });
  const criteria = { objectives: [{ metric: 'live', ...objective }], strength: change.strength ?? {} };
  const cwd = folderWith([
    liveExperiment({ criteria, iterations: 3 }),
    metricObject('live', {
      urlTemplate: server.url,
      params: [{ name: 'query', value: 'requests{v="$name"}[${lookbackSeconds}s]' }],
      // The server answers in the form that jq makes of an answer of Prometheus.
      jqExpression: '. as {$percentile, $shares, $sums, $histograms, $counts} | with_entries(select(.value != null))',
      ...(change.units === undefined ? {} : { units: change.units }),
    }),
  ]);
  const ran = await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd, clock: fakeClock(Date.now()) });
  return { ...ran, queries, cwd, text: ran.out.replace(/\s+/g, ' ') };
}

const shares =
  (hitsEach: number, othersEach: number): Rows =>
  (k, at) => ({
    shares: [
      { series: 'a', at, hits: 40 + k * hitsEach },
      { series: 'a', at, others: 9000 + k * othersEach },
    ],
  });

describe('raw counters', () => {
  it('are judged from the start of the experiment on, with what may be under way set apart', async () => {
    const good = await judge({ upperLimit: '0.01' }, shares(0, 1000));
    expect(good.code, good.err).toBe(0);
    // Three rounds of 1 000; the last one and the first may hold what was under way.
    expect(good.text).toMatch(/^promote v1 .*live <= 1 % 0 % <= 0\.\d+ % 3,000 ✔ satisfied/);
    // Each verdict is reported as it is reached.
    expect(good.err).toMatch(/live of v1 is satisfied: 0 %, at most 0\.\d+ %, limit 1 % \(n = \d,000\)/);
    expect(good.queries[0]).toBe('requests{v="v1"}[300s]');
    expect(good.queries).toHaveLength(4);
    const bad = await judge({ upperLimit: '0.01' }, shares(50, 950));
    expect(bad.code).toBe(1);
    expect(bad.text).toMatch(/^do not promote v1 live of v1 is violated: 5 % observed, at least \d/);
  });

  it('of many processes behind one collector do not all begin again where one of them restarts', async () => {
    const collector = { job: 'collector', instance: 'collector:8889' };
    const behind =
      (labels: (pod: string) => object): Rows =>
      (k, at) => ({
        shares: ['a', 'b'].flatMap((pod) => {
          // The first one restarts before the third question; the other has counted a million requests before the start.
          const [before, since] = pod === 'b' ? [1_000_000, k] : k < 2 ? [9000, k] : [0, k - 1];
          const series = { ...collector, ...labels(pod) };
          return [
            { series, at, hits: 100 * since },
            { series, at, others: before + 900 * since },
          ];
        }),
      });
    // As Prometheus keeps what a target says itself of `job` and `instance`.
    const named = await judge(
      { upperLimit: '0.01' },
      behind((pod) => ({ exported_job: 'shop', exported_instance: pod })),
    );
    expect(named.text).toMatch(/^do not promote v1 live of v1 is violated: 10 % observed/);
    // Nobody says whether it is a process of its own: what was before the start speaks for nothing.
    const unnamed = await judge(
      { upperLimit: '0.01' },
      behind((replica) => ({ replica })),
    );
    expect(unnamed.code).toBe(3);
  });

  it('do not speak for a version while requests may be under way', async () => {
    const { code, text } = await judge({ upperLimit: '0.01' }, shares(0, 1000), { strength: { inFlightSeconds: 60 } });
    expect(code).toBe(3);
    expect(text).toMatch(/^undecided: v1 live: no request has surely ended yet/);
  });

  it('of buckets are exact at the limit, and shown in the unit of the metric', async () => {
    const rows =
      (slow: number): Rows =>
      (k, at) => ({
        percentile: 95,
        histograms: [
          { series: 'a', at, le: 100, count: 7 + k * 600 },
          { series: 'a', at, le: 500, count: 70 + k * (1000 - slow) },
          { series: 'a', at, le: '+Inf', count: 99 + k * 1000 },
        ],
      });
    const good = await judge({ upperLimit: 500 }, rows(10), { units: 'milliseconds' });
    expect(good.text).toMatch(/^promote v1 .*live <= 500 ms \d+ ms <= 500 ms 3,000 ✔ satisfied/);
    const bad = await judge({ upperLimit: 500 }, rows(300), { units: 'milliseconds' });
    expect(bad.text).toMatch(/^do not promote v1 live of v1 is violated/);
    const divided = await judge({ upperLimit: 300 }, rows(10), { units: 'milliseconds' });
    expect(divided.code, divided.text).toBe(3);
  });

  it('of a mean need its largest value', async () => {
    const rows: Rows = (k, at) => ({
      sums: [
        { series: 'a', at, sum: 1e6 + k * 50_000 },
        { series: 'a', at, count: 5000 + k * 1000 },
      ],
    });
    const without = await judge({ upperLimit: 100 }, rows, { units: 'ms' });
    expect(without.code).toBe(3);
    expect(without.text).toMatch(
      /a mean needs the largest value that counts: declare it as strength\.cap: \[\{metric: live,/,
    );
    const strength = { cap: [{ metric: 'live', max: 2000 }] };
    const declared = await judge({ upperLimit: 300 }, rows, { units: 'ms', strength });
    expect(declared.text).toMatch(/^promote v1 .*live <= 300 ms 50 ms <= \d+(\.\d+)? ms 3,000 ✔ satisfied/);
  });

  it('that cannot be read are a reason', async () => {
    const { code, text } = await judge({ upperLimit: '0.1' }, () => ({ shares: [{ hits: 'many' }] }));
    expect(code).toBe(3);
    expect(text).toMatch(/jqExpression gives no rows of counters: shares\[0\]: hits: expected a number/);
  });

  it.each([1e3, 1e6, 1e9])(
    'whose times are in no seconds, but of which there are %d in one, are a reason',
    async (unit) => {
      const rows: Rows = (k, at) => shares(0, 1000)(k, at * unit);
      const { code, text } = await judge({ upperLimit: '0.01' }, rows, { strength: { inFlightSeconds: 60 } });
      expect(code).toBe(3);
      expect(text).toMatch(
        /jqExpression gives no rows of counters: shares\[0\]: at: expected seconds since 1970, got 17/,
      );
    },
  );

  it('whose percentile is written as a quantile are a reason', async () => {
    const slow: Rows = (k, at) => ({
      percentile: 0.95,
      histograms: [
        { series: 'a', at, le: 500, count: 70 + k * 700 },
        { series: 'a', at, le: '+Inf', count: 99 + k * 1000 },
      ],
    });
    const { code, text } = await judge({ upperLimit: 500 }, slow, { units: 'milliseconds' });
    expect(code).toBe(3);
    expect(text).toMatch(/percentile: expected a number from 1 to below 100, such as 95, got 0\.95/);
  });

  it('of which two are called the same are a reason: one of them would be lost', async () => {
    // By pod alone: its requests with 500 and those with 503, of which there are none.
    const rows: Rows = (k, at) => {
      const { shares: counted } = shares(50, 950)(k, at) as { readonly shares: readonly object[] };
      return { shares: [...counted, { series: 'a', at, hits: 0 }] };
    };
    const { code, text } = await judge({ upperLimit: '0.01' }, rows);
    expect(code).toBe(3);
    expect(text).toContain('shares[2]: series: there are 40 and 0 of one series at one time');
    const buckets: Rows = (_, at) => ({
      percentile: 95,
      histograms: [100, 90].map((count) => ({ series: 'a', at, le: '+Inf', count })),
    });
    expect((await judge({ upperLimit: 500 }, buckets)).text).toContain('there are 100 and 90 of one series');
    // Two replicas of one Prometheus say the same.
    const same: Rows = (k, at) => {
      const { shares: counted } = shares(0, 1000)(k, at) as { readonly shares: readonly object[] };
      return { shares: [...counted, ...counted] };
    };
    expect((await judge({ upperLimit: '0.01' }, same)).code).toBe(0);
  });

  it.each([
    [1000, 1, '✖ violated'],
    [2000, 3, '? undecided'],
  ])(
    'whose percentile is beyond their last bucket are compared with %d, without confidence, by what is known',
    async (upperLimit, code, shown) => {
      // Mutation: in src/judge/limits/custom-metric.ts, `!isSurelyBeyond(measured, asked.limit.limit)` -> `false`
      // Nine in ten are above a second; how far, nobody knows.
      const slow: Rows = (k, at) => ({
        percentile: 95,
        histograms: [
          { series: 'a', at, le: 1000, count: 10 + k * 100 },
          { series: 'a', at, le: '+Inf', count: 100 + k * 1000 },
        ],
      });
      const ran = await judge({ upperLimit }, slow, { units: 'milliseconds', strength: { confidence: 'none' } });
      expect([ran.code, ran.text]).toEqual([code, expect.stringContaining(shown)]);
    },
  );

  it('that are gone keep what they had, and say so', async () => {
    const gone = await judge({ upperLimit: '0.01' }, (k, at) => (k < 3 ? shares(0, 1000)(k, at) : { shares: [] }));
    expect(gone.text).toMatch(/no samples any more, or none yet \(kept the value of/);
    const never = await judge({ upperLimit: '0.01' }, () => ({ shares: [] }));
    expect(never.code).toBe(3);
    expect(never.text).toMatch(/no samples any more, or none yet/);
  });

  it('are replayed at other confidences, and say what was not counted', async () => {
    const { cwd } = await judge({ upperLimit: '0.01' }, shares(0, 1000));
    const again = (...flags: string[]) => iter8ctl(['replay', '.iter8/records/default/e.ndjson', ...flags], { cwd });
    const same = await again();
    expect(same.out).toMatch(/^promote v1/);
    expect((await again('--confidence', '0.9999999')).out).toMatch(/^undecided/);
  });
});
