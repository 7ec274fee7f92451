import { expect, it } from 'vitest';
import { experimentsAhead } from '../../src/drive/target-queue-order.ts';
import { plainExperiment } from '../support/plain-experiment.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';

function experiment(
  name: string,
  at: string | undefined,
  change: { readonly target?: string; readonly stage?: string; readonly namespace?: string } = {},
): Experiment {
  const key = { namespace: change.namespace ?? 'shop', name };
  const written = plainExperiment(
    { target: change.target ?? 'cart' },
    { ...key, ...(at === undefined ? {} : { creationTimestamp: `2026-11-24T08:00:${at}Z` }) },
  );
  return { ...written, status: { stage: change.stage ?? 'Waiting' } };
}

const names = (one: Experiment, all: readonly Experiment[]) =>
  experimentsAhead(one, all).map(({ namespace, name }) => `${namespace}/${name}`);

it('puts those that wait for the same target in order of creation, then of namespace and name', () => {
  const mine = experiment('m', '05');
  const all = [
    experiment('late', '06'),
    experiment('z', '05', { namespace: 'a' }),
    experiment('b', '05'),
    mine,
    experiment('first', '01'),
    experiment('second', '02'),
    experiment('n', '05'),
    experiment('of unknown age', undefined),
  ];
  expect(names(mine, all)).toEqual(['shop/of unknown age', 'shop/first', 'shop/second', 'a/z', 'shop/b']);
});

it('puts those first that had it: nobody else moves their traffic while they find their way back', () => {
  const mine = experiment('m', '01');
  const runs = experiment('runs', '05', { stage: 'Running' });
  const acquired = { ...runs, status: { ...runs.status, conditions: [{ type: 'TargetAcquired', status: 'True' }] } };
  const waits = experiment('waits', '00');
  expect(names(mine, [waits, acquired as Experiment])).toEqual(['shop/runs', 'shop/waits']);
  expect(names(acquired as Experiment, [waits, mine])).toEqual([]);
});

it('leaves out other targets, and those that are over', () => {
  const mine = experiment('m', '05');
  const over = experiment('over', '01');
  const all = [
    experiment('other', '01', { target: 'search' }),
    { ...over, status: { ...over.status, conditions: [{ type: 'Completed', status: 'True' }] } } as Experiment,
  ];
  expect(names(mine, all)).toEqual([]);
});
