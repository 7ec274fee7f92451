/**
 * What `metrics/collect` takes under `with`.
 *
 * Source: docs/contract.md 3.2; docs/behavior.md 5 for `timeout`, `warmup`, `endpoints`, `headersFrom`, `tls`, `resolve`.
 */
import * as z from 'zod';
import { parseDurationMs } from '../../text/duration.ts';
import { DEFAULT_QPS, plannedRequests, rateOf, requestsWithin } from '../collect-rate.ts';
import type { TaskSpec } from '../experiment.ts';
import { mergeHeaders } from '../http-headers.ts';
import { expectedGot } from '../schema-issues.ts';
import { duration, headers, readable, text, url, whole } from './input-fields.ts';

/** Methods of load. Others have a meaning of their own on a connection (CONNECT), or none for a service (TRACE). */
export const LOAD_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type LoadMethod = (typeof LOAD_METHODS)[number];

const WARMUP = 'a number of requests or a duration such as 10s';
const warmup = z.custom<number | string>(
  (written) => whole(0).safeParse(written).success || duration.safeParse(written).success,
  { error: ({ input }) => expectedGot(WARMUP, input) },
);

const RESOLVE = 'host:port:address';
const resolveEntry = z
  .string()
  .regex(/^[^:\s]+:\d{1,5}:(\[?[0-9a-fA-F:.]+\]?)$/, { error: ({ input }) => expectedGot(RESOLVE, input) });

/** How requests reach their server. Said of the task, a version or an endpoint; the nearest wins, headers add up. */
const origin = {
  headers: headers.optional(),
  headersFrom: z.strictObject({ secret: text }).optional(),
  tls: z
    .strictObject({
      secret: text.optional(),
      caFile: text.optional(),
      serverName: text.optional(),
      insecureSkipVerify: z.boolean().optional(),
    })
    .optional(),
  resolve: z
    .union([resolveEntry, z.array(resolveEntry)], { error: ({ input }) => expectedGot(RESOLVE, input) })
    .optional(),
};

/** Any of these makes the request a POST, unless a method is written. */
const payload = {
  method: z.enum(LOAD_METHODS).optional(),
  payloadStr: z.string().optional(),
  payloadURL: url.optional(),
  contentType: text.optional(),
};

const rate = z.number().min(0).max(1_000_000).optional();

const endpointSchema = z.strictObject({
  name: text.refine((name) => !name.includes('/'), {
    error: ({ input }) => expectedGot('a name without a slash', input),
  }),
  url,
  ...origin,
  ...payload,
});

const collectVersionSchema = z
  .strictObject({
    name: text,
    url: url.optional(),
    endpoints: z.array(endpointSchema).min(1).optional(),
    qps: rate, // of the task, where samples of Iter8 0.7 write it: see `collect-rate.ts`
    ...origin,
  })
  .check((context) => {
    if ((context.value.url === undefined) === (context.value.endpoints === undefined)) {
      const message = `expected either url or endpoints, got ${context.value.url === undefined ? 'neither' : 'both'}`;
      context.issues.push({ code: 'custom', input: context.value, message });
    }
  });

export const collectSchema = z.strictObject({
  numQueries: whole(1).optional(),
  time: duration.optional(),
  qps: rate,
  connections: whole(1).optional(),
  loadOnly: z.boolean().optional(),
  ...payload,
  versions: z.array(collectVersionSchema).min(1),
  timeout: duration.optional(),
  warmup: warmup.optional(),
  headers: origin.headers,
  headersFrom: origin.headersFrom,
  tls: origin.tls,
  resolve: origin.resolve,
});

export interface CollectTls {
  /** Name of a secret with `ca.crt`, `tls.crt`, `tls.key`. */
  readonly secret?: string | undefined;
  readonly caFile?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
}

/** One URL that gets requests, with everything that its version and the task say about it. */
export interface CollectEndpoint {
  /** Absent: the version's only, unnamed endpoint. */
  readonly name?: string | undefined;
  readonly url: string;
  /** Where none is written: POST when there is a payload or a content type, else GET. */
  readonly method: LoadMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** Every field of this secret is a header. */
  readonly headersFrom?: { readonly secret: string } | undefined;
  readonly payloadStr?: string | undefined;
  /** Wins over `payloadStr`. */
  readonly payloadURL?: string | undefined;
  readonly contentType?: string | undefined;
  readonly tls?: CollectTls | undefined;
  /** `host:port:address`, as in curl. */
  readonly resolve?: readonly string[] | undefined;
}

export interface CollectVersion {
  readonly name: string;
  /** At least one. */
  readonly endpoints: readonly CollectEndpoint[];
}

/** Inputs of `metrics/collect`, defaults applied. Rates and numbers of requests are per version. */
export interface CollectInputs {
  /** Requests a second; 0: a closed loop, as fast as `connections` allow. */
  readonly qps: number;
  /** At least 1; Infinity for a closed loop that is bounded by `plannedSeconds`. */
  readonly plannedRequests: number;
  /** Closed loop only, when `time` says how long. */
  readonly plannedSeconds?: number | undefined;
  /** Cap; absent: as many as are needed. Always there in a closed loop. */
  readonly connections?: number | undefined;
  readonly loadOnly: boolean;
  /** Absent: see `defaultTimeoutMs`, which depends on the objectives. */
  readonly timeoutMs?: number | undefined;
  /** Sent first, never counted. */
  readonly warmup?: { readonly requests: number } | undefined;
  readonly versions: readonly CollectVersion[];
}

/** Defaults of `metrics/collect`. Source: docs/contract.md 3. */
export const COLLECT_DEFAULTS = {
  numQueries: 100,
  qps: DEFAULT_QPS,
  closedLoopConnections: 4,
  loadOnly: false,
} as const;

type Origin = z.infer<z.ZodObject<typeof origin>>;
type Payload = z.infer<z.ZodObject<typeof payload>>;

/** Reads the inputs of a `metrics/collect` task. Never throws; versions that cannot be read are left out. */
export function collectInputs(task: TaskSpec): CollectInputs {
  const inputs = readable(collectSchema, task.with);
  const qps = rateOf(inputs);
  const timeMs =
    inputs.numQueries === undefined && inputs.time !== undefined ? parseDurationMs(inputs.time) : undefined;
  const connections = inputs.connections ?? (qps === 0 ? COLLECT_DEFAULTS.closedLoopConnections : undefined);
  const timeoutMs = inputs.timeout === undefined ? undefined : parseDurationMs(inputs.timeout);
  const warmupRequests =
    typeof inputs.warmup === 'string' ? requestsWithin(parseDurationMs(inputs.warmup)!, qps) : (inputs.warmup ?? 0);
  return {
    qps,
    ...plannedRequests({ numQueries: inputs.numQueries ?? COLLECT_DEFAULTS.numQueries, timeMs, qps }),
    ...(connections === undefined ? {} : { connections }),
    loadOnly: inputs.loadOnly ?? COLLECT_DEFAULTS.loadOnly,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(warmupRequests === 0 ? {} : { warmup: { requests: warmupRequests } }),
    versions: (inputs.versions ?? []).map((version) => ({
      name: version.name,
      endpoints:
        version.endpoints?.map((one) => endpoint(one, [inputs, version, one], { ...inputs, ...one })) ??
        (version.url === undefined ? [] : [endpoint({ url: version.url }, [inputs, version], inputs)]),
    })),
  };
}

function endpoint(
  own: { readonly name?: string; readonly url: string },
  origins: readonly Origin[],
  body: Payload,
): CollectEndpoint {
  const nearest = <K extends 'headersFrom' | 'tls' | 'resolve'>(key: K) =>
    origins.findLast((one) => one[key] !== undefined)?.[key];
  const resolve = nearest('resolve');
  return {
    ...(own.name === undefined ? {} : { name: own.name }),
    url: own.url,
    method: body.method ?? (hasPayload(body) || body.contentType !== undefined ? 'POST' : 'GET'),
    headers: mergeHeaders(origins.map((one) => one.headers)),
    headersFrom: nearest('headersFrom'),
    payloadStr: body.payloadStr,
    payloadURL: body.payloadURL,
    contentType: body.contentType,
    tls: nearest('tls'),
    resolve: typeof resolve === 'string' ? [resolve] : resolve,
  };
}

function hasPayload({ payloadStr, payloadURL }: Payload): boolean {
  return payloadStr !== undefined || payloadURL !== undefined;
}
