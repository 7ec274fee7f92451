/** `waitFor: delete` and `create` of kinds that nobody knows, that cannot be asked about, or that come later. */
import { expect, it } from 'vitest';
import { UnavailableError } from '../../../src/errors.ts';
import { createReadinessTask } from '../../../src/adapters/tasks/readiness.ts';
import type { KubeClient } from '../../../src/adapters/kube/api-client.ts';
import { plainExperiment } from '../../support/plain-experiment.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const experiment = plainExperiment({}, { name: 'shop', uid: 'u1' });

/** A cluster with pods, and with jobs of a group whose API does not answer for now. */
const client = (raw: (path: string) => unknown) =>
  ({
    description: 'the cluster',
    raw: async (path: string) => raw(path),
    request: () => Promise.resolve({ metadata: { name: 'old' } }),
  }) as unknown as KubeClient;

const wait = (kind: string, of: KubeClient, waitFor = 'delete', numRetries = 0) =>
  createReadinessTask({ client: of, clock: fakeClock() })({
    task: {
      task: 'common/readiness',
      with: { initialDelaySeconds: 0, numRetries, intervalSeconds: 1, objRefs: [{ kind, name: 'old', waitFor }] },
    },
    experiment,
    id: 'start/0',
    signal: new AbortController().signal,
  });

const POD = { name: 'pods', kind: 'Pod', namespaced: true };
const JOB = { name: 'jobs', kind: 'Job', namespaced: true };
const GROUPS = { groups: [{ name: 'batch', preferredVersion: { version: 'v1' }, versions: [{ version: 'v1' }] }] };

it('a kind that nobody knows is not deleted', async () => {
  const cluster = client((path) => (path === '/apis' ? GROUPS : { resources: path === '/api/v1' ? [POD] : [JOB] }));
  await expect(wait('pdo', cluster)).rejects.toThrow('knows no kind');
});

it('a kind whose API does not answer is not deleted', async () => {
  const cluster = client((path) => {
    if (path === '/apis') return GROUPS;
    if (path === '/api/v1') return { resources: [POD] };
    throw new UnavailableError('503');
  });
  await expect(wait('job', cluster)).rejects.toThrow();
});

it('a kind that is installed meanwhile is found by the next try', async () => {
  let asked = 0;
  const cluster = client((path) => {
    if (path === '/apis') return (asked += 1) === 1 ? { groups: [] } : GROUPS;
    return { resources: path === '/api/v1' ? [POD] : [JOB] };
  });
  await expect(wait('job', cluster, 'create', 3)).resolves.toContain('ready');
});
