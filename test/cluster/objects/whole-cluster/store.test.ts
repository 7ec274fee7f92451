/** The store contract on a real API server: with the CRDs that Iter8 0.7 installed, and with ours. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClusterStore } from '../../../../src/adapters/store/cluster-store.ts';
import { storeContract } from '../../../contract/store.contract.ts';
import {
  describeCluster,
  describeWithOldCrds,
  freshNamespace,
  kubectl,
  OLD_CRDS,
  OUR_CRDS,
  openAdmin,
  replaceCrds,
} from '../../../support/cluster.ts';

describeCluster('a cluster', () => {
  afterAll(() => replaceCrds(OUR_CRDS));
  const kinds = [
    { name: 'ours', files: OUR_CRDS, describeOn: describe },
    { name: 'those of Iter8 0.7', files: OLD_CRDS, describeOn: describeWithOldCrds },
  ];
  for (const { name, files, describeOn } of kinds) {
    describeOn(`with CRDs: ${name}`, () => {
      beforeAll(() => replaceCrds(files));
      storeContract('it', async () => {
        const client = await openAdmin();
        return {
          store: createClusterStore({ client }),
          namespaces: [await freshNamespace(), await freshNamespace()],
          close: () => Promise.resolve(client.close()),
        };
      });

      it('loses nothing of what is ours, and leaves what somebody else wrote into the status', async () => {
        const client = await openAdmin();
        const store = createClusterStore({ client });
        const namespace = await freshNamespace();
        const key = { namespace, name: 'a' };
        await store.create({
          apiVersion: 'iter8.tools/v2alpha2',
          kind: 'Experiment',
          metadata: key,
          spec: { target: 't', strategy: { testingPattern: 'Conformance' } },
        });
        await kubectl([
          'patch',
          'experiment',
          'a',
          '-n',
          namespace,
          '--subresource=status',
          '--type=merge',
          '-p',
          '{"status":{"message":"theirs"}}',
        ]);
        const data = { iter8ctl: { format: 1, deep: [{ a: [1, 2.5, null, 'x'] }] } };
        const after = await store.patchStatus(key, {
          analysis: { aggregatedBuiltinHists: { data, provenance: 'p', timestamp: '2026-11-24T08:00:00Z' } },
        });
        expect(after.status?.message).toBe('theirs');
        expect(after.status?.analysis?.aggregatedBuiltinHists?.data).toEqual(data);
        client.close();
      });
    });
  }
});
