/** The objects that hold weights, against an API server whose answers a test decides. */
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createWeightObjects } from '../../../src/adapters/kube/weight-objects.ts';
import { plainExperiment } from '../../support/plain-experiment.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

const RESOURCES = {
  kind: 'APIResourceList',
  groupVersion: 'apps/v1',
  resources: [
    { name: 'deployments', singularName: 'deployment', kind: 'Deployment', namespaced: true, verbs: ['get', 'patch'] },
  ],
};

interface Pods {
  wanted: number;
  ready: number;
  generation: number;
}

/** Deployments whose pods are ready when they have been asked for twice. `story`: what was changed, and what was ready then. */
async function deployments(start: Readonly<Record<string, readonly [wanted: number, ready: number]>>) {
  const pods = new Map<string, Pods>(
    Object.entries(start).map(([name, [wanted, ready]]) => [name, { wanted, ready, generation: 1 }]),
  );
  const story: string[] = [];
  let asked = 0;
  const server = await testServer((request, response) => {
    const name = request.url!.split('?')[0]!.split('/').at(-1)!;
    const one = pods.get(name);
    if (one === undefined) return void response.end(JSON.stringify(RESOURCES));
    const answer = () =>
      response.end(
        JSON.stringify({
          metadata: { name, resourceVersion: '1', generation: one.generation },
          spec: { replicas: one.wanted },
          status: { readyReplicas: one.ready, observedGeneration: one.generation },
        }),
      );
    if (request.method !== 'PATCH') {
      asked += 1;
      if (one.ready < one.wanted && asked > 2) one.ready = one.wanted;
      return void answer();
    }
    void text(request).then((body) => {
      const patch = JSON.parse(body) as { readonly path: string; readonly value: number }[];
      one.wanted = patch.find(({ path }) => path === '/spec/replicas')!.value;
      one.ready = Math.min(one.ready, one.wanted);
      one.generation += 1;
      asked = 0;
      story.push(`${name} ${one.wanted}, ready ${[...pods].map(([key, { ready }]) => `${key} ${ready}`).join(' ')}`);
      answer();
    });
  });
  const version = (name: string) => ({
    name,
    weightObjRef: { apiVersion: 'apps/v1', kind: 'Deployment', name, fieldPath: '.spec.replicas' },
  });
  const experiment = plainExperiment(
    { strategy: { testingPattern: 'Canary' }, versionInfo: { baseline: version('old'), candidates: [version('new')] } },
    { namespace: 'shop' },
  );
  const client = await openClient(writeKubeconfig(server.url));
  const objects = createWeightObjects({ client, ownNamespaceOnly: true });
  const move = (from: readonly [number, number], to: readonly [number, number]) => {
    const fields = ([old, fresh]: readonly [number, number]) => [
      { version: 'old', value: old },
      { version: 'new', value: fresh },
    ];
    return objects.write(experiment, { from: [fields(from)], to: fields(to) });
  };
  return {
    move,
    story,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

it('takes no pods away before those that take their place are ready', async () => {
  await using there = await deployments({ old: [1, 1], new: [3, 3] });
  await there.move([1, 3], [4, 0]);
  expect(there.story).toEqual(['old 4, ready old 1 new 3', 'new 0, ready old 4 new 0']);
});

it('waits for nobody where no pod is ready that could be missed', async () => {
  await using there = await deployments({ old: [1, 0], new: [3, 0] });
  await there.move([1, 3], [4, 0]);
  expect(there.story).toEqual(['old 4, ready old 0 new 0', 'new 0, ready old 0 new 0']);
});

it('waits also for pods that a driver before this one asked for, and was killed', async () => {
  await using there = await deployments({ old: [4, 1], new: [3, 3] });
  await there.move([1, 3], [4, 0]);
  expect(there.story).toEqual(['new 0, ready old 4 new 0']);
});
