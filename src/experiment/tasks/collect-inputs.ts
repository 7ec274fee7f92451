/**
 * What `metrics/collect` takes under `with`.
 *
 * Source: docs/contract.md 3.2; docs/behavior.md 5 for `timeout`, `warmup`, `endpoints`, `headersFrom`, `tls`, `resolve`.
 */
import { parseDurationMs } from '../../text/duration.ts';
import { DEFAULT_QPS, plannedRequests, rateOf, requestsWithin } from '../collect-rate.ts';
import type { TaskSpec } from '../experiment.ts';
import { mergeHeaders } from '../http-headers.ts';
import { collectSchema, type LoadMethod, type Origin, type Payload } from './collect-schema.ts';
import { readable } from './input-fields.ts';
import { plainCollectInputs } from './plain-collect.ts';

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

/** Reads the inputs of a `metrics/collect` task. Never throws; versions that cannot be read are left out. */
export function collectInputs(task: TaskSpec): CollectInputs {
  const inputs = plainCollectInputs(task.with) ?? readable(collectSchema, task.with);
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
