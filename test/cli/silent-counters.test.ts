/** Raw counters whose exporter is gone: the newest sample is in every answer, and says nothing any more. */
import { expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

const ITERATIONS = 20;
const INTERVAL_SECONDS = 120;
const SCRAPE_MS = 15_000;

/** Scraped every 15 s, until so long after the start, as Prometheus answers range selectors. */
async function run(livesMs: number, strength: object) {
  const clock = fakeClock(Date.parse('2026-03-01T12:00:00Z'));
  const startMs = clock.now();
  await using server = await testServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
    const fromMs = clock.now() - 1000 * Number(/\[(\d+)s\]/.exec(query)![1]);
    const shares = [];
    for (let at = startMs - 600_000; at <= Math.min(clock.now(), startMs + livesMs); at += SCRAPE_MS)
      if (at > fromMs)
        shares.push(
          { series: 'a', at: at / 1000, hits: 0 },
          { series: 'a', at: at / 1000, others: 100_000 + (at - startMs) / 10 },
        );
    response.end(JSON.stringify({ shares }));
  });
  const experiment = liveExperiment({
    criteria: { objectives: [{ metric: 'live', upperLimit: '0.01' }], strength },
    iterations: ITERATIONS,
  }) as { readonly spec: { readonly duration: object } };
  const duration = { ...experiment.spec.duration, intervalSeconds: INTERVAL_SECONDS };
  const cwd = folderWith([
    { ...experiment, spec: { ...experiment.spec, duration } },
    metricObject('live', {
      urlTemplate: server.url,
      params: [{ name: 'query', value: 'requests{v="$name"}[${lookbackSeconds}s]' }],
      jqExpression: '{shares: .shares}',
    }),
  ]);
  return await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd, clock });
}

it.each([
  ['that go on are judged', 3_600_000, {}, 0],
  ['that ended after some minutes are too old for a verdict', 300_000, {}, 3],
  ['that ended are no data, which may be a violation', 300_000, { noData: 'violated' }, 1],
])('counters %s', async (_, livesMs, strength, wanted) => {
  const { code, out, err } = await run(livesMs, strength);
  expect(code, `${out}${err}`).toBe(wanted);
});
