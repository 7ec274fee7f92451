/**
 * Results of k6: `k6 run --out json=FILE` and `--out csv=FILE`.
 *
 * Source: Grafana k6 documentation, "Results output: JSON" and "CSV", and "Built-in metrics": a line is a point of one metric, with
 * the time at which the request ended. http_req_duration is sending, waiting and receiving; http_req_blocked, the wait for a
 * connection, is a point of its own right behind it. The status is 0 where there was no answer, error_code then says why
 * ("Error codes": 1050 is a timeout, 11xx DNS, 12xx TCP, 13xx TLS).
 */
import { parseObject, readLineBatches, textOf, type LineResult } from '../lines.ts';
import { latency, outcomeOf, type FormatFacts, type MeasuredRequest, type ResultFormat } from '../measured-request.ts';
import { readRowBatches } from '../rows.ts';

const FACTS: FormatFacts = {
  model: 'unknown',
  isDrained: false,
  // After the end it waits 30 s (gracefulStop) for requests, which may take 60 s: those of the last 30 s may be in no file.
  defaultTimeoutMs: 30_000,
  startErrorMs: 0,
  isDated: true,
  recordsHops: true,
  remark: 'k6 times a request from its actual send: what an iteration waited before is not in its latency',
};

interface Point {
  readonly metric: string | undefined;
  /** As written: points of one request have the same. */
  readonly time: string;
  readonly endMs: number;
  readonly value: number;
  readonly tag: (name: string) => string | undefined;
}

/** Requests of points: `http_req_blocked` of the same time belongs to the request before it. */
class Points {
  #held: { readonly time: string; readonly point: Point; blockedMs: number } | undefined;

  add(point: Point): LineResult {
    if (point.metric === 'http_req_blocked' && point.time === this.#held?.time && point.value > 0) {
      this.#held.blockedMs = point.value;
      return undefined;
    }
    if (point.metric !== 'http_req_duration') return undefined;
    const before = this.end();
    this.#held = { time: point.time, point, blockedMs: 0 };
    return before;
  }

  end(): LineResult {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? undefined : requestOf(held.point, held.blockedMs);
  }
}

/** For `satisfied` with the wait for a connection, for `violated` without. */
function requestOf({ endMs, value, tag }: Point, blockedMs: number): MeasuredRequest | string {
  const times = latency(value, { above: blockedMs });
  if (times === undefined || !Number.isFinite(endMs)) return 'no time and value';
  const startMs = endMs - value - blockedMs;
  return { startMs, ...times, ...outcomeOf(tag('status') ?? '', failureOf(tag('error_code') ?? '')), field: tag };
}

function failureOf(errorCode: string): string {
  if (/^(1050|1211)$/.test(errorCode)) return 'timeout';
  const classes = { '11': 'dns', '12': 'connect', '13': 'tls' };
  return classes[errorCode.slice(0, 2) as keyof typeof classes] ?? 'other';
}

export const k6Json: ResultFormat = {
  name: 'k6-json',
  title: 'k6, JSON',
  facts: FACTS,
  recognises: (head) => /^\s*\{[^\n]*"type":"(Metric|Point)"/.test(head) && /"metric":"/.test(head),
  read: (chunks) => {
    const points = new Points();
    return readLineBatches(
      chunks,
      (line) => {
        // Most lines are about other metrics: they need not be parsed.
        if (!line.includes('http_req_') && line.endsWith('}')) return undefined;
        const object = parseObject(line);
        if (object === undefined) return 'not a JSON object';
        if (object['type'] !== 'Point') return undefined;
        const data = (object['data'] ?? {}) as Readonly<Record<string, unknown>>;
        const tags = (data['tags'] ?? {}) as Readonly<Record<string, unknown>>;
        const time = textOf(data, 'time') ?? '';
        return points.add({
          metric: textOf(object, 'metric'),
          time,
          endMs: Date.parse(time),
          value: typeof data['value'] === 'number' ? data['value'] : Number.NaN,
          tag: (name) => textOf(tags, name),
        });
      },
      { last: () => points.end() },
    );
  },
};

export const k6Csv: ResultFormat = {
  name: 'k6-csv',
  title: 'k6, CSV',
  // By default its times are whole seconds.
  facts: { ...FACTS, startErrorMs: 1000 },
  recognises: (head) => head.startsWith('metric_name,timestamp,metric_value,'),
  read: (chunks) => {
    const points = new Points();
    return readRowBatches(
      chunks,
      { needed: ['metric_name', 'timestamp', 'metric_value', 'status'] },
      (cell) => {
        const time = cell('timestamp') ?? '';
        return points.add({
          metric: cell('metric_name'),
          time,
          endMs: timeOf(time),
          value: Number(cell('metric_value') || Number.NaN),
          tag: (name) => cell(name) ?? extraTag(cell('extra_tags'), name),
        });
      },
      { last: () => points.end() },
    );
  },
};

/** `unix`, `unix_milli`, `unix_micro`, `unix_nano` or `rfc3339` of K6_CSV_TIME_FORMAT, by the number of digits. */
function timeOf(text: string): number {
  if (!/^\d+$/.test(text)) return Date.parse(text);
  return Number(text) / 10 ** Math.max(-3, text.length - 13);
}

/** `a=1&b=2`. */
function extraTag(tags: string | undefined, name: string): string | undefined {
  const prefix = `${name}=`;
  return tags
    ?.split('&')
    .find((tag) => tag.startsWith(prefix))
    ?.slice(prefix.length);
}
