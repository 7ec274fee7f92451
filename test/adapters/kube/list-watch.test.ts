/** Following objects when the server misbehaves: real HTTP, answers decided by the test. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KubeClient } from '../../../src/adapters/kube/api-client.ts';
import { listWatch, type KubeObject, type WatchEvent } from '../../../src/adapters/kube/list-watch.ts';
import { testServer } from '../../support/test-server.ts';

const object = (name: string, version: number, uid = name) => ({
  metadata: { name, namespace: 'n', uid, resourceVersion: String(version) },
});
const list = (version: number, ...items: object[]) =>
  JSON.stringify({ metadata: { resourceVersion: String(version) }, items });
const line = (type: string, value: object) => `${JSON.stringify({ type, object: value })}\n`;

type Answer = (request: URL, response: ServerResponse) => void;

/** Follows objects on a server of these answers, one for each request, until `enough`. */
async function follow(
  answers: readonly Answer[],
  enough: (told: readonly WatchEvent<KubeObject>[]) => boolean,
): Promise<{ readonly told: WatchEvent<KubeObject>[]; readonly asked: URL[] }> {
  const asked: URL[] = [];
  await using server = await testServer((request: IncomingMessage, response: ServerResponse, k: number) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url);
    (answers[k] ?? answers.at(-1)!)(url, response);
  });
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-watch-')), 'config');
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: server.url.slice(0, -1) } }],
      contexts: [{ name: 'x', context: { cluster: 'c' } }],
      'current-context': 'x',
    }),
  );
  const client = await KubeClient.open({
    kubeconfig: file,
    env: {},
    cwd: '/',
    interactive: false,
    now: () => Date.now(),
    userAgent: 't',
  });
  const stop = new AbortController();
  const told: WatchEvent<KubeObject>[] = [];
  const timing = { firstWaitMs: 20, longestWaitMs: 100, idleMs: 200, watchSeconds: 1 };
  for await (const event of listWatch<KubeObject>(client, { signal: stop.signal, timing })) {
    told.push(event);
    if (enough(told)) stop.abort();
  }
  client.close();
  return { told, asked };
}

const kinds = (told: readonly WatchEvent<KubeObject>[]) =>
  told.map((event) =>
    event.kind === 'set'
      ? `set ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`
      : event.kind === 'deleted'
        ? `deleted ${event.name}`
        : event.kind,
  );
const saw = (wanted: string) => (told: readonly WatchEvent<KubeObject>[]) => kinds(told).includes(wanted);
const hang: Answer = (_, response) => response.writeHead(200).flushHeaders();

it('reads a list page by page, and watches from its version', async () => {
  const { told, asked } = await follow(
    [
      (_, response) =>
        response.end(JSON.stringify({ metadata: { resourceVersion: '7', continue: 'next' }, items: [object('a', 1)] })),
      (_, response) => response.end(list(7, object('b', 2))),
      (_, response) => response.writeHead(200).write(line('ADDED', object('c', 8))),
    ],
    saw('set c 8'),
  );
  expect(kinds(told)).toEqual(['set a 1', 'set b 2', 'synced', 'set c 8']);
  expect(asked[1]!.searchParams.get('continue')).toBe('next');
  expect(asked[2]!.searchParams.get('resourceVersion')).toBe('7');
  expect(asked[2]!.searchParams.get('allowWatchBookmarks')).toBe('true');
});

it('goes on from the last bookmark when the server ends a watch', async () => {
  const { asked } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) => {
        response.writeHead(200).write(line('MODIFIED', object('a', 8)));
        response.end(line('BOOKMARK', { metadata: { name: '', resourceVersion: '50' } }));
      },
      (_, response) => response.writeHead(200).write(line('ADDED', object('b', 51))),
    ],
    saw('set b 51'),
  );
  expect(asked[2]!.searchParams.get('resourceVersion')).toBe('50');
});

it('lists anew when its version is too old, and tells only what differs', async () => {
  for (const gone of [
    ((_, response) => response.writeHead(410).end('{"message":"too old"}')) as Answer,
    ((_, response) => response.writeHead(200).end(line('ERROR', { metadata: {}, code: 410 }))) as Answer,
  ]) {
    const { told } = await follow(
      [
        (_, response) =>
          response.end(list(7, object('same', 1), object('changed', 2), object('anew', 3, 'old'), object('away', 4))),
        gone,
        (_, response) => response.end(list(90, object('same', 1), object('changed', 80), object('anew', 81, 'new'))),
        hang,
      ],
      saw('deleted away'),
    );
    expect(kinds(told)).toEqual([
      'set same 1',
      'set changed 2',
      'set anew 3',
      'set away 4',
      'synced',
      'set changed 80',
      'deleted anew',
      'set anew 81',
      'deleted away',
    ]);
  }
});

it('says that it is stale when the connection breaks, and fresh when it is back', async () => {
  const { told } = await follow(
    [
      (_, response) => response.end(list(7, object('a', 1))),
      (_, response) => {
        response.writeHead(200).write(line('MODIFIED', object('a', 8)));
        setImmediate(() => response.destroy());
      },
      (_, response) => response.writeHead(503).end('{"message":"starting"}'),
      (_, response) => response.writeHead(200).write(line('MODIFIED', object('a', 9))),
    ],
    saw('set a 9'),
  );
  expect(kinds(told)).toEqual(['set a 1', 'synced', 'set a 8', 'stale', 'fresh', 'set a 9']);
});

it('notices a connection that is silently dead', async () => {
  const { told } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) =>
        response.writeHead(200).write(line('BOOKMARK', { metadata: { name: '', resourceVersion: '9' } })),
      (_, response) => response.writeHead(200).write(line('ADDED', object('a', 10))),
    ],
    saw('set a 10'),
  );
  expect(kinds(told)).toEqual(['synced', 'stale', 'fresh', 'set a 10']);
  expect(told.find((event) => event.kind === 'stale')).toMatchObject({
    reason: expect.stringMatching(/nothing came for/) as string,
  });
});

it('does not storm a server that ends every watch at once', async () => {
  const times: number[] = [];
  const atOnce: Answer = (_, response) => {
    times.push(performance.now());
    response.writeHead(200).end();
  };
  await follow(
    [
      (_, response) => response.end(list(7)),
      ...Array.from({ length: 6 }, () => atOnce),
      (_, response) => response.writeHead(200).write(line('ADDED', object('a', 10))),
    ],
    saw('set a 10'),
  );
  const waits = times.slice(1).map((time, index) => time - times[index]!);
  // Half of 20 ms, doubled each time up to 100 ms: the later ones wait longer than the first can.
  expect(waits.at(-1)!).toBeGreaterThan(40);
});

it('rejects at once when nothing could be listed: waiting would not help', async () => {
  await expect(
    follow([(_, response) => response.writeHead(403).end('{"message":"forbidden"}')], () => false),
  ).rejects.toThrow(/may not list/);
});

it('skips no line that comes in pieces, and refuses one without end', async () => {
  const text = line('ADDED', object('ü', 8));
  const { told } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) => {
        const bytes = Buffer.from(text);
        response.writeHead(200).write(bytes.subarray(0, bytes.indexOf(0xc3) + 1)); // within a character
        setImmediate(() => response.write(bytes.subarray(bytes.indexOf(0xc3) + 1)));
      },
    ],
    saw('set ü 8'),
  );
  expect(kinds(told)).toEqual(['synced', 'set ü 8']);
});
