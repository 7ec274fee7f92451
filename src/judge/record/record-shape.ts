/**
 * Whether a value has the shape of our record. It stands in the free-form part of an object that others may write: what is
 * read back is looked at field by field, so that one damaged object breaks no list. By hand, since it is read at every look.
 */

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const boolean: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
/** Null too: what JSON makes of a number that is not finite. It must not cost the whole record. */
const optionalNumber: Check = (value) => value === undefined || value === null || number(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
/** More fields than these may be there. */
const withFields =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const VERDICTS = oneOf('satisfied', 'violated', 'undecided');
const count = withFields({ n: number, bad: number });
const limitCount = withFields({ response: count, service: count });
const view = withFields({
  n: number,
  errors: number,
  sumMs: number,
  minMs: number,
  maxMs: number,
  histogram: listOf(number),
});
const tally = withFields({
  response: view,
  service: view,
  answers: optional(withFields({ sumMs: number, minMs: number, maxMs: number, unanswered: listOf(number) })),
  codes: mapOf(number),
  limits: mapOf(limitCount),
  late: count,
  reconnects: number,
});
const scope = withFields({ version: text, endpoint: optional(text), tally });
/** What was counted of one version or endpoint. */
export const isScopeShape: Check = scope;
const sharePairs = withFields({ neither: number, onlyA: number, onlyB: number, both: number });
const meanPairs = withFields({
  comparison: withFields({ ratio: number, plus: number, cap: number }),
  n: number,
  sumA: number,
  sumB: number,
  lnBelow: listOf(number),
  lnAbove: listOf(number),
});
const pairs = mapOf(
  withFields({
    n: number,
    errors: withFields({ below: sharePairs, above: sharePairs }),
    means: mapOf(withFields({ below: meanPairs, above: meanPairs })),
  }),
);
/** Pairs of requests, by candidate. */
export const isPairsShape: Check = pairs;
const task = withFields({
  state: oneOf('running', 'done', 'skipped'),
  startedAt: text,
  endedAt: optional(text),
  loadSeconds: optionalNumber,
  counted: optional(listOf(scope)),
  pairs: optional(pairs),
});
const assessment = withFields({
  version: text,
  objective: number,
  metric: text,
  side: oneOf('upper', 'lower'),
  limit: number,
  unit: oneOf('ms', 'share', 'count', 'plain'),
  method: text,
  verdict: VERDICTS,
  reason: optional(text),
  detail: optional(text),
  backend: optional(boolean),
  relative: optional(
    withFields({ to: text, percent: optionalNumber, increase: optionalNumber, pairs: optionalNumber }),
  ),
  n: number,
  estimate: optionalNumber,
  lower: optionalNumber,
  upper: optionalNumber,
  count: optional(count),
  requestsNeeded: (value) => value === 'never' || optionalNumber(value),
  cap: optionalNumber,
});
const series = withFields({
  atMs: number,
  raw: listOf(number),
  total: listOf(number),
  settled: optional(listOf(number)),
  recent: listOf(listOf(number)),
});
const counters = withFields({
  kind: oneOf('shares', 'sums', 'histograms', 'counts'),
  inFlightMs: number,
  startMs: number,
  percentile: optionalNumber,
  limits: listOf(number),
  bounds: listOf(number),
  series: mapOf(series),
});
const measured = withFields({
  type: oneOf('Counter', 'Gauge'),
  units: optional(text),
  value: optionalNumber,
  at: optional(text),
  n: optionalNumber,
  cumulative: boolean,
  extrapolated: boolean,
  query: text,
  counters: optional(counters),
  growth: optional(withFields({ cap: number, ledger: counters })),
  windowsDiffer: optional(boolean),
  failure: optional(withFields({ message: text, since: text, count: number })),
});
/** Values of custom metrics, by metric and version. */
export const isMeasuredShape: Check = mapOf(mapOf(measured));
const amount = withFields({ n: number, sum: number });
const rewardValues = mapOf(withFields({ value: number, n: optionalNumber }));
const rewardResult = withFields({
  metric: text,
  preferred: oneOf('High', 'Low'),
  state: oneOf('winner', 'tie', 'open'),
  winner: optional(text),
  best: listOf(text),
  values: rewardValues,
  reason: text,
});
const recommendation = withFields({
  verdict: oneOf('promote', 'do not promote', 'undecided', 'failed'),
  version: optional(text),
  keepsBaseline: boolean,
  reasons: listOf(text),
});
const load = withFields({
  task: text,
  state: text,
  elapsedSeconds: number,
  ratePerSec: number,
  plannedRequests: optionalNumber,
  versions: listOf(withFields({ version: text, sent: number, resolved: number, needed: optionalNumber })),
  late: number,
});

export const isRecordShape: Check = withFields({
  by: optional(text),
  tasks: optional(mapOf(task)),
  actions: optional(mapOf(oneOf('launched', 'done'))),
  scopes: optional(listOf(scope)),
  pairs: optional(pairs),
  newest: optional(withFields({ task: text, scopes: listOf(scope) })),
  loadSeconds: optionalNumber,
  timeoutMs: optionalNumber,
  load: optional(load),
  measured: optional(mapOf(mapOf(measured))),
  reward: optional(
    withFields({
      metric: text,
      readings: optional(withFields({ atMs: optional(number), seen: mapOf(amount), changedMs: optional(number) })),
      values: rewardValues,
      problem: optional(text),
    }),
  ),
  rewardResult: optional(rewardResult),
  assessments: optional(listOf(assessment)),
  recommendation: optional(recommendation),
  warnings: optional(listOf(text)),
  events: optional(listOf(withFields({ time: text, priority: oneOf(1, 2, 3), text }))),
});
