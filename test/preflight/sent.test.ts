/** What is promised of an objective rests on the requests that its version, or its endpoint, is sent. */
import { expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { sentTo } from '../../src/judge/question/planned-load.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { decidability, decidabilityWarnings } from '../../src/preflight/decidability.ts';
import type { Collect } from '../support/driving.ts';
import { conformance } from '../support/driving.ts';

const url = (path: string) => `http://shop.test/${path}`;
const P95 = 'iter8-system/latency-95th-percentile';

/** A p95 without a slow request takes 74 requests. */
function asked(metric: string, tasks: readonly Collect[], { strength = {} }: { strength?: object } = {}) {
  const { spec, ...base } = conformance();
  return compileQuestion(
    withDefaults(
      {
        ...base,
        spec: {
          ...spec,
          strategy: {
            testingPattern: 'Canary',
            deploymentPattern: 'FixedSplit',
            actions: { start: tasks.map((task) => ({ task: 'metrics/collect', with: { qps: 100, ...task } })) },
          },
          criteria: { objectives: [{ metric, upperLimit: 300 }], strength: { extend: false, ...strength } },
          versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
        },
      },
      { namespace: 'default', name: 'e' },
    ),
  );
}

const both = (of: object) => ['old', 'new'].map((name) => ({ name, ...of }));
const endpoints = (...names: string[]) => ({ endpoints: names.map((name) => ({ name, url: url(name) })) });

it('counts what a task sends to another version for nothing', () => {
  const tasks = ['old', 'new'].map((name) => ({ numQueries: 100, versions: [{ name, url: url(name) }] }));
  const question = asked(P95, tasks);
  expect(question.load.plannedRequests).toBe(100);
  expect(decidability(question)).toMatchObject([{ decided: 'seldom', remark: expect.stringMatching(/at most 100 /) }]);
  expect(decidabilityWarnings(question)).toHaveLength(1);
  const more = asked(P95, [tasks[0]!, { ...tasks[1]!, numQueries: 200 }]);
  expect(decidability(more)).toMatchObject([{ decided: 'yes' }]);
});

it('counts the part of an endpoint alone', () => {
  const versions = both(endpoints('home', 'cart', 'pay'));
  const ofPay = (numQueries: number) => decidability(asked(`${P95}/pay`, [{ numQueries, versions }]));
  expect(ofPay(200)).toMatchObject([
    { decided: 'seldom', remark: 'at most 66 requests are sent, and fewer than 74 can never satisfy it' },
  ]);
  expect(ofPay(600)).toMatchObject([{ decided: 'yes' }]);
  expect(decidability(asked(P95, [{ numQueries: 200, versions }]))).toMatchObject([{ decided: 'yes' }]);
});

it('knows that a candidate does not have an endpoint of the baseline', () => {
  const versions = [
    { name: 'old', ...endpoints('home', 'pay') },
    { name: 'new', ...endpoints('home') },
  ];
  const question = asked(`${P95}/pay`, [{ numQueries: 900, versions }]);
  expect(decidability(question)).toMatchObject([
    { decided: 'no', remark: 'no metrics/collect task measures pay of new, so that it has no value' },
  ]);
});

it('counts pairs where one task loads both versions', () => {
  const relative = [{ metric: 'iter8-system/error-rate', maxIncrease: 0.02 }];
  const together = { numQueries: 60, versions: both({ url: url('') }) };
  const alone = { numQueries: 5000, versions: [{ name: 'new', url: url('') }] };
  const rows = (tasks: Collect[]) =>
    decidability(asked(P95, tasks, { strength: { relative } })).map(({ decided }) => decided);
  expect(rows([together, alone])).toEqual(['yes', 'seldom']);
  expect(rows([{ ...together, numQueries: 5000 }])).toEqual(['yes', 'yes']);
});

it('counts as pairs of an endpoint only the ticks in which it is the turn of both', () => {
  const sent = (...names: string[][]) => {
    const versions = names.map((own, index) => ({ name: ['old', 'new'][index], ...endpoints(...own) }));
    const { load } = asked(P95, [{ numQueries: 600, versions }]);
    return sentTo(load.tasks, ['old', 'new'], 'home').plannedRequests;
  };
  expect(sent(['home', 'pay'], ['home', 'pay'])).toBe(300);
  expect(sent(['home', 'pay'], ['home'])).toBe(300);
  expect(sent(['home', 'pay'], ['home', 'cart', 'pay'])).toBe(100);
  expect(sent(['home', 'pay'], ['cart'])).toBe(0);
});
