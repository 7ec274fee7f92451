/** Raw counters of a real HTTP server under load, through a real Prometheus: what we count is what the server counted. */
import { expect, it } from 'vitest';
import { request } from 'undici';
import { describePrometheus, exporter, startPrometheus } from '../support/prometheus.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { failingEach, testServer } from '../support/test-server.ts';

/** What may be missing at either end: samples are so old at most, and requests that were under way. */
const ALLOWANCE_SECONDS = 1;
const PER_SECOND = 100;

/** Asks for so many a second until it is stopped; bounded in any case. */
function underLoad(url: string): { readonly stop: () => Promise<void> } {
  const open = new Set<Promise<void>>();
  let left = 3000;
  const timer = setInterval(() => {
    if (left-- <= 0) return;
    const one = request(url).then(({ body }) => body.dump());
    open.add(one);
    void one.finally(() => open.delete(one));
  }, 1000 / PER_SECOND);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}

describePrometheus('a real server under load', () => {
  it('is judged by as many requests as it served, and a query of increase() only approximately', async () => {
    await using service = await testServer(failingEach(4));
    const counter = (code: string, value: number) => ({
      name: 'requests_total',
      labels: { version: 'v1', code },
      value,
    });
    await using target = await exporter(() => {
      const failed = Math.floor(service.seen() / 4);
      return { counters: [counter('503', failed), counter('200', service.seen() - failed)], histograms: [] };
    });
    await using prometheus = await startPrometheus([target]);
    const load = underLoad(service.url);
    const metric = (name: string, query: string, spec: object) =>
      metricObject(name, {
        urlTemplate: `${prometheus.url}/api/v1/query`,
        params: [{ name: 'query', value: query }],
        jqExpression: '.data.result[0].value[1] | tonumber',
        ...spec,
      });
    const objectives = ['raw', 'extrapolated'].map((name) => ({ metric: name, upperLimit: '0.1' }));
    const cwd = folderWith([
      liveExperiment({ criteria: { objectives, strength: { inFlightSeconds: 0.5 } }, iterations: 6 }),
      metric('raw', 'requests_total{version="$name"}[${lookbackSeconds}s]', {
        jqExpression:
          '{shares: [.data.result[] | .metric as $m | .values[] | {series: $m, at: .[0]} + if $m.code == "503" then {hits: (.[1] | tonumber)} else {others: (.[1] | tonumber)} end]}',
      }),
      metric(
        'extrapolated',
        'sum(increase(requests_total{version="$name",code="503"}[${elapsedTime}s])) / sum(increase(requests_total{version="$name"}[${elapsedTime}s]))',
        { sampleSize: 'count' },
      ),
      metric('count', 'sum(increase(requests_total{version="$name"}[${elapsedTime}s]))', { type: 'Counter' }),
    ]);
    await prometheus.scraped();
    let began: number | undefined;
    const ran = await iter8ctl(['run', '--local', '-f', 'all.json', '-o', 'json'], {
      cwd,
      onErr: (text) => {
        if (/Advanced to Running/.test(text)) began = service.seen();
      },
    });
    const served = service.seen() - began!;
    await load.stop();
    const answer = JSON.parse(ran.out) as {
      objectives: { metric: string; verdict: string; n: number; estimate: number; detail?: string }[];
    };
    const [raw, extrapolated] = answer.objectives;
    expect(served).toBeGreaterThan(150); // however slow the machine is: enough for a verdict
    expect(Math.abs(raw!.n - served)).toBeLessThanOrEqual(ALLOWANCE_SECONDS * PER_SECOND);
    expect(raw).toMatchObject({ verdict: 'violated' });
    expect(raw!.estimate).toBeCloseTo(0.25, 1);
    expect(raw!.detail).toBeUndefined();
    expect(extrapolated!.detail).toMatch(/approximate: extrapolated counters/);
  });
});
