/**
 * Whether a value has the shape of our record, and if not, where. It stands in the free-form part of an object that others may
 * write: what is read back is looked at field by field, so that nothing is judged from what nobody can have counted.
 */
import { NO_VALUE_REASONS } from '../no-value-reasons.ts';
import {
  atLeastZero,
  boolean,
  count,
  listOf,
  mapOf,
  number,
  oneOf,
  optional,
  orNull,
  problemText,
  text,
  textOrNumber,
  time,
  tupleOf,
  withFields,
  type Check,
} from '../../text/check-fields.ts';

/** Bins of a latency histogram reach to 2^32 microseconds: `latency-histogram.ts`. */
const LAST_BIN = 23_551;
/** Lists of bets, blocks, series: what we write has a few hundred. */
const MOST = 100_000;

/** Part of a whole, which cannot be more than it. */
const within =
  (part: string, whole: string) =>
  (value: Readonly<Record<string, unknown>>): string | undefined =>
    (value[part] as number) <= (value[whole] as number)
      ? undefined
      : `.${part}: expected at most ${whole} (${String(value[whole])}), got ${String(value[part])}`;

const badOf = withFields({ n: count, bad: count }, within('bad', 'n'));
const limitCount = withFields({ response: badOf, service: badOf });

/** `[index, count, index, count, ...]`, in the order of the bins. */
const histogram: Check = (value) => {
  const problem = listOf(count, 2 * (LAST_BIN + 1))(value);
  if (problem !== undefined) return problem;
  const flat = value as readonly number[];
  if (flat.length % 2 !== 0) return ': expected pairs of a bin and its count, got an odd number of numbers';
  for (let at = 0; at < flat.length; at += 2) {
    if (flat[at]! > LAST_BIN) return `[${at}]: expected a bin up to ${LAST_BIN}, got ${flat[at]}`;
    if (at > 0 && flat[at]! <= flat[at - 2]!) return `[${at}]: expected a bin behind ${flat[at - 2]}, got ${flat[at]}`;
  }
  return undefined;
};

const view = withFields(
  { n: count, errors: count, sumMs: atLeastZero, minMs: atLeastZero, maxMs: atLeastZero, histogram },
  (value) => {
    const problem = within('errors', 'n')(value);
    if (problem !== undefined) return problem;
    const counted = (value['histogram'] as readonly number[]).reduce(
      (sum, one, at) => (at % 2 === 1 ? sum + one : sum),
      0,
    );
    return counted === value['n']
      ? undefined
      : `.histogram: expected as many latencies as n (${String(value['n'])}), got ${counted}`;
  },
);
const tally = withFields({
  response: view,
  service: view,
  answers: optional(withFields({ sumMs: number, minMs: number, maxMs: number, unanswered: listOf(count) })),
  codes: mapOf(count),
  limits: mapOf(limitCount),
  late: badOf,
  reconnects: count,
});
const scope = withFields({ version: text, endpoint: optional(text), tally });
const sharePairs = withFields({ neither: count, onlyA: count, onlyB: count, both: count });
const comparison = withFields({ ratio: number, plus: number, cap: number });
const bets = listOf(number, MOST);
const meanPairs = withFields({
  comparison,
  n: count,
  sumA: number,
  sumB: number,
  lnBelow: bets,
  lnAbove: bets,
});
const cells = withFields({ a: listOf(number, MOST), b: listOf(number, MOST), both: listOf(number, MOST) });
const percentilePairs = withFields({
  limit: withFields({ percent: number, ratio: number, plus: number }),
  n: count,
  below: cells,
  above: cells,
});
const shownMean = withFields({ n: count, sumA: number, sumB: number });
const pairs = mapOf(
  withFields({
    n: count,
    errors: withFields({ below: sharePairs, above: sharePairs }),
    means: mapOf(withFields({ below: meanPairs, above: meanPairs, shown: optional(shownMean) })),
    percentiles: optional(mapOf(percentilePairs)),
  }),
);
const task = withFields({
  state: oneOf('running', 'retrying', 'done', 'skipped'),
  tries: optional(count),
  kept: optional(boolean),
  startedAt: time,
  endedAt: optional(time),
  endedEarly: optional(boolean),
  loadSeconds: orNull(atLeastZero),
  counted: optional(listOf(scope)),
  pairs: optional(pairs),
});
const assessment = withFields({
  version: text,
  objective: count,
  metric: text,
  side: oneOf('upper', 'lower'),
  limit: number,
  unit: oneOf('ms', 'share', 'count', 'plain'),
  method: text,
  verdict: oneOf('satisfied', 'violated', 'undecided'),
  reason: optional(text),
  detail: optional(text),
  backend: optional(boolean),
  relative: optional(
    withFields({ to: text, percent: orNull(number), increase: orNull(number), pairs: orNull(number) }),
  ),
  n: atLeastZero,
  estimate: orNull(number),
  lower: orNull(number),
  upper: orNull(number),
  count: optional(withFields({ n: atLeastZero, bad: atLeastZero })),
  requestsNeeded: (value) => (value === 'never' ? undefined : orNull(number)(value)),
  cap: orNull(number),
});
const parts = listOf(number, MOST);
const series = withFields({
  atMs: number,
  raw: parts,
  total: parts,
  settled: optional(parts),
  recent: listOf(parts, MOST),
  steadyMs: optional(number),
  mark: optional(parts),
  source: optional(text),
  isOver: optional(boolean),
});
const ended = withFields({ untilMs: number, total: parts, lagged: parts, block: parts, blockLagged: parts });
const counters = withFields({
  kind: oneOf('shares', 'sums', 'histograms', 'counts'),
  inFlightMs: atLeastZero,
  startMs: number,
  percentile: orNull(number),
  limits: parts,
  bounds: parts,
  series: mapOf(series),
  ended: optional(ended),
  block: optional(withFields({ fromMs: number })),
});
const noValueReason = oneOf(...NO_VALUE_REASONS);
const measured = withFields({
  type: oneOf('Counter', 'Gauge'),
  units: optional(text),
  value: orNull(number),
  at: optional(time),
  n: orNull(atLeastZero),
  cumulative: boolean,
  extrapolated: boolean,
  query: text,
  counters: optional(counters),
  growth: optional(withFields({ cap: number, ledger: counters })),
  windowsDiffer: optional(boolean),
  failure: optional(withFields({ reason: optional(noValueReason), message: text, since: text, count })),
  sizeFailure: optional(withFields({ reason: noValueReason, message: text, query: text })),
  warnings: optional(listOf(text, MOST)),
});
const amount = withFields({ n: atLeastZero, sum: number });
const amounts = withFields({ a: amount, b: amount });
const blockMeans = withFields({ comparison, a: amount, b: amount, lnBelow: bets, lnAbove: bets });
const liveBlocks = mapOf(
  mapOf(
    withFields({
      comparison,
      closed: blockMeans,
      blocks: listOf(tupleOf(number, number, number, number), MOST),
      newest: optional(withFields({ whole: amounts, forBelow: amounts, forAbove: amounts })),
    }),
  ),
);
const rewardValues = mapOf(withFields({ value: number, n: orNull(number) }));
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
  plannedRequests: orNull(number),
  versions: listOf(withFields({ version: text, sent: count, resolved: count, needed: orNull(number) })),
  late: count,
});
const contest = withFields({
  rules: withFields({ versions: listOf(text), preferred: oneOf('high', 'low'), marginPercent: atLeastZero }),
  totals: listOf(amount, MOST),
  duels: listOf(
    listOf(
      withFields({
        // Odds of shares, or means by block: both are followed by bets.
        equal: withFields({ lnBelow: bets, lnAbove: bets, a: optional(amount), b: optional(amount) }),
        rest: optional(blockMeans),
        less: optional(blockMeans),
        more: optional(blockMeans),
      }),
      MOST,
    ),
    MOST,
  ),
});
const build = withFields({
  object: text,
  template: optional(text),
  images: mapOf(text),
  hashes: listOf(text, MOST),
  digests: mapOf(listOf(text, MOST)),
});
const weights = listOf(withFields({ name: text, value: number }), MOST);

const weightFields = listOf(withFields({ version: text, value: orNull(textOrNumber) }), MOST);
const traffic = withFields({
  start: weightFields,
  fields: weightFields,
  moving: optional(listOf(weightFields, MOST)),
  weights,
  steps: optional(listOf(weights, MOST)),
  before: optional(weights),
  requests: optional(mapOf(number)),
  settled: optional(oneOf('promoted', 'restored', 'kept', 'left')),
  promoted: optional(text),
});

const record = withFields({
  by: optional(text),
  tasks: optional(mapOf(task)),
  actions: optional(mapOf(oneOf('launched', 'done'))),
  scopes: optional(listOf(scope)),
  pairs: optional(pairs),
  newest: optional(withFields({ task: text, scopes: listOf(scope) })),
  loadSeconds: orNull(atLeastZero),
  timeoutMs: orNull(atLeastZero),
  imported: optional(
    withFields({
      from: text,
      latency: optional(oneOf('closed-model', 'unknown-model')),
      hops: optional(boolean),
      requests: optional(oneOf('failures-missing', 'unfinished-missing')),
    }),
  ),
  strength: optional(mapOf(() => undefined)),
  load: optional(load),
  waiting: optional(
    withFields({
      kind: oneOf('gate', 'pause'),
      since: time,
      until: optional(time),
      task: optional(text),
      message: optional(text),
      by: optional(text),
    }),
  ),
  pausedMs: orNull(atLeastZero),
  measured: optional(mapOf(mapOf(measured))),
  liveBlocks: optional(liveBlocks),
  split: optional(withFields({ weights, changedAt: optional(time) })),
  traffic: optional(traffic),
  reward: optional(
    withFields({
      metric: text,
      readings: optional(withFields({ atMs: optional(number), seen: mapOf(amount), changedMs: optional(number) })),
      values: rewardValues,
      contest: optional(contest),
      problem: optional(text),
    }),
  ),
  rewardResult: optional(rewardResult),
  builds: optional(mapOf(build)),
  changed: optional(withFields({ version: text, at: time, what: text })),
  restarts: optional(count),
  spec: optional(text),
  assessments: optional(listOf(assessment)),
  recommendation: optional(recommendation),
  warnings: optional(listOf(text)),
  events: optional(listOf(withFields({ time: text, priority: oneOf(1, 2, 3), text }))),
});

/** Where a value is no record of ours, and why; undefined where it is one. */
export function recordProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return problemText(record(value));
  const known = looked.get(value);
  if (known !== undefined) return known.problem;
  const problem = problemText(record(value));
  looked.set(value, { problem });
  return problem;
}

/** Records are never changed, only replaced, and each is read many times: it is looked at once. */
const looked = new WeakMap<object, { readonly problem: string | undefined }>();

/** What was counted of one version or endpoint. */
export const scopeProblem = (value: unknown): string | undefined => problemText(scope(value));
/** Pairs of requests, by candidate. */
export const pairsProblem = (value: unknown): string | undefined => problemText(pairs(value));
/** Values of custom metrics, by metric and version. */
export const measuredProblem = (value: unknown): string | undefined => problemText(mapOf(mapOf(measured))(value));
export const weightsProblem = (value: unknown): string | undefined => problemText(weights(value));

export const isRecordShape = (value: unknown): boolean => recordProblem(value) === undefined;
