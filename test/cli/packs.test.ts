/** Metric packs against a real Prometheus, with series of the shape that each exporter gives. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAll, dump } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKS } from '../../src/metric-packs/experiment-from-pack.ts';
import {
  describePrometheus,
  exporter,
  startPrometheus,
  type Exported,
  type Labels,
  type Prometheus,
} from '../support/prometheus.ts';
import { isFull } from '../support/search-depth.ts';
import { iter8ctl } from '../support/test-io.ts';
import type { TestServer } from '../support/test-server.ts';

/** What a version has done so far: latencies in ms of requests that failed, and of those that did not. */
interface Done {
  readonly failed: number[];
  readonly fine: number[];
}

type Shape = (version: string, done: Done, native: boolean) => Exported;

const CLASSIC_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500];

/** A counter by outcome, and a histogram by outcome. */
function shape(
  how: {
    readonly counter?: string;
    readonly histogram: string;
    readonly unit: number;
    readonly outcome: (failed: boolean) => Labels;
  },
  labels: (version: string) => Labels,
): Shape {
  return (version, done, native) => {
    const each = [true, false].map((failed) => ({
      labels: { ...labels(version), ...how.outcome(failed) },
      latencies: failed ? done.failed : done.fine,
    }));
    const { counter } = how;
    return {
      counters:
        counter === undefined
          ? []
          : each.map(({ labels: own, latencies }) => ({ name: counter, labels: own, value: latencies.length })),
      histograms: each.map(({ labels: own, latencies }) => ({
        name: how.histogram,
        labels: own,
        values: latencies.map((ms) => ms / how.unit),
        ...(native ? {} : { bounds: CLASSIC_MS.map((ms) => ms / how.unit) }),
      })),
    };
  };
}

const SHAPES: Readonly<Record<string, Shape>> = {
  istio: shape(
    {
      counter: 'istio_requests_total',
      histogram: 'istio_request_duration_milliseconds',
      unit: 1,
      outcome: (failed) => ({ response_code: failed ? '503' : '200' }),
    },
    (version) => ({ reporter: 'source', destination_workload: version, destination_workload_namespace: 'shop' }),
  ),
  linkerd: shape(
    {
      counter: 'response_total',
      histogram: 'response_latency_ms',
      unit: 1,
      outcome: (failed) => ({ classification: failed ? 'failure' : 'success', status_code: failed ? '500' : '200' }),
    },
    (version) => ({ direction: 'inbound', deployment: version, namespace: 'shop', pod: `${version}-x1` }),
  ),
  'envoy-gateway': shape(
    {
      counter: 'envoy_cluster_upstream_rq_xx',
      histogram: 'envoy_cluster_upstream_rq_time',
      unit: 1,
      outcome: (failed) => ({ envoy_response_code_class: failed ? '5' : '2' }),
    },
    (version) => ({ envoy_cluster_name: `httproute/shop/${version}/rule/0` }),
  ),
  nginx: shape(
    {
      counter: 'nginx_ingress_controller_requests',
      histogram: 'nginx_ingress_controller_request_duration_seconds',
      unit: 1000,
      outcome: (failed) => ({ status: failed ? '502' : '200' }),
    },
    (version) => ({
      exported_namespace: 'shop',
      namespace: 'ingress-nginx',
      // As the controller: a canary is counted for the main Ingress.
      ingress: 'old',
      ...(version === 'old' ? {} : { canary: `shop-${version}-80` }),
    }),
  ),
  'otel-http': shape(
    {
      histogram: 'http_server_request_duration_seconds',
      unit: 1000,
      outcome: (failed) => ({ http_response_status_code: failed ? '500' : '200' }),
    },
    (version) => ({ job: `shop/${version}`, http_request_method: 'GET' }),
  ),
};

it('every pack is tried', () =>
  expect(Object.keys(SHAPES).toSorted()).toEqual(PACKS.map(({ name }) => name).toSorted()));

const REQUESTS = 1500;

/** Latencies around `ms`, none equal. */
const latencies = (n: number, ms: number) => Array.from({ length: n }, (_, k) => ms * (0.8 + (0.4 * k) / n));

describePrometheus('a pack against a real Prometheus', () => {
  const cases = PACKS.flatMap(({ name }) => [
    { pack: name, kind: 'classic', old: 'old', candidate: 'new' },
    // Versions of their own: the names of series are the same.
    ...(['istio', 'otel-http'].includes(name)
      ? [{ pack: name, kind: 'native', old: 'native-old', candidate: 'native-new' }]
      : []),
  ])
    // A quick run tries the two that are least alike: a counter with a classic histogram, and a native histogram alone.
    .filter(({ pack, kind }) => isFull || ['istio classic', 'otel-http native'].includes(`${pack} ${kind}`))
    .map((one) => {
      const done: Record<string, Done> = {
        // Before the experiment: none of it may count.
        [one.old]: { failed: latencies(70, 900), fine: latencies(300, 900) },
        [one.candidate]: { failed: latencies(70, 900), fine: latencies(300, 900) },
      };
      return { ...one, done };
    });
  let targets: TestServer[];
  let prometheus: Prometheus;

  beforeAll(async () => {
    targets = await Promise.all(
      cases.flatMap(({ pack, kind, old, candidate, done }) =>
        [old, candidate].map((version) => exporter(() => SHAPES[pack]!(version, done[version]!, kind === 'native'))),
      ),
    );
    prometheus = await startPrometheus(targets);
  });
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]();
    for (const target of targets) await target[Symbol.asyncDispose]();
  });

  // At once: they wait for scrapes most of the time.
  it.concurrent.each(cases)(
    '$pack, $kind histograms: errors, p95 and mean, satisfied and violated, each with its n',
    async ({ pack, old, candidate, done }) => {
      const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-pack-'));
      const made = await iter8ctl(
        [
          'init',
          '--metrics',
          pack,
          '--prometheus',
          prometheus.url,
          '--versions',
          `${old},${candidate}`,
          '--namespace',
          'shop',
          '--name',
          'e',
          ...['error-rate<=1%', 'p95<=250ms', 'mean<=2s'].flatMap((slo) => ['--slo', slo]),
        ],
        { cwd },
      );
      expect(made.code, made.err).toBe(0);
      const objects = loadAll(made.out) as {
        kind: string;
        spec: { criteria?: { strength?: object }; duration?: object };
      }[];
      const experiment = objects.find((one) => one.kind === 'Experiment')!;
      experiment.spec.duration = { intervalSeconds: 1, iterationsPerLoop: 7 };
      experiment.spec.criteria!.strength = {
        inFlightSeconds: 0.4,
        cap: [{ metric: `${pack}-mean-latency`, max: 5000 }],
      };
      writeFileSync(path.join(cwd, 'e.yaml'), objects.map((one) => dump(one)).join('---\n'));
      // Live traffic: a good baseline, and a candidate that fails and is slow. It begins after the experiment has.
      const perRound = REQUESTS / 3;
      const ran = await iter8ctl(['run', '--local', '-f', 'e.yaml', '-o', 'json'], {
        cwd,
        clock: prometheus.clock(),
        onErr: (text) => {
          // From the second iteration to the fourth: what began near the start or the end counts for nobody.
          if (!/Completed Iteration [234]\b/.test(text)) return;
          done[old]!.fine.push(...latencies(perRound, 40));
          done[candidate]!.fine.push(...latencies(perRound * 0.5, 40), ...latencies(perRound * 0.4, 700));
          done[candidate]!.failed.push(...latencies(perRound * 0.1, 700));
        },
      });
      const answer = JSON.parse(ran.out) as {
        recommendation: { verdict: string };
        objectives: {
          metric: string;
          version: string;
          verdict: string;
          n: number;
          estimate?: number;
          detail?: string;
        }[];
      };
      const reported = answer.objectives.map(
        ({ metric, version, verdict, n }) => `${version} ${metric} ${verdict} ${n}`,
      );
      expect(reported, ran.err).toEqual(
        [old, candidate].flatMap((version) =>
          ['error-rate', 'latency-95th-percentile', 'mean-latency'].map(
            (metric) =>
              `${version} ${pack}-${metric} ${version === old || metric === 'mean-latency' ? 'satisfied' : 'violated'} ${REQUESTS}`,
          ),
        ),
      );
      expect(answer.recommendation.verdict).toBe('do not promote');
      const of = (version: string, metric: string) =>
        answer.objectives.find((one) => one.version === version && one.metric.endsWith(metric))!.estimate!;
      expect(of(candidate, 'error-rate')).toBeCloseTo(0.1, 10);
      expect(of(old, 'mean-latency')).toBeCloseTo(40, 0);
    },
  );
});
