/** Relative objectives end to end: real load on two servers, one of them worse. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

interface Change {
  readonly relative: readonly object[];
  readonly strength?: object;
  readonly qps?: number;
  readonly requests?: number;
  /** Of the k-th request of each. */
  readonly fails?: (version: 'old' | 'new', k: number) => boolean;
  readonly takesMs?: (version: 'old' | 'new', k: number) => number;
}

async function manifestOf(change: Change) {
  const asked = { old: 0, new: 0 };
  const server = await testServer((request, response) => {
    const version = request.url === '/new' ? 'new' : 'old';
    const k = asked[version]++;
    const end = () => response.writeHead(change.fails?.(version, k) === true ? 503 : 200).end();
    const ms = change.takesMs?.(version, k) ?? 0;
    if (ms === 0) end();
    else setTimeout(end, ms);
  });
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-relative-'));
  const version = (name: string) => ({ name, url: `${server.url}${name}` });
  writeFileSync(
    path.join(cwd, 'e.json'),
    JSON.stringify({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'e', namespace: 'default' },
      spec: {
        target: 't',
        strategy: {
          testingPattern: 'Canary',
          deploymentPattern: 'FixedSplit',
          actions: {
            start: [
              {
                task: 'metrics/collect',
                with: {
                  qps: change.qps ?? 200,
                  numQueries: change.requests ?? 400,
                  timeout: '30s',
                  versions: [version('old'), version('new')],
                },
              },
            ],
          },
        },
        criteria: {
          // Requests of ours are late only beyond a tenth of this: a busy machine must not make the load look too slow.
          objectives: [{ metric: 'iter8-system/latency-50th-percentile', upperLimit: 25_000 }],
          strength: { relative: change.relative, maxSeconds: 120, ...change.strength },
        },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
      },
    }),
  );
  return { server, cwd };
}

async function judge(change: Change) {
  const { server, cwd } = await manifestOf(change);
  await using _ = server;
  const ran = await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
  return { ...ran, cwd, text: ran.out.replace(/\s+/g, ' ') };
}

const ERRORS = 'iter8-system/error-rate';

// At once: each has a folder and servers of its own, and waits for its load most of the time.
describe.concurrent('a relative objective', () => {
  describe('on errors is decided by pairs of requests', () => {
    // 5 % of the baseline fail; the same of the candidate, or half of them.
    const fails = (worse: number) => (version: 'old' | 'new', k: number) =>
      Math.imul(k + (version === 'old' ? 0 : 5), 0x9e3779b1) >>> 0 < (version === 'old' ? 0.05 : worse) * 2 ** 32;
    const relative = [{ metric: ERRORS, maxIncrease: '0.2' }];
    it('that keep within it', async () => {
      const good = await judge({ relative, fails: fails(0.05) });
      expect(good.code, good.text + good.err).toBe(0);
      expect(good.text).toMatch(/^promote new all 2 objectives are satisfied/);
      expect(good.text).toMatch(/error-rate <= old \+ 20 points \d+(\.\d+)? % <= \d+(\.\d+)? % [\d,]+ ✔ satisfied/);
    });

    it('that do not', async () => {
      const bad = await judge({ relative, fails: fails(0.5) });
      expect(bad.code).toBe(1);
      expect(bad.text).toMatch(
        /^do not promote: keep old error-rate of new is violated: \S+ % observed, at least \S+ %, limit old \+ 20 points = \S+ % \([\d,]+ pairs of requests\)/,
      );
      const again = await iter8ctl(['replay', '.iter8/records/default/e.ndjson'], { cwd: bad.cwd });
      expect(again.out.replace(/\s+/g, ' ')).toMatch(/^do not promote: keep old error-rate of new is violated/);
    });
  });

  it('on means and percentiles is decided, either way', async () => {
    const within = (maxIncreasePercent: number) => [
      { metric: 'iter8-system/mean-latency', maxIncreasePercent },
      { metric: 'iter8-system/latency-50th-percentile', maxIncreasePercent },
    ];
    const strength = { cap: [{ metric: 'iter8-system/mean-latency', max: 400 }] };
    // The median, which a machine that stalls for a moment does not move. The same for both; or so much more that whatever a busy machine adds to both leaves it far above the limit.
    const takesMs = (slow: number) => (version: 'old' | 'new') => (version === 'new' ? slow : 5);
    const good = await judge({ relative: within(300), strength, takesMs: takesMs(5), qps: 100, requests: 300 });
    expect(good.code, good.text).toBe(0);
    expect(good.text).toMatch(/mean-latency <= old \+ 300 %/);
    const bad = await judge({ relative: within(100), strength, takesMs: takesMs(380), qps: 100, requests: 300 });
    expect(bad.code, bad.text).toBe(1);
    expect(bad.text).toMatch(/latency-50th-percentile of new is violated/);
  });

  it('stays open near its limit, and sends both the same load meanwhile', async () => {
    const open = await judge({
      relative: [{ metric: ERRORS, maxIncreasePercent: 5 }],
      strength: { maxRequests: 700 },
      fails: (_, k) => k % 10 === 0,
    });
    expect(open.code, open.text).toBe(3);
    expect(open.text).toMatch(/^undecided: keep old for now error-rate of new/);
    const counts = [...open.text.matchAll(/request-count ([\d,]+)/g)].map(([, n]) => Number(n!.replace(',', '')));
    expect(counts).toEqual([700, 700]);
  });

  it('is planned in pairs', async () => {
    const { server, cwd } = await manifestOf({
      relative: [
        { metric: ERRORS, maxIncrease: '0.01' },
        { metric: 'iter8-system/mean-latency', maxIncreasePercent: 10 },
        { metric: 'iter8-system/latency-95th-percentile', maxIncreasePercent: 5 },
        { metric: ERRORS, maxIncreasePercent: 5 },
      ],
    });
    await using _ = server;
    const { out } = await iter8ctl(['plan', '--local', '-f', 'e.json'], { cwd });
    const text = out.replace(/\s+/g, ' ');
    expect(text).toMatch(
      /error-rate <= old \+ 1 point needs [\d,]+ pairs of requests on average \(at 1 % errors in both\)/,
    );
    expect(text).toMatch(/mean-latency <= old \+ 10 % needs [\d,]+ pairs of requests on average/);
    expect(text).toMatch(/latency-95th-percentile <= old \+ 5 % needs [\d,]+ pairs of requests/);
  });

  it('on raw counters of a live service is decided, without being an objective of its own', async () => {
    const judgeLive = async (hits: number) => {
      const asked = new Map<string, number>();
      await using server = await testServer((request, response) => {
        const version = new URL(request.url ?? '', 'http://x').searchParams.get('v') ?? '';
        const k = asked.get(version) ?? 0;
        asked.set(version, k + 1);
        const at = 1_700_000_000 + 20 * k;
        const each = version === 'new' ? hits : 20;
        const rows = [
          { series: 1, at, hits: k * each },
          { series: 1, at, others: k * (2000 - each) },
        ];
        response.end(JSON.stringify({ shares: rows }));
      });
      const cwd = folderWith([
        liveExperiment({
          criteria: { strength: { relative: [{ metric: 'live', maxIncrease: '0.02' }] } },
          iterations: 5,
          versions: [{ name: 'old' }, { name: 'new' }],
        }),
        metricObject('live', {
          urlTemplate: server.url,
          params: [{ name: 'v', value: '$name' }],
          jqExpression: '{shares}',
        }),
      ]);
      const { out } = await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd, clock: fakeClock(Date.now()) });
      return out.replace(/\s+/g, ' ');
    };
    expect(await judgeLive(20)).toMatch(/^promote new .*live <= old \+ 0\.02 0\.01 <= 0\.0\d+ 10,000 ✔ satisfied/);
    expect(await judgeLive(300)).toMatch(/^do not promote: keep old live of new is violated: 0\.15 observed/);
  });

  it('that could not be broken, or is on a count, is refused', async () => {
    const { server, cwd } = await manifestOf({
      relative: [
        { metric: ERRORS, maxIncrease: 1 },
        { metric: 'iter8-system/request-count', maxIncreasePercent: 5 },
      ],
    });
    await using _ = server;
    const { code, err } = await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/relative\[0\]\.maxIncrease: expected a share below 1/);
    expect(err).toMatch(/relative\[1\]\.metric: expected a rate, a mean or a percentile/);
  });
});
