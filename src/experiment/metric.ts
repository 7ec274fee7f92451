/** The Metric resource, `iter8.tools/v2alpha2`. Source: docs/contract.md 1. */
import * as z from 'zod';
import './zod-settings.ts';
import { objectMetaSchema, quantitySchema } from './experiment-schema.ts';
import { API_VERSION } from './experiment.ts';

const namedValue = z.looseObject({ name: z.string(), value: z.string() });

export const metricSpecSchema = z.looseObject({
  type: z.enum(['Counter', 'Gauge']).optional(),
  provider: z.string().optional(),
  units: z.string().optional(),
  description: z.string().optional(),
  method: z.enum(['GET', 'POST']).optional(),
  urlTemplate: z.string().optional(),
  params: z.array(namedValue).optional(),
  body: z.string().optional(),
  headerTemplates: z.array(namedValue).optional(),
  authType: z.enum(['Basic', 'Bearer', 'APIKey']).optional(),
  secret: z.string().optional(),
  jqExpression: z.string().optional(),
  sampleSize: z.string().optional(),
  mock: z.array(z.looseObject({ name: z.string(), level: quantitySchema })).optional(),
});
export type MetricSpec = z.infer<typeof metricSpecSchema>;

export const metricSchema = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Metric'),
  metadata: objectMetaSchema,
  spec: metricSpecSchema,
});
export type WrittenMetric = z.infer<typeof metricSchema>;

/** A Metric with a name, a namespace and the defaults of its type and method. */
export interface Metric extends WrittenMetric {
  readonly metadata: WrittenMetric['metadata'] & { readonly name: string; readonly namespace: string };
  readonly spec: MetricSpec & { readonly type: 'Counter' | 'Gauge'; readonly method: 'GET' | 'POST' };
}
