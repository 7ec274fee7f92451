/**
 * Reads what most `metrics/collect` tasks have, in a fraction of the time that their schema takes to be made: it is judged again by them
 * whenever somebody looks at an object of Iter8 0.7. It only ever accepts: all else is left to the schema.
 */
import type { infer as InferOf } from 'zod';
import { parseDurationMs } from '../../text/duration.ts';
import { isHttpUrl } from '../http-url.ts';
import type { collectSchema } from './collect-schema.ts';
import { MOST_QPS } from '../collect-rate.ts';
import { MAX_INT32 } from '../contract-words.ts';

const isWhole = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_INT32;
const isRate = (value: unknown): boolean =>
  Number.isFinite(value) && (value as number) >= 0 && (value as number) <= MOST_QPS;
const isDuration = (value: unknown): boolean => typeof value === 'string' && (parseDurationMs(value) ?? 0) > 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';

type Checks = ReadonlyMap<string, (value: unknown) => boolean>;

const VERSION: Checks = new Map([
  ['name', (value: unknown) => typeof value === 'string' && value !== ''],
  ['url', (value: unknown) => typeof value === 'string' && isHttpUrl(value)],
]);
const TASK: Checks = new Map([
  ['numQueries', isWhole],
  ['connections', isWhole],
  ['qps', isRate],
  ['time', isDuration],
  ['timeout', isDuration],
  ['loadOnly', isBoolean],
  ['versions', (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isVersion)],
]);

const isVersion = (value: unknown): boolean =>
  keeps(VERSION, value) && Object.keys(value as object).length === VERSION.size;

/** An object as JSON and YAML are read, of whose fields each is known and right. */
function keeps(checks: Checks, value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    Reflect.ownKeys(value).every(
      (key) => typeof key === 'string' && checks.get(key)?.((value as Record<string, unknown>)[key]) === true,
    )
  );
}

/** The inputs, as the schema reads them; undefined when it is for the schema to say. */
export function plainCollectInputs(
  written: Readonly<Record<string, unknown>> = {},
): Partial<InferOf<typeof collectSchema>> | undefined {
  return keeps(TASK, written) ? written : undefined;
}
