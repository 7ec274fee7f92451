/** The API over real HTTP, with rights, experiments and a Prometheus that a test chooses. */
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import type { Permission } from '../../src/adapters/kube/access-review.ts';
import { createJq } from '../../src/adapters/metrics/jq.ts';
import { createMetricSource } from '../../src/adapters/metrics/measure-metric.ts';
import { Access, type Reviews } from '../../src/api/access.ts';
import { Api, type ApiPorts } from '../../src/api/api.ts';
import { serveApi, type ApiServer } from '../../src/api/server.ts';
import { Waits } from '../../src/api/wait-until-decided.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { Clock } from '../../src/io.ts';
import { EMPTY_RECORD, withRecord } from '../../src/judge/record/stored-record.ts';
import type { RecommendationKind } from '../../src/judge/recommendation.ts';
import { createMemoryStore } from './memory-store.ts';
import { processCpuMs } from './test-io.ts';
import { testServer, type TestServer } from './test-server.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const ALICE = 'token-of-alice';

/** Time that stands still until it is let go. */
function stoppedClock(): Clock & { readonly over: () => void } {
  const sleeping = new Set<() => void>();
  return {
    now: () => NOW,
    monotonicMs: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        sleeping.add(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    over: () => {
      for (const wake of sleeping) wake();
    },
  };
}

/** What there is for one test; a test may put another in its place. */
interface Parts {
  store: ExperimentStore;
  clock: ReturnType<typeof stoppedClock>;
  waits: Waits;
  server: ApiServer;
  prometheus: TestServer;
  /** Whether Alice may. */
  rights: (permission: Permission) => boolean;
  /** By Prometheus. */
  answered: unknown;
  /** The same, where it depends on what is asked. */
  answer: (url: string) => unknown;
  asked: string[];
  logged: string[];
}

/** Made again for each test of the file that calls it. */
export function apiUnderTest() {
  const api = {} as Parts;
  const jq = createJq({ cpuMs: processCpuMs });

  async function serve(change: Partial<ApiPorts> = {}): Promise<void> {
    const reviews: Reviews = {
      userOf: (token) => Promise.resolve(token === ALICE ? { username: 'alice' } : undefined),
      may: (_, permission) => Promise.resolve(api.rights(permission)),
    };
    const answers = new Api({
      store: api.store,
      access: new Access(reviews),
      waits: api.waits,
      metrics: createMetricSource({
        secrets: { read: () => Promise.reject(new Error('a secret was read')) },
        jq,
        clock: api.clock,
        env: {},
        random: () => 0.5,
        systemNamespace: 'iter8-system',
        ownNamespaceOnly: true,
      }),
      clock: api.clock,
      driven: () => Promise.resolve(undefined),
      prometheus: api.prometheus.url,
      by: 'test',
      log: (_, text, about) => api.logged.push(`${text} ${JSON.stringify(about)}`),
      ...change,
    });
    api.server = await serveApi({
      address: '127.0.0.1:0',
      handle: (request) => answers.answer(request),
      onError: (error) => api.logged.push(`defect: ${String(error)}`),
    });
  }

  beforeEach(async () => {
    api.clock = stoppedClock();
    api.store = createMemoryStore({ clock: api.clock });
    api.waits = new Waits(api.store, api.clock);
    [api.asked, api.logged] = [[], []];
    api.answered = { status: 'success', data: { result: [] } };
    api.answer = () => api.answered;
    api.rights = () => true;
    api.prometheus = await testServer((request, response) => {
      api.asked.push(decodeURIComponent(request.url!));
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(api.answer(decodeURIComponent(request.url!))));
    });
  });
  afterAll(() => jq.close());
  afterEach(async () => {
    api.waits.close();
    await api.server.close();
    await api.prometheus[Symbol.asyncDispose]();
    expect(api.logged.filter((text) => text.startsWith('defect'))).toEqual([]);
  });

  async function ask(
    path: string,
    how: Omit<RequestInit, 'headers'> & {
      readonly token?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    const { token = ALICE, ...rest } = how;
    const headers = { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...rest.headers };
    const answer = await fetch(`http://127.0.0.1:${api.server.port}${path}`, { ...rest, headers });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type') === 'application/json';
    return { status: answer.status, text, body: isJson ? (JSON.parse(text) as Record<string, any>) : {} }; // eslint-disable-line
  }
  const post = (path: string, body: unknown, how: Parameters<typeof ask>[1] = {}) =>
    ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, ...how });

  const create = (name = 'shop') =>
    api.store.create({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name, namespace: 'a' },
      spec: {
        target: name,
        strategy: { testingPattern: 'Conformance' },
        versionInfo: { baseline: { name: 'v1' } },
      },
    });
  const decide = (
    verdict: RecommendationKind,
    how: { readonly at?: string; readonly ended?: boolean } = {},
    name = 'shop',
  ) => {
    const { at = new Date(NOW).toISOString(), ended = true } = how;
    const recommendation = { verdict, version: 'v1', keepsBaseline: false, reasons: [`because of ${verdict}`] };
    const status = {
      stage: ended ? ('Completed' as const) : ('Running' as const),
      startTime: at,
      lastUpdateTime: at,
      ...(ended
        ? { conditions: [{ type: 'Completed' as const, status: 'True' as const, lastTransitionTime: at }] }
        : {}),
    };
    return api.store.patchStatus(
      { namespace: 'a', name },
      withRecord(status, { ...EMPTY_RECORD, by: 'iter8ctl 0.1.0', recommendation }, at),
    );
  };

  return Object.assign(api, { serve, ask, post, create, decide });
}

/** A verdict about the errors of one version, from raw counters. */
const SHARES =
  '{shares: [.data.result[] | .metric as $l | .values[] | {series: $l, at: .[0]} + (if $l.code == "500" then {hits: (.[1] | tonumber)} else {others: (.[1] | tonumber)} end)]}';
export const question = (change: Readonly<Record<string, unknown>> = {}) => ({
  versionInfo: { baseline: { name: 'shop-v2' } },
  criteria: { objectives: [{ metric: 'errors', upperLimit: '0.05' }] },
  metrics: [{ name: 'errors', query: 'requests{app="$name"}[${lookbackSeconds}s]', jqExpression: SHARES }],
  window: '10m',
  ...change,
});
/** Ten minutes of counters of one process, in samples 15 s apart. */
export const counters = (code: string, from: number, to: number) => ({
  metric: { code, job: 'x', instance: 'pod-1' },
  values: Array.from({ length: 40 }, (_, k) => [NOW / 1000 - 600 + 15 * k, String(from + ((to - from) * k) / 39)]),
});
export const VERDICTS = '/v1/namespaces/a/verdicts';
