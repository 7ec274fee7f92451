/** Identifies series of counters by their labels, and those of one process, which restart together. */
import { createHash } from 'node:crypto';
import { isObject } from '../../text/check-fields.ts';
import { canonicalJson } from '../../text/canonical-json.ts';

export interface Series {
  readonly id: string;
  /** The process, where its labels name one. */
  readonly source: string | undefined;
}

/** An answer has many rows of few series: each series is worked out once. */
export function seriesReader(): (labels: unknown) => Series {
  const known = new Map<string, Series>();
  return (labels) => {
    const text = JSON.stringify(labels) ?? '';
    const found = known.get(text) ?? { id: seriesId(labels), source: processId(labels) };
    known.set(text, found);
    return found;
  };
}

/**
 * The labels of what Prometheus read a series from; and what that says of itself, where it exports for others, as a collector of
 * OpenTelemetry does. Source: documentation of Prometheus, `honor_labels`.
 */
const PROCESS_LABELS = ['job', 'instance', 'exported_job', 'exported_instance'] as const;

function processId(series: unknown): string | undefined {
  if (!isObject(series) || series['instance'] === undefined) return undefined;
  const labels = PROCESS_LABELS.filter((label) => series[label] !== undefined);
  return seriesId(Object.fromEntries(labels.map((label) => [label, series[label]]))).slice(0, 8);
}

/** Labels in any order, as a short text: it is stored for every series. */
function seriesId(series: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(series ?? null))
    .digest('base64url')
    .slice(0, 16);
}
