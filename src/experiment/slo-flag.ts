/** Service level objectives as people write them: `p95<=300ms`, `error-rate<=1%`, `mean<0.5s`. Pure. */
import { UsageError } from '../errors.ts';
import type { Objective } from './experiment.ts';
import { parseMetricName } from './metric-names.ts';

const FORM = /^\s*([A-Za-z0-9][\w./-]*)\s*(<=|>=|<|>|=<|=>)\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([A-Za-zµμ%]*)\s*$/;

const MS_PER: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, μs: 0.001, ms: 1, s: 1000, m: 60_000 };

/** `95` -> `95th`, `99.9` -> `99.9th`, `50` -> `50th`: the ending that built-in metrics have, whatever the number. */
const percentileName = (percent: string): string => `latency-${percent}th-percentile`;

/** The metric's name in the manifest: short forms are spelt out, `iter8-system/` is put before built-in names. */
function metricOf(written: string): string {
  const slash = written.indexOf('/');
  const namespaced =
    written.startsWith('iter8-system/') ||
    (slash > 0 && !/^(p[\d.]+|mean|mean-latency|latency-[\w.]+|error-rate|error-count|request-count)\//.test(written));
  if (namespaced) return written;
  const [head = '', endpoint] = slash > 0 ? [written.slice(0, slash), written.slice(slash + 1)] : [written];
  const percent = /^p(\d+(?:\.\d+)?)$/.exec(head)?.[1];
  const base = percent === undefined ? (head === 'mean' ? 'mean-latency' : head) : percentileName(percent);
  const name = `iter8-system/${base}${endpoint === undefined ? '' : `/${endpoint}`}`;
  return parseMetricName(name, 'default').quantity.kind === 'custom' ? written : name;
}

/** Plain decimal without exponent or float noise: `0.01`, `300`. */
function decimal(value: number): string {
  const text = Number(value.toPrecision(12)).toString();
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}

/**
 * Reads one `--slo`. Limits come out in the unit of the metric: ms for latencies, shares for rates.
 *
 * @throws UsageError when the form, the metric or the unit is wrong.
 */
export function parseSlo(text: string): Objective {
  const match = FORM.exec(text);
  const hint = "write METRIC<=LIMIT, for example --slo 'p95<=300ms' --slo 'error-rate<=1%' --slo 'mean<=150ms'";
  if (match === null) throw new UsageError(`--slo ${JSON.stringify(text)} cannot be read`, { hint });
  const [, written = '', operator = '', digits = '', unit = ''] = match;
  const metric = metricOf(written);
  const { quantity } = parseMetricName(metric, 'default');
  const number = Number(digits);
  if (!Number.isFinite(number))
    throw new UsageError(`--slo ${JSON.stringify(text)}: ${digits} is not a number`, { hint });
  const wrongUnit = (expected: string) =>
    new UsageError(
      `--slo ${JSON.stringify(text)}: ${shortOf(metric)} takes ${expected}, got the unit ${JSON.stringify(unit)}`,
      { hint },
    );
  let limit: string;
  switch (quantity.kind) {
    case 'mean-latency':
    case 'percentile': {
      const factor = unit === '' ? 1 : MS_PER[unit];
      if (factor === undefined) throw wrongUnit('a latency (us, ms, s; ms without a unit)');
      limit = decimal(number * factor);
      break;
    }
    case 'error-rate':
      if (unit !== '' && unit !== '%') throw wrongUnit('a share (1% or 0.01)');
      limit = decimal(unit === '%' ? number / 100 : number);
      break;
    case 'error-count':
    case 'request-count':
      if (unit !== '') throw wrongUnit('a number');
      limit = decimal(number);
      break;
    case 'custom':
      if (!metric.includes('/')) {
        throw new UsageError(`--slo ${JSON.stringify(text)}: there is no built-in metric ${JSON.stringify(written)}`, {
          hint: 'built in are mean, p50, p95, p99.9, error-rate, error-count, request-count; another metric is written NAMESPACE/NAME',
        });
      }
      limit = decimal(unit === '%' ? number / 100 : number);
      break;
  }
  return operator.includes('<') ? { metric, upperLimit: limit } : { metric, lowerLimit: limit };
}

const shortOf = (metric: string): string => metric.replace(/^iter8-system\//, '');
