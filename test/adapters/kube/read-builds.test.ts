/** Which build of a version runs, read from a server of these objects: real HTTP. */
import { describe, expect, it } from 'vitest';
import { createBuildReader } from '../../../src/adapters/kube/read-builds.ts';
import type { VersionBuild } from '../../../src/drive/ports.ts';
import { withDefaults } from '../../../src/experiment/defaults.ts';
import type { Version } from '../../../src/experiment/experiment.ts';
import { experiment } from '../../support/rule-manifests.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

const digest = (of: string) => `sha256:${of.repeat(64)}`;
const pod = (name: string, hash: string, of: string, more: object = {}) => ({
  metadata: { name, labels: { 'pod-template-hash': hash }, ...more },
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'app', imageID: `registry/hello@${digest(of)}` },
      { name: 'istio-proxy', imageID: `registry/proxy@${digest('f')}` },
    ],
  },
});
const deployment = (name: string, image: string) => ({
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
  },
});
const service = (name: string) => ({ metadata: { name }, spec: { selector: { app: name } } });
const list = (...items: object[]) => ({ kind: 'List', items });

/** Undefined: not there. 403: forbidden. */
type Objects = Readonly<Record<string, object | 403 | undefined>>;

async function read(objects: Objects, version: Partial<Version> = {}, ownNamespaceOnly = true): Promise<VersionBuild> {
  await using server = await testServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
    const selector = searchParams.get('labelSelector');
    const found = objects[selector === null ? pathname : `${pathname}?${selector}`];
    if (found === 403) response.writeHead(403).end('{"kind":"Status"}');
    else if (found === undefined) response.writeHead(404).end('{"kind":"Status"}');
    else response.end(JSON.stringify(found));
  });
  const client = await openClient(writeKubeconfig(server.url));
  const written = experiment({ versionInfo: { baseline: { name: 'v', ...version } } });
  const [found] = await createBuildReader({ client, ownNamespaceOnly }).read(
    withDefaults(written, { namespace: 'shop', name: 'hello' }),
  );
  client.close();
  return found!;
}

const apps = '/apis/apps/v1/namespaces/shop';
const core = '/api/v1/namespaces/shop';

describe('the build of a version', () => {
  it('is the template of a Deployment and the digests of its pods, without what others put in', async () => {
    const objects = {
      [`${apps}/deployments/hello`]: deployment('hello', 'hello:2'),
      [`${core}/pods?app=hello`]: list(
        pod('a', 'h1', '1'),
        pod('b', 'h1', '1'),
        pod('going', 'h0', '0', { deletionTimestamp: '2026-11-26T00:00:00Z' }),
      ),
    };
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello', fieldPath: '.spec.replicas' };
    const { build, problem } = await read(objects, { weightObjRef: ref });
    expect(problem).toBeUndefined();
    expect(build).toEqual({
      object: 'Deployment shop/hello',
      template: expect.stringMatching(/^[0-9a-f]{12}$/),
      images: { app: 'hello:2' },
      hashes: ['h1'],
      digests: { app: [digest('1')] },
    });
    // Replicas are no part of it, an image is.
    const scaled = deployment('hello', 'hello:2');
    scaled.spec.replicas = 9;
    expect(
      (await read({ ...objects, [`${apps}/deployments/hello`]: scaled }, { weightObjRef: ref })).build?.template,
    ).toBe(build?.template);
    const other = { ...objects, [`${apps}/deployments/hello`]: deployment('hello', 'hello:3') };
    expect((await read(other, { weightObjRef: ref })).build?.template).not.toBe(build?.template);
  });

  it.each([
    ['the variable deployment', { variables: [{ name: 'deployment', value: 'hello' }] }],
    ['its own name', { name: 'hello' }],
  ])('is found by %s', async (_, version) => {
    const { build } = await read(
      { [`${apps}/deployments/hello`]: deployment('hello', 'hello:2'), [`${core}/pods?app=hello`]: list() },
      version,
    );
    expect(build).toMatchObject({ object: 'Deployment shop/hello', images: { app: 'hello:2' }, hashes: [] });
  });

  it('is that of the pods behind a Service', async () => {
    const objects = {
      [`${core}/services/hello`]: service('hello'),
      [`${core}/pods?app=hello`]: list(pod('a', 'h1', '1'), pod('b', 'h2', '1')),
    };
    const { build } = await read(objects, { variables: [{ name: 'service', value: 'hello' }] });
    expect(build).toMatchObject({ object: 'Service shop/hello', hashes: ['h1', 'h2'] });
    expect(build?.digests['app']).toEqual([digest('1')]);
  });

  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    spec: {
      rules: [
        {
          backendRefs: [
            { name: 'hello', weight: 9 },
            { name: 'else', namespace: 'other', weight: 1 },
          ],
        },
      ],
    },
  };
  const routes = {
    '/apis/gateway.networking.k8s.io/v1': { resources: [{ name: 'httproutes', kind: 'HTTPRoute', namespaced: true }] },
    '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/r': route,
    [`${core}/services/hello`]: service('hello'),
    [`${core}/pods?app=hello`]: list(pod('a', 'h1', '1')),
    '/api/v1/namespaces/other/services/else': service('else'),
    '/api/v1/namespaces/other/pods?app=else': list(pod('b', 'secret', '2')),
  };
  const refTo = (index: number) => ({
    weightObjRef: {
      apiVersion: route.apiVersion,
      kind: 'HTTPRoute',
      name: 'r',
      fieldPath: `.spec.rules[0].backendRefs[${index}].weight`,
    },
  });

  it('is that of the Service beside the weight of a route', async () => {
    expect((await read(routes, refTo(0))).build).toMatchObject({ object: 'Service shop/hello', hashes: ['h1'] });
  });

  it('is looked for in another namespace only with the rights of whoever asks', async () => {
    expect(await read(routes, refTo(1))).toEqual({ version: 'v' });
    expect((await read(routes, refTo(1), false)).build).toMatchObject({ object: 'Service other/else' });
  });

  it('is the revision of a Knative Service', async () => {
    const objects = {
      '/apis/serving.knative.dev/v1': { resources: [{ name: 'services', kind: 'Service', namespaced: true }] },
      '/apis/serving.knative.dev/v1/namespaces/shop/services/hello': {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        metadata: { name: 'hello' },
        spec: {
          traffic: [
            { revisionName: 'hello-1', percent: 90 },
            { latestRevision: true, percent: 10 },
          ],
        },
        status: { latestReadyRevisionName: 'hello-2' },
      },
    };
    const ref = (index: number) => ({
      weightObjRef: {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        name: 'hello',
        fieldPath: `.spec.traffic[${index}].percent`,
      },
    });
    expect((await read(objects, ref(0))).build).toMatchObject({ template: 'hello-1' });
    expect((await read(objects, ref(1))).build).toMatchObject({ template: 'hello-2' });
  });

  it('is not known where no object says it, or nobody may see one that is only implied', async () => {
    expect(await read({})).toEqual({ version: 'v' });
    expect(await read({ [`${apps}/deployments/v`]: 403, [`${core}/services/v`]: 403 })).toEqual({ version: 'v' });
    expect(await read({ [`${core}/services/v`]: { metadata: { name: 'v' }, spec: {} } })).toEqual({ version: 'v' });
  });

  it('is a problem where an object that is named may not be seen', async () => {
    const objects = { [`${apps}/deployments/hello`]: 403 } as const;
    const found = await read(objects, { variables: [{ name: 'deployment', value: 'hello' }] });
    expect(found.problem).toContain('may not get deployments.apps');
  });
});
