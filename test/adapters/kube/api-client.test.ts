/** Requests to an API server that is overloaded, broken, or none at all: real HTTP, answers decided by the test. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../../src/adapters/kube/api-client.ts';
import { EXPERIMENTS } from '../../../src/adapters/kube/resources.ts';
import { createDiscovery } from '../../../src/adapters/kube/discovery.ts';
import { createClusterSecrets } from '../../../src/adapters/kube/cluster-secrets.ts';
import { readEvents } from '../../../src/adapters/kube/kubernetes-events.ts';
import { createLeaseLock } from '../../../src/adapters/kube/lease.ts';
import { createClusterStore } from '../../../src/adapters/store/cluster-store.ts';
import { ConflictError, Iter8Error, UnavailableError } from '../../../src/errors.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const json =
  (value: unknown, code = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end(JSON.stringify(value));
const status = (code: number, more: object = {}): Answer =>
  json({ kind: 'Status', message: `code ${code}`, ...more }, code);
const reset: Answer = (response) => void response.socket?.destroy();
const object = { metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' }, spec: {} };

/** Sends one request to a server of these answers, the last one again and again. */
async function ask(
  request: ApiRequest,
  ...answers: readonly Answer[]
): Promise<{ readonly result: unknown; readonly methods: string[] }> {
  const methods: string[] = [];
  await using server = await testServer((incoming, response, k) => {
    methods.push(incoming.method ?? '');
    (answers[k] ?? answers.at(-1)!)(response, incoming);
  });
  const client = await openClient(writeKubeconfig(server.url));
  const result = await client.request(request).catch((error: unknown) => error);
  client.close();
  return { result, methods };
}

const one = { resource: EXPERIMENTS, namespace: 'n', name: 'a' } as const;
const create: ApiRequest = { verb: 'create', resource: EXPERIMENTS, namespace: 'n', body: object };

describe('what failed for a moment', () => {
  it('is tried again: an overloaded server, one that starts, a reset', async () => {
    const { result, methods } = await ask({ verb: 'get', ...one }, status(429), reset, status(503), json(object));
    expect(result).toEqual(object);
    expect(methods).toHaveLength(4);
  });

  it('ends after four attempts', async () => {
    const { result, methods } = await ask({ verb: 'get', ...one }, status(500));
    expect(result).toBeInstanceOf(UnavailableError);
    expect(methods).toHaveLength(4);
  });

  it('is no second object: a create is tried again only when the server says that it did nothing', async () => {
    for (const answer of [status(500), status(503), status(504), reset]) {
      const { result, methods } = await ask(create, answer, json(object));
      expect(result).toBeInstanceOf(UnavailableError);
      expect(methods).toEqual(['POST']);
    }
    const said = await ask(create, status(500));
    expect((said.result as Iter8Error).hint).toMatch(
      /it may have been made all the same: look \(kubectl get experiments/,
    );
    expect(await ask(create, status(429), json(object))).toEqual({ result: object, methods: ['POST', 'POST'] });
  });

  it('does not keep a looker waiting where nobody answers', async () => {
    const client = await openClient(writeKubeconfig('http://127.0.0.1:1'));
    await expect(client.request({ verb: 'get', ...one })).rejects.toThrow(/does not answer: connect ECONNREFUSED/);
  });

  it('is not a lost lease: one that was written although its answer got lost is recognised', async () => {
    let stored: { spec?: { holderIdentity?: string } } | undefined;
    await using server = await testServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (request.method === 'GET') {
          if (stored === undefined) return status(404, { details: { name: 'l' } })(response, request);
          return json(stored)(response, request);
        }
        const lost = stored === undefined;
        stored = JSON.parse(body) as object;
        return lost ? status(502)(response, request) : json(stored)(response, request);
      });
    });
    const client = await openClient(writeKubeconfig(server.url));
    const lock = createLeaseLock(client, () => Promise.resolve({ namespace: 'n', name: 'l' }));
    const taken = await lock.acquire({ namespace: 'n', name: 'l' }, { identity: 'me', description: 'me' });
    if (!('held' in taken)) throw new Error('not held');
    expect(stored?.spec?.holderIdentity).toBe('me');
    await taken.held.release();
    client.close();
  });
});

describe('an answer that is none of an API server', () => {
  const verbs: readonly ApiRequest[] = [
    { verb: 'get', ...one },
    { verb: 'patch', ...one, body: {}, contentType: 'application/merge-patch+json' },
    { verb: 'list', resource: EXPERIMENTS, namespace: 'n' },
    create,
  ];
  it.each(['null', '5', '"text"', '[]', '<html>', '{"metadata": 3}', ''])(
    'is refused with a sentence: %s',
    async (body) => {
      for (const request of verbs) {
        const { result } = await ask(request, (response) => response.end(body));
        expect(result).toBeInstanceOf(UnavailableError);
        expect((result as Error).message).toMatch(/answers .*with something that is n/);
      }
    },
  );

  it.each(['{"metadata": {}}', '{"metadata": {"name": 7}}', '{"metadata": {"name": "a", "resourceVersion": 7}}'])(
    'is refused where an object has to be: %s',
    async (body) => {
      const { result } = await ask({ verb: 'get', ...one }, (response) => response.end(body));
      expect((result as Error).message).toMatch(
        /answers to get experiments\.iter8\.tools "a" .*with something that is no object/,
      );
    },
  );

  it('is no invalid manifest: plain HTTP to a port of HTTPS', async () => {
    const { result } = await ask({ verb: 'list', resource: EXPERIMENTS }, (response) =>
      response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n'),
    );
    expect(result).toMatchObject({ exitCode: 7 });
    expect((result as Iter8Error).message).toMatch(/answers 400 to list .*: Client sent an HTTP request/);
    expect((result as Iter8Error).hint).toMatch(/over HTTPS\? Check server of cluster c in the kubeconfig/);
  });

  it.each([
    ['a message that is none', { message: 5, reason: [], details: 7 }],
    ['details of other types', { details: { name: {}, kind: 3, causes: 'x', retryAfterSeconds: 'soon' } }],
    ['causes of other types', { details: { causes: [null, 4, { field: [], message: {} }] } }],
  ])('is an error all the same with %s', async (_, more) => {
    for (const code of [400, 401, 403, 404, 409, 410, 413, 418, 422]) {
      const { result } = await ask({ verb: 'get', ...one }, status(code, more));
      expect(result).toBeInstanceOf(Iter8Error);
    }
  });
});

describe('damaged objects end with a sentence, or are left out', () => {
  /** A client of a server that answers everything with this. */
  async function withAnswer<T>(
    value: unknown,
    use: (client: Awaited<ReturnType<typeof openClient>>) => Promise<T>,
  ): Promise<unknown> {
    await using server = await testServer((request, response) => json(value)(response, request));
    const client = await openClient(writeKubeconfig(server.url));
    try {
      return await use(client).catch((error: unknown) => error);
    } finally {
      client.close();
    }
  }
  const damaged = [null, 5, 'text', [], {}, [null], { a: null }, { a: [5] }];

  it('secrets', async () => {
    for (const data of damaged) {
      const read = await withAnswer({ metadata: { name: 's' }, data }, (client) =>
        createClusterSecrets(client).read({ namespace: 'n', name: 's' }),
      );
      if (read instanceof Error) expect(read).toBeInstanceOf(UnavailableError);
      else expect(read).toEqual({});
    }
  });

  it('discovery', async () => {
    for (const part of damaged) {
      for (const answer of [
        { groups: part, resources: part },
        { groups: [{ name: 'g', versions: part }], resources: [part] },
      ]) {
        const found = await withAnswer(answer, (client) => createDiscovery(client).ofType('deploy'));
        expect(found).toBeInstanceOf(Iter8Error);
      }
    }
  });

  it('events', async () => {
    const part = { metadata: { name: 'e' } };
    for (const one of damaged) {
      const items = [{ ...part, involvedObject: one, message: one, source: one, lastTimestamp: one, count: one }];
      const read = await withAnswer({ items }, (client) =>
        readEvents(client, { namespace: 'n', name: 'a', uid: undefined }),
      );
      expect(read).toHaveLength(1);
    }
  });

  it('leases: nobody holds one without a holder or a time', async () => {
    for (const one of damaged) {
      for (const spec of [one, { holderIdentity: one, renewTime: one, leaseDurationSeconds: one }]) {
        const holder = await withAnswer({ metadata: { name: 'l', annotations: one }, spec }, (client) =>
          createLeaseLock(client, () => Promise.resolve({ namespace: 'n', name: 'l' })).holder({
            namespace: 'n',
            name: 'l',
          }),
        );
        expect(holder).toBeUndefined();
      }
    }
  });

  it('experiments', async () => {
    for (const one of damaged) {
      const reported: string[] = [];
      const answer = { items: [{ metadata: { name: 'a', namespace: 'n' }, spec: one, status: one }] };
      const list = await withAnswer(answer, (client) =>
        createClusterStore({ client, onUnreadable: (error) => reported.push(error.message) }).list(),
      );
      expect(list).toEqual([]);
      expect(reported).toHaveLength(1);
    }
  });
});

it('a conflict of a server-side apply says whose the fields are', async () => {
  const causes = [
    { reason: 'FieldManagerConflict', message: 'conflict with "argocd" using apps/v1', field: '.spec.replicas' },
  ];
  const { result } = await ask(
    { verb: 'patch', ...one, body: {} },
    status(409, { reason: 'Conflict', details: { causes } }),
  );
  expect(result).toBeInstanceOf(ConflictError);
  expect((result as Iter8Error).details).toEqual(['.spec.replicas belongs to argocd']);
});

it('a wait for what kinds there are ends with its signal, and only its own', async () => {
  let answerNow: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (answerNow = resolve));
  await using server = await testServer((_, response) => {
    void asked.then(() =>
      response.end(JSON.stringify({ resources: [{ name: 'pods', kind: 'Pod', namespaced: true }] })),
    );
  });
  const discovery = createDiscovery(await openClient(writeKubeconfig(server.url)));
  const stop = new AbortController();
  const stopped = discovery.ofKind('v1', 'Pod', stop.signal);
  const other = discovery.ofKind('v1', 'Pod');
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  answerNow();
  expect(await other).toMatchObject({ plural: 'pods', namespaced: true });
});

it('a dozen requests at once of one signal, as a controller that begins a dozen experiments sends, are no leak to Node', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const waiting: ServerResponse[] = [];
  await using server = await testServer((_, response) => {
    if (waiting.push(response) === 12) for (const each of waiting) each.end(JSON.stringify(object));
  });
  const client = await openClient(writeKubeconfig(server.url));
  const { signal } = new AbortController();
  const answers = await Promise.all(Array.from({ length: 12 }, () => client.request({ verb: 'get', ...one, signal })));
  expect(answers).toHaveLength(12);
  client.close();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

it('the clock of the server is known whatever becomes of ours: leases go by it', async () => {
  const date = 'Tue, 24 Nov 2026 08:00:00 GMT';
  await using server = await testServer((_, response) => response.writeHead(200, { date }).end(JSON.stringify(object)));
  let nowMs = Date.parse(date) - 5_000;
  const client = await openClient(writeKubeconfig(server.url), { now: () => nowMs });
  await client.request({ verb: 'get', ...one });
  for (const stepMs of [3_600_000, -7_200_000]) {
    nowMs += stepMs;
    expect(Math.abs(client.serverNow() - Date.parse(date))).toBeLessThan(60_000);
  }
  client.close();
});
