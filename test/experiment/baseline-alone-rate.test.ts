/** `aa -f` sends the baseline what a run of the same manifest would. */
import { expect, it } from 'vitest';
import { baselineAlone } from '../../src/experiment/baseline-alone.ts';
import { plainExperiment } from '../support/plain-experiment.ts';
import { collectInputs } from '../../src/experiment/tasks/collect-inputs.ts';

it.each([
  ['versions that name different rates', [{ qps: 200 }, {}], 8],
  ['versions that name one', [{ qps: 200 }, { qps: 200 }], 200],
])('%s', (_, [first, second], wanted) => {
  const versions = [
    { name: 'v1', url: 'http://a/', ...first },
    { name: 'v2', url: 'http://b/', ...second },
  ];
  const task = { task: 'metrics/collect', with: { time: '10s', versions } };
  const experiment = plainExperiment(
    {
      strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { start: [task] } },
      versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] },
    },
    { name: 'x', namespace: 'd' },
  );
  const alone = baselineAlone(experiment, { name: 'aa', timeoutMs: 10_000, change: {} }).experiment;
  const [sent] = alone.spec.strategy.actions!['start']!;
  expect([collectInputs(sent!).qps, collectInputs(task).qps]).toEqual([wanted, wanted]);
});
