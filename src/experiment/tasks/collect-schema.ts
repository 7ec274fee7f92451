/** The schema of what `metrics/collect` takes under `with`: collect-inputs.ts reads it. */
import * as z from 'zod';
import { expectedGot } from '../schema-issues.ts';
import { duration, headers, text, url, whole } from './input-fields.ts';
import { MOST_QPS } from '../collect-rate.ts';

/** Methods of load. Others have a meaning of their own on a connection (CONNECT), or none for a service (TRACE). */
const LOAD_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
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

const rate = z.number().min(0).max(MOST_QPS).optional();

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

export type Origin = z.infer<z.ZodObject<typeof origin>>;
export type Payload = z.infer<z.ZodObject<typeof payload>>;
