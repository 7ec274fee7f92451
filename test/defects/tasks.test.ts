/**
 * Defects of Iter8 0.7 (docs/contract.md 8) in tasks that reach into a cluster, with a client that answers from a list.
 * See table.test.ts.
 */
import { expect, it } from 'vitest';
import type { ApiRequest, KubeClient } from '../../src/adapters/kube/api-client.ts';
import { createReadinessTask } from '../../src/adapters/tasks/readiness.ts';
import { jobName } from '../../src/adapters/tasks/run-script-as-job.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { NotFoundError } from '../../src/errors.ts';
import { conformance } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

const named = (namespace: string, name: string, uid: string) =>
  withDefaults({ ...conformance(), metadata: { namespace, name, uid } }, { namespace });

it('16: no two experiments share the name of a job, not even one and its successor of the same name', () => {
  const job = (namespace: string, name: string, uid: string, id = 'start/0') =>
    jobName(named(namespace, name, uid), id);
  expect(job('a', 'b', '1')).not.toBe(job('a', 'b', '2'));
  expect(job('a-b', 'c', '1')).not.toBe(job('a', 'b-c', '2'));
  expect(job('a', 'b', '1')).not.toBe(job('a', 'b', '1', 'finish/0'));
  expect(job('a', 'b', '1')).toBe(job('a', 'b', '1')); // a second driver finds it
});

/** Deployments by name, at each try; undefined: absent. */
async function wait(tries: readonly Readonly<Record<string, boolean | undefined>>[], numRetries = 5) {
  const clock = fakeClock();
  const start = clock.now();
  const asked: string[] = [];
  const client = {
    description: 'a list',
    raw: (_: string, url: string) =>
      Promise.resolve(
        url === '/apis'
          ? { groups: [] }
          : { resources: [{ name: 'deployments', singularName: 'deployment', kind: 'Deployment', namespaced: true }] },
      ),
    request: ({ name = '' }: ApiRequest) => {
      asked.push(name);
      const ready = tries[Math.min(tries.length - 1, Math.round((clock.now() - start) / 1000))]![name];
      if (ready === undefined) return Promise.reject(new NotFoundError(name));
      return Promise.resolve({ status: { conditions: [{ type: 'Available', status: ready ? 'True' : 'False' }] } });
    },
  } as unknown as KubeClient;
  const objRefs = ['one', 'two'].map((name) => ({ kind: 'Deployment', name, waitFor: 'condition=available' }));
  const done = createReadinessTask({ client, clock })({
    task: { task: 'common/readiness', with: { initialDelaySeconds: 0, numRetries, intervalSeconds: 1, objRefs } },
    id: 'start/0',
    experiment: named('shop', 'e', '1'),
    signal: new AbortController().signal,
  });
  return done.then(
    (text) => ({ text, asked }),
    (error: unknown) => ({ text: String(error), asked }),
  );
}

it('25: readiness looks at every object with its condition, and a miss is tried again', async () => {
  const late = await wait([{ one: true }, { one: true, two: false }, { one: true, two: true }]);
  expect(late.text).toBe('2 objects are ready');
  expect(late.asked).toEqual(['one', 'two', 'one', 'two', 'one', 'two']);
  expect((await wait([{ one: true, two: false }], 1)).text).toMatch(
    /Deployment shop\/two: condition available is False, expected True \(after 2 tries, 1 s\)/,
  );
  expect((await wait([{ one: true }], 1)).text).toMatch(/Deployment shop\/two is not there/);
});
