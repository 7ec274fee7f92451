/** One driver an experiment: a Lease beside it, which goes when it goes. */
import { keyText } from '../../experiment/experiment.ts';
import type { DriverLock, ExperimentStore } from '../../drive/ports.ts';
import type { KubeClient } from './api-client.ts';
import { EXPERIMENTS } from './resources.ts';
import { createLeaseLock, leaseName } from './lease.ts';

export function createExperimentLock(client: KubeClient, store: Pick<ExperimentStore, 'get'>): DriverLock {
  return createLeaseLock(client, async (key, signal) => {
    const { uid } = (await store.get(key, signal)).metadata;
    return {
      namespace: key.namespace,
      name: leaseName('experiment', key.namespace, key.name),
      annotations: { 'iter8.tools/experiment': keyText(key) },
      owner:
        uid === undefined
          ? undefined
          : { apiVersion: `${EXPERIMENTS.group}/${EXPERIMENTS.version}`, kind: 'Experiment', name: key.name, uid },
    };
  });
}
