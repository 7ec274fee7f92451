/**
 * Any log of JSON objects, one a line: where status, duration and time are is said by `--fields`. Envoy writes such lines with
 * `json_format`, nginx with `escape=json`.
 */
import { UsageError } from '../../../errors.ts';
import { parseDurationMs } from '../../../text/duration.ts';
import { brokenOff, loggedLatency, nginxOutcome } from './access-log.ts';
import { parseObject, readLineBatches, type LineResult } from '../lines.ts';
import { MS_OF_UNIT, type DurationUnit, type FieldPaths, type ResultFormat } from '../measured-request.ts';

export const jsonLines: ResultFormat = {
  name: 'json-lines',
  title: 'lines of JSON',
  // Times are often written in whole seconds. Lines may be those of a proxy, or of a load tool: only who has them knows.
  facts: {
    model: 'unknown',
    isDrained: false,
    isLog: true,
    isDated: true,
    recordsHops: true,
    defaultTimeoutMs: 60_000,
    startErrorMs: 1000,
  },
  recognises: (head) => /^\s*\{/.test(head),
  read: (chunks, { fields }) => {
    if (fields === undefined)
      throw new UsageError('lines of JSON need --fields', {
        hint: "for example --fields 'status=response_code,duration=duration:ms,start=start_time'",
      });
    const writtenAs = numberAsWritten(fields.duration);
    return readLineBatches(chunks, (line) => requestOf(line, fields, writtenAs));
  },
};

function requestOf(line: string, fields: FieldPaths, writtenAs: ReturnType<typeof numberAsWritten>): LineResult {
  const object = parseObject(line);
  if (object === undefined) return 'not a JSON object';
  const field = (path: string) => valueAt(object, path);
  const duration = writtenAs(field(fields.duration), line);
  const status = field(fields.status);
  const times = durationOf(duration, fields.durationUnit, status ?? '');
  if (times === undefined) return durationProblem(duration, fields);
  const time = timeOf(field(fields.start ?? fields.end!));
  if (Number.isNaN(time)) return `no time in ${fields.start ?? fields.end!}`;
  if (status === undefined) return `no status in ${fields.status}`;
  // A word may mean either: "OK", "timeout".
  if (!/^(\d+|-?)$/.test(status))
    return `${fields.status} is ${JSON.stringify(status.slice(0, 40))}, which is no HTTP code (0, - and nothing: no answer)`;
  const startMs = fields.start === undefined ? time - times.atMostMs : time;
  const flags = fields.flags === undefined ? '' : (field(fields.flags) ?? '');
  const outcome = brokenOff(status, flags) ?? nginxOutcome(status);
  return { startMs, ...times, ...outcome, field };
}

function durationProblem(text: string | undefined, { duration, durationUnit }: FieldPaths): string {
  if (text === undefined || text === '') return `no duration in ${duration}`;
  const shown = JSON.stringify(text.slice(0, 40));
  if (durationUnit === undefined && Number.isFinite(Number(text)))
    return `${duration} is ${shown}, a number without a unit: write duration=${duration}:s (or :ms, :us, :ns)`;
  return `${duration} is ${shown}, which is no duration`;
}

/** `a.b` is a field in a field, unless there is one of that very name. */
function valueAt(object: Readonly<Record<string, unknown>>, path: string): string | undefined {
  let value: unknown = object;
  for (const name of Object.hasOwn(object, path) ? [path] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

const WHOLE = /^\d+$/;
const DECIMALS = /\s*:\s*(\d+\.\d+)/y;

/** JSON.parse makes 0 of 0.000: what has decimals is not a whole number that others were cut off from. Made once for all lines. */
function numberAsWritten(path: string) {
  const keys = [...new Set([path, path.split('.').at(-1)!])].map((name) => JSON.stringify(name));
  return (value: string | undefined, line: string): string | undefined => {
    if (value === undefined || !WHOLE.test(value)) return value;
    for (const key of keys) {
      for (let at = line.indexOf(key); at >= 0; at = line.indexOf(key, at + 1)) {
        DECIMALS.lastIndex = at + key.length;
        const written = DECIMALS.exec(line)?.[1];
        if (written !== undefined && Number(written) === Number(value)) return written;
      }
    }
    return value;
  };
}

function durationOf(text: string | undefined, unit: DurationUnit | undefined, status: string) {
  if (text === undefined || text === '') return undefined;
  if (unit !== undefined) return loggedLatency(status, Number(text) * MS_OF_UNIT[unit], roundingOf(text, unit));
  // Of `1m30s` the last unit is the finest.
  const [, number = '', finest = ''] = /([\d.]+)([a-z\u00b5\u03bc]+)$/.exec(text) ?? [];
  const rounding = roundingOf(number, finest.replace(/^[\u00b5\u03bc]/, 'u'));
  return loggedLatency(status, parseDurationMs(text) ?? Number.NaN, rounding);
}

/** Whole numbers may have been cut off or rounded; seconds with decimals have three of them as a rule. */
function roundingOf(number: string, unit: string) {
  const unitMs = Object.hasOwn(MS_OF_UNIT, unit) ? MS_OF_UNIT[unit as DurationUnit] : 0;
  const errorMs = /^\d+$/.test(number) ? unitMs : unit === 's' ? 1 : 0;
  return { below: errorMs, above: errorMs };
}

/** RFC 3339, or seconds, ms, us or ns since 1970. */
function timeOf(text: string | undefined): number {
  if (text === undefined || text === '') return Number.NaN;
  // Without a zone it would be the time of wherever it is read, with hours that come twice.
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?$/.test(text)) return Date.parse(`${text}Z`);
  if (!/^\d+(\.\d+)?$/.test(text)) return Date.parse(text);
  const whole = text.split('.')[0]!.length;
  return Number(text) / 10 ** Math.max(-3, 3 * Math.round((whole - 13) / 3));
}

const FORM = /^(status|duration|start|end|flags)=([^,]+)$/;

/** Reads `--fields`. @throws UsageError */
export function parseFields(text: string): FieldPaths {
  const hint =
    "write --fields 'status=PATH,duration=PATH:ms,start=PATH' (units s, ms, us, ns; end=PATH where the time is that of the end; flags=PATH for the response flags of Envoy)";
  const wrong = (problem: string) => new UsageError(`--fields ${JSON.stringify(text)}: ${problem}`, { hint });
  const found = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name, path] = FORM.exec(part.trim()) ?? [];
    if (name === undefined || path === undefined) throw wrong(`${JSON.stringify(part)} cannot be read`);
    found.set(name, path);
  }
  const [status, written, start, end, flags] = ['status', 'duration', 'start', 'end', 'flags'].map((name) =>
    found.get(name),
  );
  if (status === undefined || written === undefined) throw wrong('status and duration are needed');
  if ((start === undefined) === (end === undefined)) throw wrong('expected start or end, one of them');
  const [, duration = written, unit] = /^(.*):([a-z]+)$/.exec(written) ?? [];
  if (unit !== undefined && !Object.hasOwn(MS_OF_UNIT, unit)) throw wrong(`there is no unit ${JSON.stringify(unit)}`);
  return { status, duration, durationUnit: unit as DurationUnit | undefined, start, end, flags };
}
