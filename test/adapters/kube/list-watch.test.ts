/** Following objects when the server misbehaves: real HTTP, answers decided by the test. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { listWatch, TIMING, type KubeObject, type WatchEvent } from '../../../src/adapters/kube/list-watch.ts';
import { createClusterStore } from '../../../src/adapters/store/cluster-store.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
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
  enough: (reported: readonly WatchEvent<KubeObject>[]) => boolean,
): Promise<{ readonly reported: WatchEvent<KubeObject>[]; readonly asked: URL[] }> {
  const asked: URL[] = [];
  await using server = await testServer((request: IncomingMessage, response: ServerResponse, k: number) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url);
    (answers[k] ?? answers.at(-1)!)(url, response);
  });
  const client = await openClient(writeKubeconfig(server.url));
  const stop = new AbortController();
  const reported: WatchEvent<KubeObject>[] = [];
  const timing = { firstWaitMs: 20, longestWaitMs: 100, graceMs: -800, watchSeconds: 1 };
  for await (const event of listWatch<KubeObject>(client, { signal: stop.signal, timing })) {
    reported.push(event);
    if (enough(reported)) stop.abort();
  }
  client.close();
  return { reported, asked };
}

const kinds = (reported: readonly WatchEvent<KubeObject>[]) =>
  reported.map((event) =>
    event.kind === 'set'
      ? `set ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`
      : event.kind === 'deleted'
        ? `deleted ${event.name}`
        : event.kind,
  );
const saw = (wanted: string) => (reported: readonly WatchEvent<KubeObject>[]) => kinds(reported).includes(wanted);
const hang: Answer = (_, response) => response.writeHead(200).flushHeaders();

it('reads a list page by page, and watches from its version', async () => {
  const { reported, asked } = await follow(
    [
      (_, response) =>
        response.end(JSON.stringify({ metadata: { resourceVersion: '7', continue: 'next' }, items: [object('a', 1)] })),
      (_, response) => response.end(list(7, object('b', 2))),
      (_, response) => response.writeHead(200).write(line('ADDED', object('c', 8))),
    ],
    saw('set c 8'),
  );
  expect(kinds(reported)).toEqual(['set a 1', 'set b 2', 'synced', 'set c 8']);
  expect(asked[1]!.searchParams.get('continue')).toBe('next');
  expect(asked[2]!.searchParams.get('resourceVersion')).toBe('7');
  expect(asked[2]!.searchParams.get('allowWatchBookmarks')).toBe('true');
});

it('asks for fewer objects at once the larger they are, and never for more than any answer can hold', async () => {
  const page = (count: number, length: number) =>
    JSON.stringify({
      metadata: { resourceVersion: '7', continue: `${count} of ${length}` },
      items: Array.from({ length: count }, (_, k) => ({ ...object(`${length}-${k}`, 1), filler: 'x'.repeat(length) })),
    });
  const { asked } = await follow(
    [
      (_, response) => response.end(page(20, 50_000)),
      (_, response) => response.end(page(20, 100_000)),
      (_, response) => response.end(page(10, 1_000_000)),
      (_, response) => response.end(page(5, 10)),
      (_, response) => response.end(page(0, 0)),
      (_, response) => response.end(list(7)),
      hang,
    ],
    saw('synced'),
  );
  expect(asked.slice(0, 6).map(({ searchParams }) => searchParams.get('limit'))).toEqual([
    '20',
    '20',
    '10',
    '5',
    '50',
    '50',
  ]);
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

it('lists again when its version is too old, and reports only what differs', async () => {
  for (const gone of [
    ((_, response) => response.writeHead(410).end('{"message":"too old"}')) as Answer,
    ((_, response) => response.writeHead(200).end(line('ERROR', { metadata: {}, code: 410 }))) as Answer,
  ]) {
    const { reported } = await follow(
      [
        (_, response) =>
          response.end(list(7, object('same', 1), object('changed', 2), object('again', 3, 'old'), object('away', 4))),
        gone,
        (_, response) => response.end(list(90, object('same', 1), object('changed', 80), object('again', 81, 'new'))),
        hang,
      ],
      saw('deleted away'),
    );
    expect(kinds(reported)).toEqual([
      'set same 1',
      'set changed 2',
      'set again 3',
      'set away 4',
      'synced',
      'set changed 80',
      'deleted again',
      'set again 81',
      'deleted away',
    ]);
  }
});

it('a list that changed too much between two of its pages is read again from its beginning', async () => {
  // Mutation: in src/adapters/store/cluster-store.ts, `retryExpired(() => this.#list(options), options.signal)` -> `this.#list(options)`
  const first = JSON.stringify({ metadata: { resourceVersion: '7', continue: 'next' }, items: [object('a', 1)] });
  const answers: Answer[] = [
    (_, response) => response.end(first),
    (_, response) => response.writeHead(410).end('{"message":"the provided continue parameter is too old"}'),
    (_, response) => response.end(list(9)),
    (_, response) => response.end(JSON.stringify({ kind: 'Namespace' })),
  ];
  const asked: (string | null)[] = [];
  await using server = await testServer((request: IncomingMessage, response: ServerResponse, k: number) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url.searchParams.get('continue'));
    answers[k]!(url, response);
  });
  const client = await openClient(writeKubeconfig(server.url));
  expect(await createClusterStore({ client }).list({ namespace: 'n' })).toEqual([]);
  client.close();
  expect(asked.slice(0, 3)).toEqual([null, 'next', null]);
});

it('says that it is stale when the connection breaks, and fresh when it is back', async () => {
  const { reported } = await follow(
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
  expect(kinds(reported)).toEqual(['set a 1', 'synced', 'set a 8', 'stale', 'fresh', 'set a 9']);
});

it('notices a connection that is frozen: the server was to end the watch, and has not', async () => {
  const { reported } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) =>
        response.writeHead(200).write(line('BOOKMARK', { metadata: { name: '', resourceVersion: '9' } })),
      (_, response) => response.writeHead(200).write(line('ADDED', object('a', 10))),
    ],
    saw('set a 10'),
  );
  expect(kinds(reported)).toEqual(['synced', 'stale', 'fresh', 'set a 10']);
  expect(reported.find((event) => event.kind === 'stale')).toMatchObject({
    reason: expect.stringMatching(/it was to end after 1 s, and has not: it is frozen/) as string,
  });
});

it('notices it after 45 s at most, from the opening of the watch or from its request', async () => {
  expect(TIMING.watchSeconds * 1000 + TIMING.graceMs).toBeLessThanOrEqual(45_000);
  expect(TIMING.openMs).toBeLessThanOrEqual(45_000);
  const { asked } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) => response.writeHead(200).write(line('ADDED', object('a', 8))),
    ],
    saw('set a 8'),
  );
  // The server has to know: it ends the watch by itself, and keeps the version fresh by a bookmark.
  expect(asked[1]!.searchParams.get('timeoutSeconds')).toBe('1');
});

it('goes on with another connection when one is frozen', async () => {
  const ports = new Set<number | undefined>();
  const seen: Answer = (_, response) => void ports.add(response.socket?.remotePort);
  await follow(
    [
      (url, response) => {
        seen(url, response);
        response.end(list(7));
      },
      (url, response) => {
        seen(url, response);
        response.writeHead(200).flushHeaders();
      },
      (url, response) => {
        seen(url, response);
        response.writeHead(200).write(line('ADDED', object('a', 10)));
      },
    ],
    saw('set a 10'),
  );
  expect(ports.size).toBe(2);
});

it.each([
  ['null', /something that is no list/],
  ['[]', /something that is no list/],
  ['{"items": 5}', /no list: its items are none/],
  ['{"items": {"0": {}}}', /no list: its items are none/],
  ['{"items": [null]}', /no list: items\[0\] is no object/],
  ['{"items": [{"metadata": null}]}', /items\[0\] has no metadata/],
  ['{"items": [{"metadata": {"name": 5}}]}', /items\[0\] has no metadata.name/],
  ['{"items": [{"metadata": {"name": "a", "uid": []}}]}', /has a metadata.uid that is no text/],
  ['{"metadata": [], "items": []}', /no list: its metadata is no map/],
  ['{"metadata": {"continue": {}}, "items": []}', /no list: continue is no text/],
])('refuses a list that is none: %s', async (body, message) => {
  await expect(follow([(_, response) => response.end(body)], () => false)).rejects.toThrow(message);
});

it.each([
  ['null', /holds no event/],
  ['not JSON', /holds no event/],
  ['{"type": "ADDED", "object": null}', /holds no event/],
  ['{"type": "ADDED", "object": {}}', /an object of the watch has no metadata/],
  ['{"type": "DELETED", "object": {"metadata": {"name": "a", "namespace": 3}}}', /has a metadata.namespace that is no/],
  ['{"type": "ERROR", "object": {"code": {}, "message": 7}}', /the watch ended: code \{\}/],
])('is stale, and tries again, when a line of the watch is damaged: %s', async (text, reason) => {
  const { reported } = await follow(
    [
      (_, response) => response.end(list(7)),
      (_, response) => response.writeHead(200).write(`${text}\n`),
      (_, response) => response.writeHead(200).write(line('ADDED', object('a', 10))),
    ],
    saw('set a 10'),
  );
  expect(kinds(reported)).toEqual(['synced', 'stale', 'fresh', 'set a 10']);
  expect(reported[1]).toMatchObject({ reason: expect.stringMatching(reason) as string });
});

it('ends with a sentence when a list has no end', async () => {
  const page = (next: string) => JSON.stringify({ metadata: { continue: next }, items: [] });
  await expect(follow([(_, response) => response.end(page('again'))], () => false)).rejects.toThrow(
    /the list of experiments in context x does not end: the same part of it comes again and again/,
  );
  let pages = 0;
  await expect(follow([(_, response) => response.end(page(`part ${++pages}`))], () => false)).rejects.toThrow(
    /does not end: more than 100000 objects/,
  );
  expect(pages).toBe(2_000);
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
  const { reported } = await follow(
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
  expect(kinds(reported)).toEqual(['synced', 'set ü 8']);
});
