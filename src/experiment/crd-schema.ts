/**
 * The OpenAPI schema of a CRD, made of the schema that types and validation are made of: so that the three cannot disagree.
 * Never stricter than the CRDs that Iter8 0.7 installed (a test compares them field by field).
 */
import * as z from 'zod';
import './zod-settings.ts';
import { experimentSchema, objectMetaSchema, quantitySchema } from './experiment-schema.ts';
import { EXPERIMENT_FIELDS, METRIC_FIELDS, type FieldDescriptions } from './field-descriptions.ts';
import { metricSchema } from './metric.ts';
import { MAX_INT32 } from './contract-words.ts';

/** A structural schema. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1 JSONSchemaProps. */
export type CrdSchema = Record<string, unknown>;

/** What the API server takes for a quantity: a whole number, or a text. Source: the CRDs of controller-gen 0.4.1. */
const QUANTITY: CrdSchema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern:
    '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
  'x-kubernetes-int-or-string': true,
};
const ANYTHING: CrdSchema = { 'x-kubernetes-preserve-unknown-fields': true };

export function experimentCrdSchema(): CrdSchema {
  const schema = crdSchema(experimentSchema);
  // A metric as it was read: an object of its own, kept whole.
  replaceAt(schema, ['status', 'metrics', 'metricObj'], {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  });
  replaceAt(schema, ['status', 'analysis', 'aggregatedBuiltinHists', 'data'], { ...ANYTHING });
  describe(schema, EXPERIMENT_FIELDS);
  return schema;
}

export function metricCrdSchema(): CrdSchema {
  const schema = crdSchema(metricSchema);
  const spec = propertiesOf(propertiesOf(schema)['spec']!);
  spec['type'] = { ...spec['type'], default: 'Gauge' };
  spec['method'] = { ...spec['method'], default: 'GET' };
  describe(schema, METRIC_FIELDS);
  return schema;
}

function crdSchema(schema: z.ZodType): CrdSchema {
  const made = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const json = jsonSchema as CrdSchema;
      if (zodSchema === objectMetaSchema) replaceWith(json, { type: 'object' });
      else if (zodSchema === quantitySchema) replaceWith(json, QUANTITY);
      else if (Object.keys(json).length === 0) replaceWith(json, ANYTHING);
      else tidy(json);
    },
  }) as CrdSchema;
  delete made['$schema'];
  const properties = propertiesOf(made);
  // Served for every kind, and checked by the server itself.
  properties['apiVersion'] = { type: 'string' };
  properties['kind'] = { type: 'string' };
  delete made['required']; // what is missing is said by our rules, with more words
  return made;
}

/** What a structural schema may not have, and integers as the CRDs of 0.7 have them. */
function tidy(json: CrdSchema): void {
  delete json['propertyNames'];
  const additional = json['additionalProperties'];
  const isEmpty = typeof additional === 'object' && additional !== null && Object.keys(additional).length === 0;
  if (json['properties'] !== undefined) delete json['additionalProperties'];
  else if (isEmpty) {
    delete json['additionalProperties'];
    json['x-kubernetes-preserve-unknown-fields'] = true;
  }
  if (json['type'] === 'integer') {
    json['format'] = 'int32';
    for (const bound of ['minimum', 'maximum']) {
      const value = json[bound];
      if (typeof value === 'number' && Math.abs(value) >= MAX_INT32) delete json[bound];
    }
  }
}

/** For `kubectl explain`. */
function describe(schema: CrdSchema, fields: FieldDescriptions, at = ''): void {
  const description = fields[at];
  if (description !== undefined) schema['description'] = description;
  for (const [key, one] of Object.entries((schema['properties'] ?? {}) as Record<string, CrdSchema>)) {
    // Kubernetes describes it itself, and refuses a CRD that says anything of it.
    if (at === '' && key === 'metadata') continue;
    describe(one, fields, at === '' ? key : `${at}.${key}`);
  }
  if (schema['items'] !== undefined) describe(schema['items'] as CrdSchema, fields, `${at}[]`);
  if (schema['additionalProperties'] !== undefined)
    describe(schema['additionalProperties'] as CrdSchema, fields, `${at}.*`);
}

function replaceWith(json: CrdSchema, wanted: CrdSchema): void {
  for (const key of Object.keys(json)) delete json[key];
  Object.assign(json, structuredClone(wanted));
}

function propertiesOf(schema: CrdSchema): Record<string, CrdSchema> {
  return (schema['properties'] ?? (schema['items'] as CrdSchema)['properties']) as Record<string, CrdSchema>;
}

function replaceAt(schema: CrdSchema, path: readonly string[], wanted: CrdSchema): void {
  const last = path.at(-1)!;
  let properties = propertiesOf(schema);
  for (const key of path.slice(0, -1)) properties = propertiesOf(properties[key]!);
  properties[last] = wanted;
}
