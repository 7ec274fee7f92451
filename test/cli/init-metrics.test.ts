import { loadAll } from 'js-yaml';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';

const init = (...flags: string[]) => iter8ctl(['init', '--metrics', ...flags], { cwd: tmpdir() });
const PROMETHEUS = ['--prometheus', 'http://prometheus:9090'];
const USUAL = [...PROMETHEUS, '--versions', 'v1,v2', '--slo', 'p95<=250ms'];

it.each([
  [['isto', ...USUAL], /no such pack; did you mean istio\?.*|did you mean "?istio/s],
  [['istio', '--versions', 'v1', '--slo', 'p95<=1s'], /--metrics needs --prometheus/],
  [['istio', ...PROMETHEUS, '--slo', 'p95<=1s'], /--versions is needed/],
  [['istio', ...PROMETHEUS, '--versions', 'v1,v2,v3', '--slo', 'p95<=1s'], /one or two names, got 3/],
  [['istio', ...PROMETHEUS, '--versions', 'v1"} or up{a="', '--slo', 'p95<=1s'], /cannot name a workload/],
  [['istio', ...PROMETHEUS, '--versions', 'v1,v1', '--slo', 'p95<=1s'], /the same name/],
  [['istio', ...PROMETHEUS, '--versions', 'v1', '--slo', 'p0.95<=1s'], /"p0.95<=1s": no metric pack measures that/],
  [['istio', ...PROMETHEUS, '--versions', 'v1'], /a --slo is needed/],
  [['istio', ...USUAL, '--slo', 'error-count<=5'], /no metric pack measures that/],
  [['istio', '--prometheus', 'prometheus:9090', '--versions', 'v1', '--slo', 'p95<=1s'], /is not an http or https URL/],
  [['istio', ...USUAL, '--requests', '5'], /--requests and --metrics cannot be given together/],
  [['istio', ...USUAL, '--qps', '5'], /--qps needs --url/],
])('refuses %j', async (flags, expected) => {
  const { code, out, err } = await init(...flags);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(expected);
});

it('refuses the flags of a pack without one', async () => {
  const { code, err } = await iter8ctl(['init', '--versions', 'a', '--url', 'http://x/', '--slo', 'p95<=1s'], {
    cwd: tmpdir(),
  });
  expect(code).toBe(2);
  expect(err).toMatch(/--versions goes with --metrics/);
});

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name?: string };
  readonly spec: {
    readonly strategy?: { readonly actions?: { readonly loop: { readonly with: object }[] } };
    readonly duration?: object;
  };
}

it('writes one Metric for each thing that is limited, and load only when it is asked for', async () => {
  const quiet = loadAll((await init('istio', ...USUAL, '--slo', 'p95>=1ms')).out) as Written[];
  expect(quiet.map(({ kind }) => kind)).toEqual(['Metric', 'Experiment']);
  expect(quiet[1]!.spec.strategy!.actions).toBeUndefined();
  const loud = loadAll((await init('istio', ...USUAL, '--url', 'http://shop/', '--qps', '20')).out) as Written[];
  const { strategy, duration } = loud.find(({ kind }) => kind === 'Experiment')!.spec;
  expect(strategy!.actions!.loop[0]!.with).toEqual({
    loadOnly: true,
    time: '30s',
    qps: 20,
    versions: [{ name: 'traffic', url: 'http://shop/' }],
  });
  expect(duration).toEqual({ intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 10 });
});

it.each([
  ['mean<=150ms', 15_000],
  // Mutation: in src/metric-packs/experiment-from-pack.ts, `max: meanCapMs(means)` -> `max: MEAN_CAP_MS`
  ['mean<=20s', 40_000],
])('caps values of a mean where %s can still be exceeded', async (slo, max) => {
  const { code, out } = await init('istio', ...PROMETHEUS, '--versions', 'v1,v2', '--slo', slo);
  expect(code).toBe(0);
  expect(loadAll(out)).toContainEqual(
    expect.objectContaining({
      spec: expect.objectContaining({
        criteria: expect.objectContaining({ strength: { cap: [{ metric: expect.any(String), max }] } }),
      }),
    }),
  );
});
