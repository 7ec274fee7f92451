/** Scripts as Jobs: their names, the same for every driver of a try and another for each try; and what becomes of one under way. */
import { describe, expect, it } from 'vitest';
import { createScriptJobTask, jobName, rejoinScriptJob } from '../../../src/adapters/tasks/run-script-as-job.ts';
import { ForbiddenError, NotFoundError } from '../../../src/errors.ts';
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
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x', namespace: 'default' } };
    const list = { apiVersion: 'batch/v1', kind: 'JobList', metadata: { resourceVersion: '1' }, items: [job] };
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

/** An API server that knows this Job, or answers so when it is asked for; with a pod that has printed two lines. */
async function rejoined(answer: { readonly status?: object; readonly code?: number; readonly secret?: string }) {
  const { status = {}, code = 200, secret } = answer;
  const name = jobName(experiment, 'finish/0', 2);
  const asked: string[] = [];
  await using server = await testServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    asked.push(`${request.method} ${pathname}`);
    response.setHeader('content-type', 'application/json');
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default', uid: 'j' }, status };
    if (pathname.endsWith('/log')) return void response.end('token s3cr3t\nthe end\n');
    if (pathname.endsWith('/pods')) return void response.end(JSON.stringify({ items: [{ metadata: { name: 'p' } }] }));
    if (searchParams.has('watch')) {
      response.flushHeaders();
      return;
    }
    const isOne = pathname.endsWith(name);
    response.statusCode = isOne ? code : 200;
    const list = { kind: 'JobList', metadata: { resourceVersion: '1' }, items: [job] };
    response.end(JSON.stringify(isOne ? (code === 200 ? job : { kind: 'Status', message: 'no', code }) : list));
  });
  const lines: string[] = [];
  const ports = {
    client: await openClient(writeKubeconfig(server.url)),
    secrets: {
      read: () =>
        secret === undefined ? Promise.reject(new NotFoundError('gone')) : Promise.resolve({ token: secret }),
    },
    onOutput: (line: string) => lines.push(line),
  };
  const task = { run: 'promote', with: { secret: 's' } };
  const call = { task, id: 'finish/0', tries: 2, experiment, signal: new AbortController().signal };
  const outcome = await rejoinScriptJob(ports, call).catch((error: unknown) => error);
  return { outcome, lines: lines.slice(1), changed: asked.filter((one) => !one.startsWith('GET')) };
}

describe('the Job of a try that a driver before began', () => {
  const completed = { conditions: [{ type: 'Complete', status: 'True' }] };
  const failed = { conditions: [{ type: 'Failed', status: 'True', message: 'it took too long' }] };

  it('is waited for, with what it printed', async () => {
    expect(await rejoined({ status: completed, secret: 's3cr3t' })).toEqual({
      outcome: { kind: 'done' },
      lines: ['token ***', 'the end'],
      changed: [],
    });
    const { outcome } = await rejoined({ status: failed, secret: 's3cr3t' });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringMatching(/it took too long.*the end/) },
    });
  });

  it('shows nothing where its secret is not known any more', async () => {
    const { outcome, lines } = await rejoined({ status: completed });
    expect([outcome, lines.join()]).toEqual([{ kind: 'done' }, expect.not.stringContaining('s3cr3t')]);
  });

  it('may be gone; where it cannot be seen, nobody knows', async () => {
    expect(await rejoined({ code: 404 })).toMatchObject({ outcome: { kind: 'absent' } });
    const { outcome } = await rejoined({ code: 403 });
    expect(outcome).toBeInstanceOf(ForbiddenError);
    expect((outcome as ForbiddenError).message).toContain('script finish/0 may be under way in job default/');
  });
});
