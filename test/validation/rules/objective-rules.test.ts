import { describe, expect, it } from 'vitest';
import { problems, withCriteria, objective, BASE, TASK, type Fields } from '../../support/rule-manifests.ts';

describe('rules about objectives', () => {
  it.each<[Fields, string]>([
    [
      { metric: 'm' },
      `${BASE}: expected upperLimit or lowerLimit, got neither; to observe "m" only, list it under indicators`,
    ],
    [{ metric: 'm', upperLimit: 0.01 }, `${BASE}.upperLimit: expected a quantity, got 0.01; quote it: "0.01"`],
    [
      { metric: 'm', upperLimit: 'fast' },
      `${BASE}.upperLimit: expected a quantity such as 500, "0.01", 10m or 1k, got "fast"`,
    ],
    [
      { metric: 'm', upperLimit: 1, lowerLimit: '1001m' },
      `${BASE}.lowerLimit: expected at most the upperLimit of 1, got 1001m; no value can be between them`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: 1 },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got 1; 1 % is "0.01"`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: '2.5' },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got 2.5; 2.5 % is "0.025"`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: '-1' },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got -1`,
    ],
    [
      { metric: 'iter8-system/mean-latency', upperLimit: 0 },
      `${BASE}.upperLimit: expected a latency in ms above 0, got 0`,
    ],
    [
      { metric: 'iter8-system/latency-50th-percentile', lowerLimit: -1 },
      `${BASE}.lowerLimit: expected a latency in ms above 0, got -1`,
    ],
    [
      { metric: 'iter8-system/error-count', upperLimit: -1 },
      `${BASE}.upperLimit: expected a count of 0 or more, got -1`,
    ],
    [
      { metric: 'a b', upperLimit: 1 },
      `${BASE}.metric: expected the name of a metric (name, or namespace/name), got "a b"`,
    ],
    [
      { metric: 'a/b/c', upperLimit: 1 },
      `${BASE}.metric: expected the name of a metric (name, or namespace/name), got "a/b/c"`,
    ],
    // Values are kept by the names of metrics and versions: this one would be written into what all objects share.
    [{ metric: 'constructor', upperLimit: 1 }, `${BASE}.metric: "constructor" is a reserved name; choose another`],
    [{ metric: '', upperLimit: 1 }, `${BASE}.metric: expected the name of a metric (name, or namespace/name), got ""`],
    [
      { metric: 'iter8-system/latency-100th-percentile', upperLimit: 1 },
      `${BASE}.metric: expected a percentile above 0 and below 100 such as iter8-system/latency-99.9th-percentile, got "iter8-system/latency-100th-percentile"`,
    ],
    [
      { metric: 'iter8-system/mean-latency/checkout', upperLimit: 1 },
      `${BASE}.metric: no metrics/collect task has an endpoint "checkout"; no metrics/collect task names endpoints`,
    ],
    [
      { metric: 'm', upperLimit: 1, rollbackOnFailure: true },
      `${BASE}.rollbackOnFailure: unknown field; did you mean rollback_on_failure?`,
    ],
  ])('%o is refused', (fields, problem) => {
    expect(problems(objective(fields))).toEqual([problem]);
  });

  it.each<Fields>([
    { metric: 'iter8-system/error-rate', upperLimit: 0 },
    { metric: 'iter8-system/error-rate', upperLimit: '0.999', lowerLimit: 0 },
    { metric: 'iter8-system/mean-latency', lowerLimit: 0, upperLimit: 1 },
    { metric: 'm', upperLimit: 1, lowerLimit: '1000m' },
    { metric: 'm', upperLimit: '150e-9' },
    { metric: 'm', upperLimit: '1e1' },
    { metric: 'm', upperLimit: 1, note: 'fields that nobody knows survive' },
  ])('%o is taken', (fields) => {
    expect(problems(objective(fields))).toEqual([]);
  });

  it.each([
    ['300ms', 300, true],
    ['300ms', 299, false],
    ['300ms', '1k', true],
    [undefined, 60_000, false],
  ])('with a timeout of %s a latency limit of %s is refused: %s', (timeout, upperLimit, refused) => {
    const written = withCriteria(
      { objectives: [{ metric: 'iter8-system/latency-95th-percentile', upperLimit }] },
      timeout === undefined ? {} : { timeout },
    );
    const expected = `${BASE}.upperLimit: expected less than the timeout of 300ms (${TASK}.with.timeout), got ${upperLimit} ms; raise the timeout or lower the limit`;
    expect(problems(written)).toEqual(refused ? [expected] : []);
  });

  it('names of endpoints are checked against those that get load', () => {
    const versions = [{ name: 'v1', endpoints: [{ name: 'checkout', url: 'http://a/' }] }];
    const check = (metric: string) => problems(withCriteria({ objectives: [{ metric, upperLimit: 5 }] }, { versions }));
    expect(check('iter8-system/mean-latency/checkout')).toEqual([]);
    expect(check('iter8-system/mean-latency/chekout')).toEqual([
      `${BASE}.metric: no metrics/collect task has an endpoint "chekout"; did you mean checkout?`,
    ]);
  });
});
