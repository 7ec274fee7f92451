/**
 * What an answer says beside the number that a jq program picks from it: that it reports an error, that it warns, and, where
 * the program found no number, why. Pure. Source: prometheus.io/docs/prometheus/latest/querying/api, which Thanos, Mimir and
 * VictoriaMetrics follow; the other forms are those of the answers in test/adapters/metrics.
 */
import { isObject } from '../../text/check-fields.ts';
import type { NoValueReason } from '../../judge/no-value-reasons.ts';
import type { JqResult } from './jq.ts';

export interface NoValue {
  readonly reason: NoValueReason;
  readonly detail: string;
}

/** `undefined` where a text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Prometheus reports as an error, whatever the code of its answer: no program may make a number of it. */
export function reportedError(json: unknown): string | undefined {
  if (!isObject(json) || json['status'] !== 'error') return undefined;
  if (json['error'] === undefined && json['errorType'] === undefined) return undefined;
  return [json['errorType'], json['error']]
    .filter((part) => part !== undefined)
    .map(textOf)
    .join(': ');
}

const MOST_WARNINGS = 5;

/** `warnings` and `infos` of Prometheus: parts of the data may be missing. */
export function warningsIn(json: unknown): string[] {
  if (!isObject(json)) return [];
  return [json['warnings'], json['infos']]
    .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
    .slice(0, MOST_WARNINGS)
    .map(textOf);
}

/** `beginning`: of the answer, redacted. `type`: its media type, if it has one. */
export function readNumber(
  result: JqResult,
  answer: { readonly text: string; readonly json: unknown; readonly type: string; readonly beginning: string },
): { readonly value: number } | NoValue {
  if (result.kind === 'timeout') return failed(`did not end within ${result.seconds} s`);
  if (result.kind === 'error' && result.cause === 'program') return failed(`is no jq program: ${result.message}`);
  if (result.kind === 'error' && result.cause === 'limit') return failed(`did not end: ${result.message}`);
  const picked = result.kind === 'result' ? parseJson(result.text) : undefined;
  const number = typeof picked === 'string' && picked.trim() !== '' ? Number(picked) : picked;
  if (typeof number === 'number' && Number.isFinite(number) && Math.abs(number) < Number.MAX_VALUE)
    return { value: number };
  return causeOf(result, picked, answer);
}

const failed = (detail: string): NoValue => ({ reason: 'program-failed', detail });

/** Of what most likely explains it. jq prints NaN as null, and an infinity as the largest double. */
function causeOf(
  result: JqResult,
  picked: unknown,
  { text, json, type, beginning }: Parameters<typeof readNumber>[1],
): NoValue {
  if (typeof picked === 'number') return { reason: 'not-finite', detail: picked < 0 ? '-Inf' : '+Inf' };
  if (typeof picked === 'string' && NAN.test(picked)) return { reason: 'not-a-number', detail: '' };
  if (typeof picked === 'string' && INFINITE.test(picked)) return { reason: 'not-finite', detail: picked };
  // jq reads numbers that JSON does not have, and several texts in one answer.
  if (json === undefined && result.kind !== 'result')
    return { reason: 'not-json', detail: text.trim() === '' ? 'nothing' : `${type || 'text'}: ${beginning}` };
  if (result.kind === 'result' && picked !== null)
    return { reason: 'no-number', detail: `gives ${result.text.slice(0, 100)}, which is no number` };
  const error = anyError(json);
  if (error !== undefined) return { reason: 'backend-error', detail: error };
  if (isEmpty(json)) return { reason: 'empty-answer', detail: '' };
  const special = specialIn(json) ?? (json === undefined && /\bNaN\b/.test(text) ? 'NaN' : undefined);
  if (special !== undefined)
    return NAN.test(special) ? { reason: 'not-a-number', detail: '' } : { reason: 'not-finite', detail: special };
  if (hasNull(json)) return { reason: 'empty-answer', detail: 'the value is null' };
  return { reason: 'no-number', detail: `finds no number in the answer, which is ${beginning}` };
}

const NAN = /^[+-]?nan$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;

/** Errors of other backends: `error` or `errors` at the top, as GraphQL, Datadog and Elastic have them. */
function anyError(json: unknown): string | undefined {
  if (!isObject(json)) return undefined;
  const { error, errors } = json;
  if (typeof error === 'string' || isObject(error)) return textOf(error);
  return Array.isArray(errors) && errors.length > 0 ? errors.slice(0, 3).map(textOf).join('; ') : undefined;
}

/** Keys under which backends list what they found. */
const LISTS = /^(data|results?|series|values?|rows|points|datapoints|timeseries(data)?|facets|buckets)$/i;
/** Lists within lists. */
const MOST_DEPTH = 10;

/** The list of what was found is there, and nothing is in it. */
function isEmpty(json: unknown, depth = 0): boolean {
  if (json === null) return true;
  if (Array.isArray(json)) return json.every((one) => isObject(one) && isEmpty(one, depth + 1));
  if (!isObject(json) || depth > MOST_DEPTH) return false;
  const entries = Object.entries(json);
  if (entries.length === 0) return true;
  return entries.some(
    ([key, value]) => LISTS.test(key) && (Array.isArray(value) || isObject(value)) && isEmpty(value, depth + 1),
  );
}

/** Values looked at: an answer may have millions. */
const MOST_LEAVES = 100_000;

/** Texts, numbers and nulls, in order. Not recursive: an answer may be nested as deep as it likes. */
function* leavesOf(json: unknown): Generator {
  const open: unknown[] = [json];
  for (let seen = 0; open.length > 0 && seen < MOST_LEAVES; seen += 1) {
    const at = open.pop();
    if (Array.isArray(at))
      for (let index = Math.min(at.length, MOST_LEAVES) - 1; index >= 0; index -= 1) open.push(at[index]);
    else if (isObject(at)) open.push(...Object.values(at).slice(0, MOST_LEAVES).toReversed());
    else yield at;
  }
}

function specialIn(json: unknown): string | undefined {
  for (const leaf of leavesOf(json))
    if (typeof leaf === 'string' && (NAN.test(leaf) || INFINITE.test(leaf))) return leaf;
  return undefined;
}

function hasNull(json: unknown): boolean {
  for (const leaf of leavesOf(json)) if (leaf === null) return true;
  return false;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { message, reason, type } = isObject(value) ? value : {};
  const said = [type, message ?? reason].filter((part) => typeof part === 'string');
  if (said.length > 0) return said.join(': ');
  return isObject(value) ? `an object with ${Object.keys(value).slice(0, 5).join(', ')}` : String(value);
}
