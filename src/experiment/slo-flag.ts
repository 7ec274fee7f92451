/** Service level objectives as people write them: `p95<=300ms`, `error-rate<=1%`, `mean<0.5s`. Pure. */
import { UsageError } from '../errors.ts';
import type { Objective } from './experiment.ts';
import { parseMetricName, shortName, type MetricQuantity } from './metric-names.ts';
import { SMALLEST_QUANTITY } from './quantity.ts';

const FORM =
  /^\s*([A-Za-z0-9][\w./-]*)\s*(<=|>=|<|>|=<|=>)\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([A-Za-z\u00b5\u03bc%]*)\s*$/;

const MS_PER: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, μs: 0.001, ms: 1, s: 1000 };

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

/** Plain decimal without exponent or float noise: `0.01`, `300`. At least `SMALLEST_QUANTITY`, or 0. */
function decimal(value: number): string {
  const text = Number(value.toPrecision(12)).toString();
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
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
      `--slo ${JSON.stringify(text)}: ${shortName(metric)} takes ${expected}, got the unit ${JSON.stringify(unit)}${unit === 'm' ? `; did you mean ${digits}ms?` : ''}`,
      { hint },
    );
  const limit = number * factorOf({ quantity, metric, written, unit, text }, wrongUnit);
  if (limit !== 0 && Math.abs(limit) < SMALLEST_QUANTITY)
    throw new UsageError(
      `--slo ${JSON.stringify(text)}: expected 0 or at least ${SMALLEST_QUANTITY}, which is the smallest quantity of Kubernetes, got ${limit}`,
      { hint: 'a rate of 0 is written error-rate<=0' },
    );
  const limitText = decimal(limit);
  return operator.includes('<') ? { metric, upperLimit: limitText } : { metric, lowerLimit: limitText };
}

interface Written {
  readonly quantity: MetricQuantity;
  readonly metric: string;
  readonly written: string;
  readonly unit: string;
  readonly text: string;
}

/** From the number as written to the unit of the metric. @throws UsageError */
function factorOf(
  { quantity, metric, written, unit, text }: Written,
  wrongUnit: (expected: string) => UsageError,
): number {
  switch (quantity.kind) {
    case 'mean-latency':
    case 'percentile': {
      const factor = unit === '' ? 1 : MS_PER[unit];
      if (factor === undefined) throw wrongUnit('a latency (us, ms, s; ms without a unit)');
      return factor;
    }
    case 'error-rate':
      if (unit !== '' && unit !== '%') throw wrongUnit('a share (1% or 0.01)');
      return unit === '%' ? 0.01 : 1;
    case 'error-count':
    case 'request-count':
      if (unit !== '') throw wrongUnit('a number');
      return 1;
    case 'custom':
      if (!metric.includes('/')) {
        throw new UsageError(`--slo ${JSON.stringify(text)}: there is no built-in metric ${JSON.stringify(written)}`, {
          hint: 'built in are mean, p50, p95, p99.9, error-rate, error-count, request-count; another metric is written NAMESPACE/NAME',
        });
      }
      // Its unit is its own: nobody here could convert another one.
      if (unit !== '' && unit !== '%') throw wrongUnit('a number in its own unit (or a share: 1%)');
      return unit === '%' ? 0.01 : 1;
  }
}
