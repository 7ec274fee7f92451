/** Damage of any kind to what an API server answers, and to a kubeconfig: a sentence, or something that can be used; no bug. */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeClient } from '../../../src/adapters/kube/api-client.ts';
import { EXPERIMENTS, METRICS } from '../../../src/adapters/kube/resources.ts';
import { mayI } from '../../../src/adapters/kube/access-review.ts';
import { createClusterSecrets } from '../../../src/adapters/kube/cluster-secrets.ts';
import { createDiscovery } from '../../../src/adapters/kube/discovery.ts';
import { chooseConfig } from '../../../src/adapters/kube/kubeconfig.ts';
import { readEvents } from '../../../src/adapters/kube/kubernetes-events.ts';
import { createLeaseLock } from '../../../src/adapters/kube/lease.ts';
import { exportKubeconfig } from '../../../src/adapters/kube/minimal-kubeconfig.ts';
import { createClusterStore } from '../../../src/adapters/store/cluster-store.ts';
import { Iter8Error } from '../../../src/errors.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Places of a value, each as the keys that lead there. */
function placesOf(value: Json, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, one]) => placesOf(one, [...at, key]))];
}

function replaced(value: Json, [key, ...rest]: readonly string[], by: Json): Json {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === key ? replaced(one, rest, by) : one));
  return Object.fromEntries(
    Object.entries(value as { [key: string]: Json }).map(([name, one]) => [
      name,
      name === key ? replaced(one, rest, by) : one,
    ]),
  );
}

/** The value with something else in one place. */
const damaged = (value: Json) =>
  fc
    .tuple(fc.constantFrom(...placesOf(value)), fc.jsonValue({ maxDepth: 2 }))
    .map(([place, by]) => replaced(value, place, by as Json));

const metadata = {
  name: 'a',
  namespace: 'n',
  uid: 'u',
  resourceVersion: '1',
  annotations: { a: 'b' },
  labels: { c: 'd' },
};
const EXPERIMENT: Json = {
  metadata,
  spec: { target: 't', strategy: { testingPattern: 'Conformance' }, versionInfo: { baseline: { name: 'v' } } },
  status: { stage: 'Running', conditions: [{ type: 'Completed', status: 'False' }] },
};
const key = { namespace: 'n', name: 'a' };

const USES: readonly (readonly [string, Json, (client: KubeClient) => Promise<unknown>])[] = [
  ['an experiment', EXPERIMENT, (client) => createClusterStore({ client }).get(key)],
  [
    'a list',
    { metadata: { resourceVersion: '1', continue: '' }, items: [EXPERIMENT] },
    (client) => createClusterStore({ client }).list({ namespace: 'n' }),
  ],
  [
    'a metric',
    { metadata, spec: { provider: 'p', urlTemplate: 'u', jqExpression: '.' } },
    (client) => createClusterStore({ client }).getMetric(key),
  ],
  ['a secret', { metadata, data: { token: 'eA==' } }, (client) => createClusterSecrets(client).read(key)],
  [
    'a lease',
    {
      metadata,
      spec: { holderIdentity: 'x', renewTime: '2026-11-24T08:00:00Z', leaseDurationSeconds: 15, leaseTransitions: 1 },
    },
    (client) => createLeaseLock(client, () => Promise.resolve(key)).holder(key),
  ],
  [
    'events',
    {
      items: [
        {
          metadata,
          involvedObject: { uid: 'u', name: 'a' },
          message: 'm',
          reason: 'r',
          lastTimestamp: 't',
          count: 1,
          source: { component: 'c' },
        },
      ],
    },
    (client) => readEvents(client, { ...key, uid: 'u' }),
  ],
  [
    'a review',
    { metadata: {}, status: { allowed: true } },
    (client) => mayI(client, { verb: 'get', group: '', resource: 'pods' }),
  ],
  [
    'discovery',
    {
      groups: [{ name: 'apps', preferredVersion: { version: 'v1' }, versions: [{ version: 'v1' }] }],
      resources: [
        {
          name: 'deployments',
          singularName: 'deployment',
          kind: 'Deployment',
          shortNames: ['deploy'],
          namespaced: true,
        },
      ],
    },
    (client) => createDiscovery(client).ofType('deploy.apps'),
  ],
];

it.each(USES)('%s that is damaged', async (_, value, use) => {
  let body = '';
  await using server = await testServer((_request, response) => response.end(body));
  const client = await openClient(writeKubeconfig(server.url));
  await fc.assert(
    fc.asyncProperty(damaged(value), async (answer) => {
      body = JSON.stringify(answer);
      const outcome = await use(client).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Iter8Error);
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  );
  client.close();
});

it('an error that is damaged', async () => {
  let answer = { code: 500, body: '' };
  await using server = await testServer((_request, response) => response.writeHead(answer.code).end(answer.body));
  const client = await openClient(writeKubeconfig(server.url));
  const status: Json = {
    kind: 'Status',
    message: 'm',
    reason: 'Conflict',
    details: {
      name: 'a',
      kind: 'experiments',
      retryAfterSeconds: 1,
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "x"', field: '.f' }],
    },
  };
  const codes = [300, 400, 401, 403, 404, 409, 410, 413, 418, 422, 500, 503];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...codes),
      damaged(status),
      fc.constantFrom(EXPERIMENTS, METRICS),
      async (code, body, resource) => {
        answer = { code, body: JSON.stringify(body) };
        const outcome = await client
          .request({ verb: 'patch', resource, ...key, body: {}, retry: false })
          .catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(Iter8Error);
      },
    ),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
  );
  client.close();
});

it('a kubeconfig that is damaged', async () => {
  const file = writeKubeconfig('https://127.0.0.1:1');
  const config: Json = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://h',
          'certificate-authority': 'ca.crt',
          'tls-server-name': 's',
          'proxy-url': 'http://p:1',
          'insecure-skip-tls-verify': true,
        },
      },
    ],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'n' } }],
    users: [
      {
        name: 'u',
        user: {
          token: 't',
          tokenFile: 'f',
          'client-certificate': 'c',
          'client-key': 'k',
          'client-certificate-data': 'eA==',
          'client-key-data': 'eA==',
          username: 'u',
          password: 'p',
          as: 'a',
          'as-uid': '1',
          'as-groups': ['g'],
          'as-user-extra': { e: ['v'] },
          exec: {
            apiVersion: 'v',
            command: './c',
            args: ['a'],
            env: [{ name: 'N', value: 'v' }],
            installHint: 'h',
            interactiveMode: 'Never',
            provideClusterInfo: true,
          },
          'auth-provider': {
            name: 'oidc',
            config: { 'idp-issuer-url': 'https://i', 'id-token': 't', 'refresh-token': 'r' },
          },
        },
      },
    ],
  };
  await fc.assert(
    fc.asyncProperty(damaged(config), async (one) => {
      writeFileSync(file, JSON.stringify(one));
      const outcome = await chooseConfig({ kubeconfig: file }, {}, '/').then(
        exportKubeconfig,
        (error: unknown) => error,
      );
      if (typeof outcome !== 'string') {
        expect(outcome).toBeInstanceOf(Iter8Error);
        expect((outcome as Error).message).not.toMatch(/not a function|undefined|Cannot read|must be/);
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
  );
});
