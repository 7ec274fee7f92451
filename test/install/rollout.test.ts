/** When what `install` made counts as ready: as `kubectl rollout status` says it. */
import { expect, it } from 'vitest';
import type { KubeClient } from '../../src/adapters/kube/api-client.ts';
import { waitUntilReady } from '../../src/install/apply.ts';
import { DEPLOYMENTS } from '../../src/install/deployment.ts';
import { fakeClock } from '../support/fake-clock.ts';

const AVAILABLE = { type: 'Available', status: 'True', message: 'Deployment has minimum availability.' };
const STUCK = { type: 'Progressing', status: 'True', message: 'ReplicaSet "c-2" is progressing.' };

/** States of a Deployment of one replica, one at each look. */
async function wait(states: readonly object[]) {
  const clock = fakeClock();
  let looks = 0;
  const client = {
    request: () => {
      const status = states[Math.min(looks, states.length - 1)]!;
      looks += 1;
      return Promise.resolve({
        metadata: { generation: 2 },
        spec: { replicas: 1 },
        status: { observedGeneration: 2, conditions: [AVAILABLE, STUCK], ...status },
      });
    },
  } as unknown as KubeClient;
  const one = {
    resource: DEPLOYMENTS,
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'c', namespace: 'n' } },
  };
  const done = await waitUntilReady(client, one, { clock, waitMs: 5_000 }).then(
    () => 'ready',
    (error: unknown) => String(error),
  );
  return { looks, done };
}

it('a Deployment that is available by its pods of before is not ready', async () => {
  // Mutation: in src/install/apply.ts, `updatedReplicas >= wanted && ` -> ``
  // Mutation: there, `replicas <= updatedReplicas && ` -> ``
  const before = { replicas: 1, updatedReplicas: 0, availableReplicas: 1 };
  const both = { replicas: 2, updatedReplicas: 1, availableReplicas: 1 };
  const now = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  expect(await wait([now])).toEqual({ looks: 1, done: 'ready' });
  expect(await wait([{ ...now, observedGeneration: 1 }, before, both, now])).toEqual({ looks: 4, done: 'ready' });
  expect((await wait([both])).done).toMatch(/is not available after 5 s: ReplicaSet "c-2" is progressing/);
});
