/**
 * The tasks that an action may have, and what each takes under `with`.
 *
 * Schemas are strict: an input that nobody reads would be a silent mistake. Readers never fail, so that a foreign object can
 * be described: an input that is wrong counts as absent (`rules.ts` refuses it before anything runs).
 * Source: docs/contract.md 3; docs/behavior.md 5 for `timeout`, `warmup`, `endpoints`, `headersFrom`, `tls`, `resolve`.
 */
import * as z from 'zod';
import './zod-settings.ts';
import { parseDurationMs } from '../text/duration.ts';
import { DEFAULT_QPS, plannedRequests, rateOf, requestsWithin } from './collect-rate.ts';
import type { TaskSpec } from './experiment.ts';
import { isSendableHeader, mergeHeaders, UNSENDABLE_HEADER } from './http-headers.ts';
import { child, expectedGot } from './schema-issues.ts';

/** Methods of load. Others have a meaning of their own on a connection (CONNECT), or none for a service (TRACE). */
export const LOAD_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type LoadMethod = (typeof LOAD_METHODS)[number];

/** Whether a text is an http or https URL with a host. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^/]/i.test(text);
}

const text = z.string().min(1);
const whole = (min: number) => z.int().min(min).max(2_147_483_647);

const URL_NOUN = 'an http or https URL';
const url = z.string({ error: ({ input }) => expectedGot(URL_NOUN, input) }).refine(isHttpUrl, {
  error: ({ input }) => {
    const withScheme = `http://${String(input)}`;
    const hint = !String(input).includes('://') && isHttpUrl(withScheme) ? `; did you mean ${withScheme}?` : '';
    return expectedGot(URL_NOUN, input) + hint;
  },
});

/** A URL that may hold placeholders, which are filled in before it is used. */
const urlTemplate = z
  .string({ error: ({ input }) => expectedGot(URL_NOUN, input) })
  .refine((written) => written.includes('@<') || isHttpUrl(written), {
    error: ({ input }) => expectedGot(URL_NOUN, input),
  });

const DURATION = 'a duration above 0 such as 30s or 1m30s';
const duration = z
  .string({ error: ({ input }) => expectedGot(DURATION, input) })
  .refine((written) => (parseDurationMs(written) ?? 0) > 0, {
    error: ({ input }) => expectedGot(DURATION, input),
  });

const WARMUP = 'a number of requests or a duration such as 10s';
const warmup = z.custom<number | string>(
  (written) => whole(0).safeParse(written).success || duration.safeParse(written).success,
  { error: ({ input }) => expectedGot(WARMUP, input) },
);

/** RFC 9110: a token; a value is visible characters, spaces and tabs. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~\w-]+$/, { error: ({ input }) => expectedGot('the name of a header', input) })
  .refine(isSendableHeader, { error: ({ input }) => expectedGot(UNSENDABLE_HEADER, input) });
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
  error: ({ input }) => expectedGot('a header value on one line, in Latin-1', input),
});
const headers = z.record(headerName, headerValue, {
  error: (issue) =>
    issue.code === 'invalid_key' ? expectedGot(headerNoun(issue.path?.at(-1)), issue.path?.at(-1)) : undefined,
});

function headerNoun(name: unknown): string {
  return typeof name === 'string' && !isSendableHeader(name) ? UNSENDABLE_HEADER : 'the name of a header';
}

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

const collectSchema = z.strictObject({
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

const readinessSchema = z.strictObject({
  initialDelaySeconds: whole(0).optional(),
  numRetries: whole(0).optional(),
  intervalSeconds: whole(1).optional(),
  objRefs: z
    .array(z.strictObject({ kind: text, name: text, namespace: text.optional(), waitFor: text.optional() }))
    .optional(),
});

const httpNotificationSchema = z.strictObject({
  url: urlTemplate,
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
  body: z.string().optional(),
  headers: z.array(z.strictObject({ name: headerName, value: z.string() })).optional(),
  authType: z.enum(['Basic', 'Bearer', 'APIKey']).optional(),
  secret: text.optional(),
  ignoreFailure: z.boolean().optional(),
});

const slackSchema = z.strictObject({ channel: text, secret: text, ignoreFailure: z.boolean().optional() });

const runSchema = z.strictObject({ secret: text.optional(), timeout: duration.optional() });

/** All tasks by name, with the schema of their inputs. */
export const TASKS: Readonly<Record<string, z.ZodObject>> = {
  'metrics/collect': collectSchema,
  'common/readiness': readinessSchema,
  'notification/http': httpNotificationSchema,
  'notification/slack': slackSchema,
};

/** Their names. */
export const TASK_NAMES: readonly string[] = Object.keys(TASKS);

/** The schema of a task's inputs: of `run`, or of the named task; undefined for a task that does not exist. */
export function inputsSchema(task: TaskSpec): z.ZodObject | undefined {
  if (task.task === undefined) return runSchema;
  return Object.hasOwn(TASKS, task.task) ? TASKS[task.task] : undefined;
}

/** The inputs that are right; of a list its elements that are. Never throws. */
function readable<Shape extends z.core.$ZodShape>(
  schema: z.ZodObject<Shape>,
  written: Readonly<Record<string, unknown>> = {},
) {
  const right: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(written)) {
    const expected = child(schema, key);
    if (expected === undefined) continue;
    const isRight = z.safeParse(expected, value).success;
    const usable: unknown =
      !isRight && expected instanceof z.ZodArray && Array.isArray(value)
        ? value.filter((item) => z.safeParse(expected.element, item).success)
        : value;
    if (isRight || z.safeParse(expected, usable).success) right[key] = usable;
  }
  return schema.partial().parse(right); // cannot fail: every key passed by itself
}

// -------------------------------------------------------------------------------------------------- metrics/collect

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

export interface ReadinessInputs {
  readonly initialDelaySeconds: number;
  /** Further tries after the first. */
  readonly numRetries: number;
  readonly intervalSeconds: number;
  readonly objRefs: readonly {
    /** `TYPE[.VERSION][.GROUP]`. */
    readonly kind: string;
    readonly name: string;
    /** Absent: the experiment's. */
    readonly namespace?: string | undefined;
    /** As `kubectl wait --for`; absent: it is enough that the object exists. */
    readonly waitFor?: string | undefined;
  }[];
}

export const READINESS_DEFAULTS = { initialDelaySeconds: 5, numRetries: 12, intervalSeconds: 5, objRefs: [] } as const;

export function readinessInputs(task: TaskSpec): ReadinessInputs {
  const inputs = readable(readinessSchema, task.with);
  return {
    initialDelaySeconds: inputs.initialDelaySeconds ?? READINESS_DEFAULTS.initialDelaySeconds,
    numRetries: inputs.numRetries ?? READINESS_DEFAULTS.numRetries,
    intervalSeconds: inputs.intervalSeconds ?? READINESS_DEFAULTS.intervalSeconds,
    objRefs: inputs.objRefs ?? READINESS_DEFAULTS.objRefs,
  };
}

export interface HttpNotificationInputs {
  /** May hold placeholders, as may the body and the values of headers. Empty when it could not be read. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absent: the summary and the experiment. */
  readonly body?: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly authType?: 'Basic' | 'Bearer' | 'APIKey' | undefined;
  readonly secret?: string | undefined;
  readonly ignoreFailure: boolean;
}

export const HTTP_NOTIFICATION_DEFAULTS = { method: 'POST', headers: [], ignoreFailure: true } as const;

export function httpNotificationInputs(task: TaskSpec): HttpNotificationInputs {
  const inputs = readable(httpNotificationSchema, task.with);
  return {
    ...inputs,
    url: inputs.url ?? '',
    method: inputs.method ?? HTTP_NOTIFICATION_DEFAULTS.method,
    headers: inputs.headers ?? HTTP_NOTIFICATION_DEFAULTS.headers,
    ignoreFailure: inputs.ignoreFailure ?? HTTP_NOTIFICATION_DEFAULTS.ignoreFailure,
  };
}

export interface SlackInputs {
  readonly channel: string;
  /** Has the field `token`. */
  readonly secret: string;
  readonly ignoreFailure: boolean;
}

export function slackInputs(task: TaskSpec): SlackInputs {
  const { channel = '', secret = '', ignoreFailure = true } = readable(slackSchema, task.with);
  return { channel, secret, ignoreFailure };
}

export interface RunInputs {
  readonly secret?: string | undefined;
  /** A script that is not done by then has failed. */
  readonly timeoutMs: number;
}

const SCRIPT_TIMEOUT_MS = 60 * 60_000;

export function runInputs(task: TaskSpec): RunInputs {
  const { secret, timeout } = readable(runSchema, task.with);
  const timeoutMs = timeout === undefined ? undefined : parseDurationMs(timeout);
  return { ...(secret === undefined ? {} : { secret }), timeoutMs: timeoutMs ?? SCRIPT_TIMEOUT_MS };
}
