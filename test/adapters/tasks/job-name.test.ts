/** The name of the Job of a script, which is a label of its pods. */
import { expect, it } from 'vitest';
import { jobName } from '../../../src/adapters/tasks/run-script-as-job.ts';
import { plainExperiment } from '../../support/plain-experiment.ts';

it('the name of a Job is a label, however long the name of the experiment, at each try of each loop', () => {
  const name = 'checkout-service-canary-of-the-november-release';
  const experiment = plainExperiment({}, { name, uid: 'u1' });
  for (const [id, tries] of [
    ['finish/0', 1],
    ['finish/0', 2],
    ['loop1/0', 2],
    ['loop1000/10', 1],
    ['start/0', 10],
  ] as const)
    expect(jobName(experiment, id, tries)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});
