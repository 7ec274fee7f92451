import { describe, expect, it } from 'vitest';
import { metricWithDefaults, withDefaults } from '../../src/experiment/defaults.ts';
import { API_VERSION, type WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { WrittenMetric } from '../../src/experiment/metric.ts';

const written = (
  spec: Partial<WrittenExperiment['spec']> = {},
  metadata: WrittenExperiment['metadata'] = {},
): WrittenExperiment => ({
  apiVersion: API_VERSION,
  kind: 'Experiment',
  metadata,
  spec: { target: 't', strategy: { testingPattern: 'Canary' }, ...spec },
});

describe('defaults of an experiment', () => {
  it('are those of Iter8', () => {
    expect(withDefaults(written(), { namespace: 'shop', name: 'x' })).toEqual({
      apiVersion: API_VERSION,
      kind: 'Experiment',
      metadata: { name: 'x', namespace: 'shop' },
      spec: {
        target: 't',
        strategy: {
          testingPattern: 'Canary',
          deploymentPattern: 'Progressive',
          actions: {},
          weights: { maxCandidateWeight: 100, maxCandidateWeightIncrement: 10 },
        },
        criteria: { objectives: [], indicators: [], rewards: [] },
        duration: { intervalSeconds: 20, iterationsPerLoop: 15, maxLoops: 1 },
      },
    });
  });

  it('never replace what is written', () => {
    const experiment = written(
      {
        strategy: {
          testingPattern: 'Canary',
          deploymentPattern: 'FixedSplit',
          weights: { maxCandidateWeight: 0, later: 1 },
        },
        duration: { maxLoops: 3 },
        criteria: { objectives: [{ metric: 'm', upperLimit: '150e-9', rollback_on_failure: true }], more: 'x' },
      },
      { name: 'mine', namespace: 'here', labels: { a: 'b' } },
    );
    const { metadata, spec } = withDefaults(experiment, { namespace: 'shop', name: 'x' });
    expect(metadata).toEqual({ name: 'mine', namespace: 'here', labels: { a: 'b' } });
    expect(spec.strategy).toMatchObject({
      deploymentPattern: 'FixedSplit',
      weights: { maxCandidateWeight: 0, maxCandidateWeightIncrement: 10, later: 1 },
    });
    expect(spec.duration).toEqual({ intervalSeconds: 20, iterationsPerLoop: 15, maxLoops: 3 });
    expect(spec.criteria).toEqual({
      objectives: [{ metric: 'm', upperLimit: '150e-9', rollback_on_failure: true }],
      more: 'x',
      indicators: [],
      rewards: [],
    });
  });

  it.each([
    ['FixedSplit', undefined, false],
    ['Progressive', undefined, false],
    [undefined, undefined, false],
    ['BlueGreen', undefined, true],
    ['BlueGreen', false, false],
    ['FixedSplit', true, true],
  ] as const)('under %s an objective that says %s rolls back: %s', (deploymentPattern, rollback, expected) => {
    const objective = {
      metric: 'm',
      upperLimit: 1,
      ...(rollback === undefined ? {} : { rollback_on_failure: rollback }),
    };
    const strategy = {
      testingPattern: 'Canary' as const,
      ...(deploymentPattern === undefined ? {} : { deploymentPattern }),
    };
    const experiment = withDefaults(written({ strategy, criteria: { objectives: [objective] } }), { namespace: 'n' });
    expect(experiment.spec.criteria.objectives[0]!.rollback_on_failure).toBe(expected);
  });

  it('are the same when applied twice, and leave the written object alone', () => {
    const experiment = written({ criteria: { objectives: [{ metric: 'm' }] } }, { generateName: 'x-' });
    const before = structuredClone(experiment);
    const once = withDefaults(experiment, { namespace: 'n' });
    expect(withDefaults(once, { namespace: 'other', name: 'other' })).toEqual(once);
    expect(experiment).toEqual(before);
    expect(once.metadata.name).toBe('x-');
  });
});

describe('defaults of a metric', () => {
  it('are Gauge and GET', () => {
    const metric: WrittenMetric = {
      apiVersion: API_VERSION,
      kind: 'Metric',
      metadata: { name: 'm' },
      spec: { jqExpression: '.' },
    };
    expect(metricWithDefaults(metric, { namespace: 'n' })).toEqual({
      ...metric,
      metadata: { name: 'm', namespace: 'n' },
      spec: { jqExpression: '.', type: 'Gauge', method: 'GET' },
    });
    expect(
      metricWithDefaults({ ...metric, spec: { type: 'Counter', method: 'POST' } }, { namespace: 'n' }).spec,
    ).toEqual({ type: 'Counter', method: 'POST' });
  });
});
