/** A schema as the data that `readShape` takes. Throws for what that cannot say: a check that it does not make would be lost. */
import * as z from 'zod';
import type { Shape } from '../../../src/experiment/read-shape.ts';

interface Check {
  readonly check: string;
  readonly value?: number;
  readonly minimum?: number;
  readonly inclusive?: boolean;
}

const checksOf = (schema: z.core.$ZodType): Check[] =>
  (schema._zod.def.checks ?? []).map((one) => one._zod.def as unknown as Check);

export function shapeOf(schema: z.core.$ZodType): Shape {
  const checks = checksOf(schema);
  if (schema instanceof z.ZodString) {
    if (checks.length === 0) return 'text';
    if (checks.length === 1 && checks[0]!.check === 'min_length' && checks[0]!.minimum === 1) return 'some text';
  } else if (schema instanceof z.ZodNumber) {
    return numberShape(schema, checks);
  } else if (checks.length === 0) {
    const shape = shapeWithoutChecks(schema);
    if (shape !== undefined) return shape;
  }
  throw new Error(`readShape knows no ${schema._zod.def.type} with ${JSON.stringify(checks)}`);
}

function numberShape(schema: z.ZodNumber, checks: readonly Check[]): Shape {
  const isInt = (schema._zod.def as { format?: string }).format === 'safeint';
  if (checks.length === 0 && !isInt) return 'number';
  const from = checks.find(({ check }) => check === 'greater_than');
  const to = checks.find(({ check }) => check === 'less_than');
  if (!isInt || checks.length !== 2 || from?.inclusive !== true || to?.inclusive !== true)
    throw new Error(`readShape knows no number with ${JSON.stringify(checks)}`);
  return { from: from.value!, to: to.value! };
}

function shapeWithoutChecks(schema: z.core.$ZodType): Shape | undefined {
  if (schema instanceof z.ZodUnknown) return 'anything';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodEnum) return { oneOf: schema.options.map(String) };
  if (schema instanceof z.ZodLiteral && [...schema.values].every((value) => typeof value === 'string'))
    return { oneOf: [...schema.values].map(String) };
  if (schema instanceof z.ZodUnion) return { anyOf: schema.options.map(shapeOf) };
  if (schema instanceof z.ZodArray) return { listOf: shapeOf(schema.element) };
  if (schema instanceof z.ZodRecord && shapeOf(schema.keyType) === 'text') return { mapOf: shapeOf(schema.valueType) };
  if (schema instanceof z.ZodObject && schema._zod.def.catchall instanceof z.ZodUnknown) {
    const fields: [string, z.core.$ZodType][] = Object.entries(schema.shape);
    return {
      fields: Object.fromEntries(fields.map(([key, field]) => [key, shapeOf(written(field))])),
      required: fields.filter(([, field]) => field === written(field)).map(([key]) => key),
    };
  }
  return undefined;
}

/** Of a field that may be absent. Null is for the schema to say. */
function written(field: z.core.$ZodType): z.core.$ZodType {
  return field instanceof z.ZodOptional || field instanceof z.ZodNullable ? written(field.unwrap()) : field;
}

/** A source file: the shape of an Experiment. */
export function shapeSource(schema: z.core.$ZodType): string {
  return `// Made of experiment-schema.ts by \`npm run docs\`.
import type { Shape } from './read-shape.ts';

export const EXPERIMENT_SHAPE: Shape = ${JSON.stringify(shapeOf(schema), undefined, 2)};
`;
}
