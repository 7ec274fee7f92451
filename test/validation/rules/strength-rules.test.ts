import { describe, expect, it } from 'vitest';
import {
  experiment,
  problems,
  withTask,
  collect,
  withCriteria,
  TASK,
  type Fields,
} from '../../support/rule-manifests.ts';

describe('rules about evidence', () => {
  const STRENGTH = 'spec.criteria.strength';
  const judged = { objectives: [{ metric: 'iter8-system/mean-latency', upperLimit: 500 }] };

  it.each<[Fields, Fields, string]>([
    [{ confidnce: 0.9 }, {}, `${STRENGTH}.confidnce: unknown setting; did you mean confidence?`],
    [
      { cap: [{ metric: 'iter8-system/mean-latancy', max: 1000 }] },
      {},
      `${STRENGTH}.cap[0].metric: no objective or reward is about "iter8-system/mean-latancy"; did you mean iter8-system/mean-latency?`,
    ],
    [
      { cap: [{ metric: 'iter8-system/mean-latency', max: 500 }] },
      {},
      `${STRENGTH}.cap[0].max: expected more than the limit of 500, got 500; otherwise no value could exceed it`,
    ],
    [
      { relative: [{ metric: 'a b', maxIncrease: 1 }] },
      {},
      `${STRENGTH}.relative[0].metric: expected the name of a metric (name, or namespace/name), got "a b"`,
    ],
    [
      { minRequests: 101, extend: false },
      {},
      `${STRENGTH}.minRequests: expected at most 100 requests, which is all that a version is ever sent, got 101; no verdict could be reached`,
    ],
    [
      { minRequests: 200_000 },
      {},
      `${STRENGTH}.minRequests: expected at most 7,200 requests, which is all that a version is ever sent, got 200000; no verdict could be reached`,
    ],
    [
      { minSeconds: 60, extend: false },
      { numQueries: 80 },
      `${STRENGTH}.minSeconds: expected at most 10 seconds, which is as long as load is ever sent, got 60; no verdict could be reached`,
    ],
  ])('%o with load %o is refused', (strength, inputs, problem) => {
    expect(problems(withCriteria({ ...judged, strength }, inputs))).toEqual([problem]);
  });

  it.each<[Fields, Fields]>([
    [{ minRequests: 100, extend: false }, {}],
    [{ minRequests: 200_000 }, { numQueries: 200_000 }],
    [{ minSeconds: 900 }, {}],
    [{ minSeconds: 9_000, extend: false }, { qps: 0 }],
    [{ cap: [{ metric: 'iter8-system/mean-latency', max: 501 }] }, {}],
    [{ relative: [{ metric: 'iter8-system/mean-latency', maxIncreasePercent: 10 }] }, {}],
  ])('%o with load %o is taken', (strength, inputs) => {
    expect(problems(withCriteria({ ...judged, strength }, inputs))).toEqual([]);
  });

  it('loop tasks are performed in each loop', () => {
    const strategy = { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { loop: [collect()] } };
    const inLoops = (maxLoops: number) =>
      problems(
        experiment({
          strategy,
          duration: { maxLoops },
          criteria: { ...judged, strength: { minRequests: 300, extend: false } },
        }),
      );
    expect(inLoops(3)).toEqual([]);
    expect(inLoops(2)).toHaveLength(1);
  });

  it('relative limits need a candidate', () => {
    const criteria = { strength: { relative: [{ metric: 'm', maxIncrease: 1 }] } };
    const written = experiment({
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'v' } },
      criteria,
    });
    expect(problems(written)).toEqual([
      `${STRENGTH}.relative: expected none for Conformance, which has no candidate to compare with the baseline`,
    ]);
  });

  it.each([
    [
      { method: 'GET', payloadStr: 'x' },
      `${TASK}.with: expected POST, PUT, PATCH or DELETE with a payload, got method GET`,
    ],
    [
      { method: 'TRACE' },
      `${TASK}.with.method: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, got "TRACE"`,
    ],
    [
      { headers: { 'Keep-Alive': '5' } },
      `${TASK}.with.headers.Keep-Alive: expected a header of the request; this one belongs to the connection, and is set by this program, got "Keep-Alive"`,
    ],
  ])('load %o is refused before anything is sent', (inputs, problem) => {
    expect(problems(withTask(collect(inputs)))).toEqual([problem]);
  });

  it.each([
    { method: 'PUT', payloadStr: 'x' },
    { method: 'DELETE' },
    { headers: { Host: 'shop.test', 'User-Agent': 'me' } },
  ])('load %o is taken', (inputs) => {
    expect(problems(withTask(collect(inputs)))).toEqual([]);
  });

  describe('versions that are compared', () => {
    const only = (name: string, more: Fields = {}) =>
      collect({ versions: [{ name, url: `http://${name}/` }], ...more });
    const apart =
      'expected one metrics/collect task that loads both "v1" and "v2"; requests of two tasks are not sent at the same times, so they cannot be compared';
    const compared = (tasks: unknown[], criteria: Fields) =>
      problems(
        experiment({
          strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { start: tasks } },
          criteria,
        }),
      );
    const relative = (metric: string) => ({ strength: { relative: [{ metric, maxIncreasePercent: 10 }] } });

    it('are loaded by one task', () => {
      const criteria = relative('iter8-system/mean-latency');
      expect(compared([only('v1'), only('v2')], criteria)).toEqual([`${STRENGTH}.relative[0]: ${apart}`]);
      expect(compared([collect({ loadOnly: true }), only('v2')], criteria)).toEqual([
        `${STRENGTH}.relative[0]: ${apart}`,
      ]);
      expect(compared([only('v1'), collect()], criteria)).toEqual([]);
      expect(
        compared([only('v1'), only('v2')], { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }] }),
      ).toEqual([]);
    });

    it('are compared as a backend counts them where it does', () => {
      expect(compared([only('v1'), only('v2')], relative('default/m'))).toEqual([]);
      expect(compared([], relative('iter8-system/mean-latency'))).toEqual([]);
    });

    it('by a reward, too', () => {
      const strategy = (tasks: unknown[]) => ({
        testingPattern: 'A/B',
        deploymentPattern: 'FixedSplit',
        actions: { start: tasks },
      });
      const criteria = { rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }] };
      expect(problems(experiment({ strategy: strategy([only('v1'), only('v2')]), criteria }))).toEqual([
        `spec.criteria.rewards[0]: ${apart}`,
      ]);
      expect(problems(experiment({ strategy: strategy([collect()]), criteria }))).toEqual([]);
    });
  });

  it('load that no version is judged by is refused when built-in metrics are judged', () => {
    const versions = [{ name: 'v3', url: 'http://v3/' }];
    expect(problems(withCriteria(judged, { versions }))).toEqual([
      `${TASK}.with.versions[0].name: "v3" is not in spec.versionInfo, nor is any other version that gets load, so nothing would be measured; there are: "v1", "v2"`,
    ]);
    expect(problems(withCriteria(judged, { versions, loadOnly: true }))).toEqual([]);
    expect(problems(withCriteria({ objectives: [{ metric: 'default/m', upperLimit: 1 }] }, { versions }))).toEqual([]);
  });
});
