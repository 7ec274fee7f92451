/** The fields of a schema, as the reference lists them: what a field takes is asked of the schema itself. */
import * as z from 'zod';
import { parseShape } from '../../../src/experiment/schema-issues.ts';

export interface Field {
  /** `spec.criteria.objectives[].metric`; `*` is a key that is chosen freely. */
  readonly path: string;
  readonly required: boolean;
  /** In the words of the message for something wrong. */
  readonly takes: string;
}

const MAX_INT32 = 2_147_483_647;

/** All fields of the schema, in its order, each before the fields in it. `opaque`: schemas whose fields are left out. */
export function fieldsOf(schema: z.core.$ZodType, opaque: readonly unknown[] = [], at = ''): Field[] {
  if (opaque.includes(schema)) return [];
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([key, written]) => {
      const path = at === '' ? key : `${at}.${key}`;
      const one = unwrapped(written);
      return [{ path, required: one === written, takes: takes(one) }, ...fieldsOf(one, opaque, path)];
    });
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, opaque, `${at}[]`);
  if (schema instanceof z.ZodRecord) {
    const path = `${at}.*`;
    const value = unwrapped(schema.valueType);
    const inside = fieldsOf(value, opaque, path);
    return inside.length > 0 && value instanceof z.ZodArray
      ? [{ path, required: false, takes: takes(value) }, ...inside]
      : inside;
  }
  return [];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrapped(schema.unwrap()) : schema;
}

function takes(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodObject) return 'an object';
  if (schema instanceof z.ZodArray) {
    const element = unwrapped(schema.element);
    return element instanceof z.ZodObject ? 'a list of objects' : `a list; each ${takes(element)}`;
  }
  if (schema instanceof z.ZodRecord) {
    const value = unwrapped(schema.valueType);
    return value instanceof z.ZodUnknown || value instanceof z.ZodArray || value instanceof z.ZodObject
      ? 'an object'
      : `an object; each value ${takes(value)}`;
  }
  if (schema instanceof z.ZodUnknown) return 'anything';
  const { issues } = parseShape(schema, {});
  const expected = /^expected (.*), got an object/.exec(issues[0]?.message ?? '')?.[1];
  if (expected === undefined) throw new Error(`no expectation in ${JSON.stringify(issues)}`);
  return `${expected}${bounds(schema)}`;
}

function bounds(schema: z.core.$ZodType): string {
  if (!(schema instanceof z.ZodNumber)) return '';
  const { minValue: min, maxValue: max } = schema;
  const least = min !== null && Number.isFinite(min) && min > -MAX_INT32 ? min : undefined;
  const most = max !== null && Number.isFinite(max) && max < MAX_INT32 ? max : undefined;
  if (least === undefined) return most === undefined ? '' : `, at most ${most}`;
  return most === undefined ? `, at least ${least}` : `, ${least} to ${most}`;
}
