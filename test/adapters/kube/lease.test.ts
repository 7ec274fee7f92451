/** A lease against an API server whose clock a test sets. */
import { text } from 'node:stream/consumers';
import { afterEach, expect, it, vi } from 'vitest';
import { createLeaseLock } from '../../../src/adapters/kube/lease.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

afterEach(() => void vi.useRealTimers());

it('is renewed with the time as it is, also after a machine was suspended', async () => {
  const HOUR_MS = 3_600_000;
  let aheadMs = 0;
  let lease: { metadata: { resourceVersion: string }; spec: { renewTime: string } } | undefined;
  const ages: number[] = [];
  await using server = await testServer((request, response) => {
    const serverMs = Date.now() + aheadMs;
    response.setHeader('date', new Date(serverMs).toUTCString());
    if (request.method === 'GET') {
      response.statusCode = lease === undefined ? 404 : 200;
      response.end(JSON.stringify(lease ?? { kind: 'Status', code: 404, reason: 'NotFound', message: 'none' }));
      return;
    }
    void text(request).then((body) => {
      lease = JSON.parse(body) as NonNullable<typeof lease>;
      lease.metadata.resourceVersion = String(ages.length);
      ages.push(serverMs - Date.parse(lease.spec.renewTime));
      response.end(JSON.stringify(lease));
    });
  });
  const client = await openClient(writeKubeconfig(server.url));
  const lock = createLeaseLock(client, () => Promise.resolve({ namespace: 'shop', name: 'l' }));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const taken = await lock.acquire({ namespace: 'shop', name: 'e' }, { identity: 'a', description: 'a' });
  if (!('held' in taken)) return expect.unreachable();
  // For this process no time has passed; for everybody else an hour.
  aheadMs = HOUR_MS;
  vi.advanceTimersByTime(5_000);
  await vi.waitUntil(() => ages.length === 2);
  await vi.waitUntil(() => vi.getTimerCount() > 0);
  await vi.waitUntil(() => (vi.advanceTimersByTime(1), ages.length === 3));
  expect(ages.map((ms) => Math.abs(Math.round(ms / HOUR_MS)))).toEqual([0, 1, 0]);
  await taken.held.release();
  client.close();
});
