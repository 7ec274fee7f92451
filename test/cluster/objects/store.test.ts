import { storeContract } from '../../contract/store.contract.ts';
import { createClusterStore } from '../../../src/adapters/store/cluster.ts';
import { beforeAll } from 'vitest';
import { describeCluster, freshNamespace, OLD_CRDS, openAdmin, replaceCrds } from '../../support/cluster.ts';

describeCluster('with the CRDs of Iter8 0.7', () => {
  beforeAll(() => replaceCrds(OLD_CRDS));
  storeContract('a cluster', async () => {
    const client = await openAdmin();
    return {
      store: createClusterStore({ client }),
      namespaces: [freshNamespace(), freshNamespace()],
      close: async () => client.close(),
    };
  });
});
