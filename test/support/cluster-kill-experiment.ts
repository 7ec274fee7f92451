/** The experiment of cluster-kill-drill.ts: load of our own, counters of others, messages, scripts, and traffic that moves. Pure. */
import { liveMetric } from './kill-checks.ts';

export const VERSIONS = ['v1', 'v2'] as const;
export const RATE = 75;
const START_REQUESTS = 375;
const LOOP_REQUESTS = 45;
export const LOOPS = 2;
export const PLANNED = START_REQUESTS + LOOPS * LOOP_REQUESTS;
/** The task that waits for a person. */
export const GATE = 'finish/1';
/** Percent: also the end of a candidate that is promoted. */
export const MOST_CANDIDATE = 60;

export interface Plan {
  readonly namespace: string;
  /** Four of five requests of others to the candidate fail: it is rolled back when it has traffic. */
  readonly isBad: boolean;
  /** Both weights in one object, or one in each of two: then it can be killed between two patches. */
  readonly kind: 'one object' | 'two objects';
  readonly isScripted: boolean;
}

/** What holds the weights. */
export function objectsOf({ kind, namespace }: Plan): object {
  const items =
    kind === 'one object'
      ? [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'split', namespace },
            data: { v1: '100', v2: '0', other: 'left alone' },
          },
        ]
      : VERSIONS.map((name, index) => ({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name, namespace },
          spec: {
            replicas: index === 0 ? 4 : 0,
            selector: { matchLabels: { app: name } },
            template: {
              metadata: { labels: { app: name } },
              // There is no such node: what runs there is not what this is about.
              spec: {
                nodeSelector: { 'kills.test/none': 'none' },
                containers: [{ name: 'app', image: 'none.test/none' }],
              },
            },
          },
        }));
  return { apiVersion: 'v1', kind: 'List', items };
}

export function experimentManifest(
  { kind, namespace, isScripted }: Plan,
  { url, script }: { readonly url: string; readonly script: (id: string) => object },
): object {
  const collect = (numQueries: number) => ({
    task: 'metrics/collect',
    with: { numQueries, qps: RATE, timeout: '60s', versions: VERSIONS.map((name) => ({ name, url: `${url}${name}` })) },
  });
  const message = (id: string) => ({
    task: 'notification/http',
    with: { url: `${url}message?id=${encodeURIComponent(id)}` },
  });
  const gate = { task: 'gate', with: { timeout: '10m' } };
  const version = (name: string) => ({
    name,
    weightObjRef:
      kind === 'one object'
        ? { apiVersion: 'v1', kind: 'ConfigMap', name: 'split', fieldPath: `.data.${name}` }
        : { apiVersion: 'apps/v1', kind: 'Deployment', name, fieldPath: '.spec.replicas' },
  });
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'shop', namespace },
    spec: {
      target: namespace,
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'Progressive',
        weights: { maxCandidateWeight: MOST_CANDIDATE, maxCandidateWeightIncrement: 25 },
        actions: {
          start: [isScripted ? script('start/0') : message('start/0'), collect(START_REQUESTS)],
          loop: [message('loop/0'), collect(LOOP_REQUESTS)],
          finish: [isScripted ? script('finish/0') : message('finish/0'), gate, message('finish/2')],
        },
      },
      criteria: {
        objectives: [
          { metric: 'iter8-system/error-rate', upperLimit: '0.7' },
          { metric: 'live', upperLimit: '0.5', rollback_on_failure: true },
        ],
        strength: {
          extend: false,
          inFlightSeconds: 0.1,
          relative: [{ metric: 'iter8-system/mean-latency', maxIncrease: 15_000 }],
        },
      },
      duration: { intervalSeconds: 2, iterationsPerLoop: 2, maxLoops: LOOPS },
      versionInfo: { baseline: version('v1'), candidates: [version('v2')] },
    },
  };
  return { apiVersion: 'v1', kind: 'List', items: [experiment, liveMetric(url, namespace)] };
}
