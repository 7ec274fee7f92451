/** `run` in a cluster, behind a controller that was killed within a script: it finds the Job, and looks for none where it has no cluster. */
import { expect, it } from 'vitest';
import type { Context } from '../../src/cli/context.ts';
import { openTasks } from '../../src/cli/open-tasks.ts';
import { createScriptGate } from '../../src/cli/script-gate.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { openClient, writeKubeconfig } from '../support/kube-server.ts';
import { testIo } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

const experiment = withDefaults(
  {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'shop', namespace: 'default', uid: 'u1' },
    spec: { target: 't', strategy: { testingPattern: 'Conformance' } },
  },
  { namespace: 'default' },
);

async function tasksOf(kube?: Awaited<ReturnType<typeof openClient>>) {
  const secrets = { read: () => Promise.resolve({}) };
  const io = testIo({ cwd: '/' });
  const tasks = await openTasks({ secrets, kube }, io, { kind: 'here', onOutput: () => undefined });
  const gate = createScriptGate({
    context: {} as Context,
    approvals: () => Promise.reject(new Error('nothing is to be approved')),
    allowAll: false,
    from: 'the cluster',
    say: () => undefined,
  });
  return gate.guarded(tasks);
}

it('asks the cluster for the Job of the try', async () => {
  const asked: string[] = [];
  await using server = await testServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.statusCode = 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'Status', code: 404, message: 'not found' }));
  });
  const tasks = await tasksOf(await openClient(writeKubeconfig(server.url)));
  const call = { task: { run: 'promote' }, id: 'finish/0', tries: 1, experiment, signal: new AbortController().signal };
  expect(await tasks.rejoin?.(call)).toEqual({ kind: 'absent' });
  expect(asked).toEqual([expect.stringMatching(/^GET \/apis\/batch\/v1\/namespaces\/default\/jobs\/shop-finish-0-/)]);
  expect('rejoin' in (await tasksOf())).toBe(false);
});
