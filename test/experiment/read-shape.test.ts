/** What is read by its shape alone is what the schema makes of it; whatever else there is, the schema is asked. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/adapters/manifest/parse-documents.ts';
import { experimentSchema } from '../../src/experiment/experiment-schema.ts';
import { EXPERIMENT_SHAPE } from '../../src/experiment/experiment-shape.ts';
import { readShape } from '../../src/experiment/read-shape.ts';
import { withoutNulls } from '../../src/experiment/without-nulls.ts';
import { shapeOf } from '../support/reference/shape-of.ts';
import { runs } from '../support/search-depth.ts';

const root = path.join(import.meta.dirname, '../..');
const recorded = path.join(root, 'test/fixtures/recorded');
const ours = JSON.parse(readFileSync(path.join(root, 'bench/experiment.json'), 'utf8')) as unknown;
const finals = readdirSync(recorded)
  .map((name) => path.join(recorded, name, 'final.yaml'))
  .flatMap((file) => {
    try {
      return [withoutNulls(readManifest(readFileSync(file, 'utf8'), file).objects[0]!.value)];
    } catch {
      return [];
    }
  });

/** As it is written, with the order of its keys. */
const textOf = (value: unknown) => JSON.stringify(value);

/** The value where one place holds something else, or nothing. */
function changed(value: unknown, at: readonly number[], next: unknown): unknown {
  const [first, ...rest] = at;
  if (first === undefined || typeof value !== 'object' || value === null) return next;
  const keys = Object.keys(value);
  if (keys.length === 0) return next;
  const key = keys[first % keys.length]!;
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === key ? changed(one, rest, next) : one));
  const entries = Object.entries(value).map(([name, one]) => [name, name === key ? changed(one, rest, next) : one]);
  return Object.fromEntries(
    next === undefined && rest.length === 0 ? entries.filter(([name]) => name !== key) : entries,
  );
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.anything({ withDate: true, withMap: true, withSparseArray: true, withNullPrototype: true }),
  fc.constantFrom(
    undefined,
    null,
    '',
    'Conformance',
    'Progressive',
    0,
    -1,
    1.5,
    2 ** 31,
    101,
    Number.NaN,
    Infinity,
    [],
    {},
  ),
  fc.constant(JSON.parse('{"__proto__":{"name":"x"},"name":"v"}')),
);

describe('the shape of an experiment', () => {
  it('is that of the schema (npm run docs)', () => {
    expect(EXPERIMENT_SHAPE).toEqual(shapeOf(experimentSchema));
  });

  it('reads what we and Iter8 0.7 wrote, without the schema', () => {
    expect(finals.length).toBeGreaterThan(10);
    for (const value of [ours, ...finals]) {
      const read = readShape(EXPERIMENT_SHAPE, value);
      expect(textOf(read)).toBe(textOf(experimentSchema.parse(value)));
      expect(read).toEqual(experimentSchema.parse(value));
    }
  });

  it('reads nothing that the schema refuses, and all else as the schema does', () => {
    const spoilt = fc
      .tuple(
        fc.constantFrom(ours, ...finals),
        fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }), anything), {
          minLength: 1,
          maxLength: 2,
        }),
      )
      .map(([value, changes]) => changes.reduce((so, [at, next]) => changed(so, at, next), value));
    fc.assert(
      fc.property(spoilt, (value) => {
        const read = readShape(EXPERIMENT_SHAPE, value);
        if (read === undefined) return;
        const parsed = z.safeParse(experimentSchema, value);
        expect(parsed.success).toBe(true);
        expect(read).toEqual(parsed.data);
        expect(Object.keys(read as object)).toEqual(Object.keys(parsed.data as object));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('a shape', () => {
  it.each([z.string().max(3), z.number().min(1), z.strictObject({}), z.string().transform(Number), z.date()])(
    'is not made of what it cannot say (%#)',
    (schema) => {
      expect(() => shapeOf(schema)).toThrow('readShape knows no');
    },
  );
});
