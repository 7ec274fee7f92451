/** Names of the Jobs of scripts: the same for every driver of a try, another for each try. */
import { expect, it } from 'vitest';
import { jobName } from '../../../src/adapters/tasks/run-script-as-job.ts';
import { withDefaults } from '../../../src/experiment/defaults.ts';

it('each try has a Job of its own, which the next driver finds again', () => {
  const experiment = withDefaults(
    {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'shop', namespace: 'default', uid: 'u1' },
      spec: { target: 't', strategy: { testingPattern: 'Conformance' } },
    },
    { namespace: 'default' },
  );
  const names = [undefined, 1, 2, 3, 2].map((tries) => jobName(experiment, 'finish/0', tries));
  expect(names[0]).toBe(names[1]);
  expect(names[4]).toBe(names[2]);
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});
