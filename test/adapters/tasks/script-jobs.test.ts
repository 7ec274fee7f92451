/** Scripts as Jobs: their names, the same for every driver of a try and another for each try; and what becomes of one under way. */
import { expect, it } from 'vitest';
import { createScriptJobTask, jobName } from '../../../src/adapters/tasks/run-script-as-job.ts';
import { plainExperiment } from '../../support/plain-experiment.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

const experiment = plainExperiment({}, { name: 'shop', uid: 'u1' });

it('each try has a Job of its own, which the next driver finds again', () => {
  const names = [undefined, 1, 2, 3, 2].map((tries) => jobName(experiment, 'finish/0', tries));
  expect(names[0]).toBe(names[1]);
  expect(names[4]).toBe(names[2]);
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});

it.each([
  ['ends with an experiment that is aborted', true],
  ['goes on when its driver alone ends', false],
])('a Job under way %s', async (_, isAborted) => {
  const stop = new AbortController();
  const deleted: string[] = [];
  await using server = await testServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    response.setHeader('content-type', 'application/json');
    if (url.searchParams.has('watch')) {
      response.flushHeaders();
      stop.abort(new Error('ended'));
      return;
    }
    if (request.method === 'DELETE') deleted.push(request.url!);
    const list = { apiVersion: 'batch/v1', kind: 'JobList', metadata: { resourceVersion: '1' }, items: [] };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x', namespace: 'default' } };
    response.statusCode = request.method === 'POST' ? 201 : 200;
    response.end(JSON.stringify(request.method === 'GET' ? list : job));
  });
  const perform = createScriptJobTask({
    client: await openClient(writeKubeconfig(server.url)),
    secrets: { read: () => Promise.resolve({}) },
    image: 'i',
    serviceAccount: 'default',
    onOutput: () => undefined,
  });
  const call = { task: { run: 'sleep infinity' }, id: 'finish/0', experiment, signal: stop.signal };
  await expect(perform({ ...call, isAborted: () => isAborted })).rejects.toThrow();
  const path = `/apis/batch/v1/namespaces/default/jobs/${jobName(experiment, 'finish/0')}?propagationPolicy=Background`;
  expect(deleted).toEqual(isAborted ? [path] : []);
});
