/** Lists that nobody writes by hand: refused at once, before every other rule is asked about each of their entries. */
import { expect, it } from 'vitest';
import { checkExperiment } from '../../../src/validation/rules/all-rules.ts';
import type { WrittenExperiment } from '../../../src/experiment/experiment.ts';

const of = <T>(length: number, entry: (k: number) => T): T[] => Array.from({ length }, (_, k) => entry(k));
const experiment = (spec: object): WrittenExperiment => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name: 'e' },
  spec: {
    target: 't',
    strategy: { testingPattern: 'Conformance' },
    duration: {},
    versionInfo: { baseline: { name: 'v1' } },
    ...spec,
  },
});
const objectives = (length: number) => of(length, (k) => ({ metric: `m${k}`, upperLimit: '1' }));
const tasks = (length: number) => of(length, () => ({ run: 'true' }));
const candidates = (length: number) => of(length, (k) => ({ name: `c${k}` }));

const load = (versions: object[]) => ({
  strategy: { testingPattern: 'Conformance', actions: { start: [{ task: 'metrics/collect', with: { versions } }] } },
});

it.each([
  [{ criteria: { objectives: objectives(501) } }, 'spec.criteria.objectives', 'at most 500 entries, got 501'],
  [
    { criteria: { rewards: of(101, () => ({ metric: 'm', preferredDirection: 'High' })) } },
    'spec.criteria.rewards',
    'at most 100 entries, got 101',
  ],
  [
    { versionInfo: { baseline: { name: 'v1' }, candidates: candidates(101) } },
    'spec.versionInfo.candidates',
    'at most 100 entries, got 101',
  ],
  [
    { strategy: { testingPattern: 'Conformance', actions: { finish: tasks(60_000) } } },
    'spec.strategy.actions.finish',
    'at most 500 entries, got 60,000',
  ],
  [
    { versionInfo: { baseline: { name: 'v1' }, candidates: candidates(9) }, criteria: { objectives: objectives(101) } },
    'spec.criteria.objectives',
    'at most 1,000 over all versions, got 101 for each of 10 versions',
  ],
  [
    { criteria: { objectives: of(11, (k) => ({ metric: 'm', upperLimit: `${k}` })) } },
    'spec.criteria.objectives[10].upperLimit',
    'at most 10 of one metric',
  ],
  [
    load(of(3, (v) => ({ name: `v${v}`, endpoints: of(200, (k) => ({ name: `e${k}`, url: 'http://h/' })) }))),
    'spec.strategy.actions.start[0].with.versions',
    'at most 500 URLs in one task, got 600',
  ],
  [
    load(of(501, (v) => ({ name: `v${v}`, url: 'http://h/' }))),
    'spec.strategy.actions.start[0].with.versions',
    'at most 500 URLs in one task, got 501',
  ],
])('%# refuses a list that is too long, and nothing else', (spec, path, message) => {
  expect(checkExperiment(experiment(spec))).toEqual([{ path, message: expect.stringContaining(message) as string }]);
});

it('takes as many as are allowed', () => {
  const found = checkExperiment(
    experiment({
      criteria: { objectives: objectives(500) },
      strategy: { testingPattern: 'Conformance', actions: { start: tasks(500) } },
    }),
  );
  expect(found).toEqual([]);
});
