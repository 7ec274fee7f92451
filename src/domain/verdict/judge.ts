/**
 * The judge: adds up what was counted, and says at any moment what is known about every objective.
 *
 * Verdicts are anytime-valid, so looking often costs nothing. Nothing is sticky: each look stands for itself.
 * The rule: statistics.md section 0. Views: a verdict uses the view in which our own lateness cannot help it: for upper
 * limits `satisfied` looks at response time and `violated` at service time, for lower limits the other way round.
 */
import { lnSatisfied, lnViolated, lowerBound, upperBound } from '../stats/counts.ts';
import { binEdgesMs } from '../stats/histogram.ts';
import { MeanWealth, meanLowerBound, meanUpperBound, type MeanRow } from '../stats/mean.ts';
import { requestsStillNeeded } from '../stats/planning.ts';
import { percentile, quantileBounds } from '../stats/quantile.ts';
import { isSaturated } from '../stats/saturation.ts';
import {
  addLimitCount,
  addTally,
  EMPTY_TALLY,
  limitKey,
  type Count,
  type LimitCount,
  type LimitKey,
  type SparseHistogram,
  type Tally,
  type TallyView,
} from '../stats/tally.ts';
import type { LimitAssessment, UndecidedReason, Verdict } from './assessment.ts';
import type { JudgedLimit, JudgedVersion, JudgeSettings } from './objective.ts';

/** Violated never before so many requests: the first failing request of a cold start condemns nobody. */
export const FEWEST_FOR_VIOLATED = 50;

/** Counted requests of one scope: all that is closed, and for each limit what is closed for that limit alone. */
interface Measured {
  tally: Tally;
  /** At least as many requests as `tally.limits`, closed earlier. */
  readonly ahead: Map<LimitKey, LimitCount>;
  readonly means: Map<JudgedLimit, { readonly response: MeanWealth; readonly service: MeanWealth }>;
}

/** When a look is taken. */
export interface LookOptions {
  /** Seconds of load so far. */
  readonly elapsedSeconds: number;
  /** The planned load has been sent and resolved: exact and point comparisons may be made. */
  readonly planDone: boolean;
  /** Bounds and what is needed cost about a millisecond a row: off for looks that only ask whether to go on. */
  readonly bounds: boolean;
  /** Latency was measured in a closed loop. */
  readonly closedLoop?: boolean | undefined;
  /** Versions that have not given a single HTTP answer yet: not judged, whatever was counted. */
  readonly unanswered?: ReadonlySet<string> | undefined;
}

/** Name of a scope inside the judge. */
const scopeKey = (version: string, endpoint: string | undefined): string => JSON.stringify([version, endpoint ?? null]);

export class Judge {
  readonly #limits: readonly JudgedLimit[];
  readonly #versions: readonly JudgedVersion[];
  readonly #settings: JudgeSettings;
  readonly #measured = new Map<string, Measured>();

  constructor(limits: readonly JudgedLimit[], versions: readonly JudgedVersion[], settings: JudgeSettings) {
    this.#limits = limits;
    this.#versions = versions;
    this.#settings = settings;
  }

  /** Adds requests that are closed for everything, and that `addClosedLimit` has not told of before. */
  add(scope: { readonly version: string; readonly endpoint?: string | undefined }, tally: Tally): void {
    this.addSlice(scope, tally);
    const measured = this.#scope(scope.version, scope.endpoint);
    for (const [key, count] of Object.entries(tally.limits)) addAhead(measured, key, count);
  }

  /** Adds a closed slice of a running load, whose counters at the limits came before, by `addClosedLimit`. */
  addSlice(scope: { readonly version: string; readonly endpoint?: string | undefined }, tally: Tally): void {
    const measured = this.#scope(scope.version, scope.endpoint);
    measured.tally = addTally(measured.tally, tally);
    for (const wealth of measured.means.values()) {
      wealth.response.add(rowsOf(tally.response.histogram));
      wealth.service.add(rowsOf(tally.service.histogram));
    }
  }

  /** Adds the counters of one limit for a slice that is closed for that limit. */
  addClosedLimit(
    scope: { readonly version: string; readonly endpoint?: string | undefined },
    key: LimitKey,
    count: LimitCount,
  ): void {
    addAhead(this.#scope(scope.version, scope.endpoint), key, count);
  }

  /** What was counted of a version, or one of its endpoints. */
  tallyOf(version: string, endpoint?: string): Tally {
    return this.#measured.get(scopeKey(version, endpoint))?.tally ?? EMPTY_TALLY;
  }

  /** Whether our own load generator was too slow to condemn anybody (statistics.md 0.8). */
  get saturated(): boolean {
    const late = { n: 0, bad: 0 };
    for (const version of this.#versions) {
      const count = this.tallyOf(version.name).late;
      late.n += count.n;
      late.bad += count.bad;
    }
    const alpha = alphaOf(this.#settings);
    return isSaturated(late, alpha ?? 0.05);
  }

  /** One row for each side of each objective and version, in the order of versions, objectives, upper before lower. */
  look(options: LookOptions): LimitAssessment[] {
    const saturated = this.saturated;
    return this.#versions.flatMap((version) =>
      this.#limits.map((limit) => this.#assess(version, limit, { ...options, saturated })),
    );
  }

  #scope(version: string, endpoint: string | undefined): Measured {
    const key = scopeKey(version, endpoint);
    const present = this.#measured.get(key);
    if (present !== undefined) return present;
    const means = new Map<JudgedLimit, { response: MeanWealth; service: MeanWealth }>();
    for (const limit of this.#limits) {
      const capMs = this.#settings.capMs(limit);
      if (limit.quantity.kind !== 'mean-latency' || limit.endpoint !== endpoint || capMs === undefined) continue;
      if (limit.limit <= 0 || limit.limit >= capMs) continue;
      means.set(limit, {
        response: new MeanWealth({ limitMs: limit.limit, capMs }),
        service: new MeanWealth({ limitMs: limit.limit, capMs }),
      });
    }
    const measured: Measured = { tally: EMPTY_TALLY, ahead: new Map(), means };
    this.#measured.set(key, measured);
    return measured;
  }

  #assess(version: JudgedVersion, limit: JudgedLimit, look: LookOptions & { readonly saturated: boolean }): LimitAssessment {
    if (look.unanswered?.has(version.name) === true) {
      return row({ version, limit }, { n: 0, method: 'evidence', verdict: 'undecided', reason: 'no-traffic' });
    }
    const measured = this.#scope(version.name, limit.endpoint);
    const thresholds = this.#thresholds(version);
    const facts: Facts = { version, limit, measured, look, settings: this.#settings, ...thresholds };
    const { quantity } = limit;
    switch (quantity.kind) {
      case 'custom':
        return row(facts, { n: 0, method: 'evidence', verdict: 'undecided', reason: 'metric-unavailable' });
      case 'request-count':
      case 'error-count':
        return assessCount(facts);
      case 'error-rate':
        if (limit.limit === 0 && limit.side === 'upper') return assessZeroRate(facts);
        return assessShare(facts, { response: errorCount(measured.tally.response), service: errorCount(measured.tally.service) }, limit.limit);
      case 'percentile': {
        const key = limitKey({ limitMs: limit.limit, side: limit.side });
        const count = measured.ahead.get(key) ?? NOTHING;
        return assessShare(facts, count, (100 - quantity.percent) / 100);
      }
      case 'mean-latency':
        return assessMean(facts);
    }
  }

  /** ln of what the evidence must reach (statistics.md 0.3): m limits share alpha for `violated`, K versions for `satisfied`. */
  #thresholds(version: JudgedVersion): { readonly lnSatisfiedNeeded: number; readonly lnViolatedNeeded: number } {
    const alpha = alphaOf(this.#settings) ?? 0.05;
    const judged = this.#limits.filter((limit) => !isTrivial(limit)).length;
    const candidates = this.#versions.filter((one) => one.role === 'candidate').length;
    const factor = version.role === 'candidate' && candidates > 1 ? this.#versions.length - 1 : 1;
    return { lnSatisfiedNeeded: Math.log(factor / alpha), lnViolatedNeeded: Math.log(Math.max(1, judged) / alpha) };
  }
}

// ------------------------------------------------------------------------------------------------- one assessment

interface Facts {
  readonly version: JudgedVersion;
  readonly limit: JudgedLimit;
  readonly measured: Measured;
  readonly look: LookOptions & { readonly saturated: boolean };
  readonly settings: JudgeSettings;
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
}

const NOTHING: LimitCount = { response: { n: 0, bad: 0 }, service: { n: 0, bad: 0 } };

/** Two roads that say the same float may differ in the last digits; a threshold that is met to 1e-12 is met. */
const reaches = (evidence: number, needed: number): boolean => evidence >= needed - 1e-12;

function alphaOf(settings: JudgeSettings): number | undefined {
  return settings.confidence === 'none' ? undefined : 1 - settings.confidence;
}

/** A lower limit of 0 holds by itself, and takes no share of alpha. */
function isTrivial(limit: JudgedLimit): boolean {
  return limit.side === 'lower' && limit.limit <= 0;
}

function addAhead(measured: Measured, key: LimitKey, count: LimitCount): void {
  const present = measured.ahead.get(key);
  measured.ahead.set(key, present === undefined ? count : addLimitCount(present, count));
}

function rowsOf(histogram: SparseHistogram): MeanRow[] {
  return histogram.map(([index, count]) => ({ ...binEdgesMs(index), count }));
}

function errorCount(view: TallyView): Count {
  return { n: view.n, bad: view.errors };
}

type Found = Partial<LimitAssessment> & Pick<LimitAssessment, 'n' | 'method' | 'verdict'>;

function row(facts: Pick<Facts, 'version' | 'limit'>, found: Found): LimitAssessment {
  const { version, limit } = facts;
  return {
    version: version.name,
    objective: limit.objective,
    metric: limit.metric,
    side: limit.side,
    limit: limit.limit,
    unit: limit.unit,
    ...found,
  };
}

/** The view whose errors our own lateness can only add to, and the other; swapped for lower limits. */
function views<T>(limit: JudgedLimit, pair: { readonly response: T; readonly service: T }): { readonly forSatisfied: T; readonly forViolated: T } {
  return limit.side === 'upper'
    ? { forSatisfied: pair.response, forViolated: pair.service }
    : { forSatisfied: pair.service, forViolated: pair.response };
}

/** Why nothing may be said yet, whatever the evidence; undefined when it may. */
function tooSoon(facts: Facts, n: number): UndecidedReason | undefined {
  if (n === 0) return 'no-traffic';
  if (n < facts.settings.minRequests) return 'too-few-requests';
  if (facts.look.elapsedSeconds < facts.settings.minSeconds) return 'too-early';
  return undefined;
}

const isLatency = (limit: JudgedLimit): boolean => limit.unit === 'ms';

/** Turns evidence into a verdict, with all that forbids one. */
function decide(
  facts: Facts,
  evidence: { readonly lnSatisfied: number; readonly lnViolated: number; readonly nSatisfied: number; readonly nViolated: number },
): { readonly verdict: Verdict; readonly reason?: UndecidedReason } {
  const soon = tooSoon(facts, evidence.nSatisfied);
  if (soon !== undefined) return { verdict: 'undecided', reason: soon };
  if (reaches(evidence.lnSatisfied, facts.lnSatisfiedNeeded)) {
    if (isLatency(facts.limit) && facts.look.closedLoop === true) return { verdict: 'undecided', reason: 'closed-loop' };
    return { verdict: 'satisfied' };
  }
  if (reaches(evidence.lnViolated, facts.lnViolatedNeeded)) {
    if (evidence.nViolated < FEWEST_FOR_VIOLATED) return { verdict: 'undecided', reason: 'too-few-requests' };
    if (isLatency(facts.limit) && facts.look.saturated) return { verdict: 'undecided', reason: 'load-too-slow' };
    return { verdict: 'violated' };
  }
  if (isLatency(facts.limit) && facts.look.saturated) return { verdict: 'undecided', reason: 'load-too-slow' };
  return { verdict: 'undecided', reason: 'not-enough-evidence' };
}

/** Point values compared, as Iter8 0.7 did (`confidence: none`). */
function decideByPoint(facts: Facts, n: number, satisfiedValue: number, violatedValue: number): { verdict: Verdict; reason?: UndecidedReason } {
  const soon = tooSoon(facts, n);
  if (soon !== undefined) return { verdict: 'undecided', reason: soon };
  if (!facts.look.planDone) return { verdict: 'undecided', reason: 'plan-not-done' };
  const holds = (value: number) => (facts.limit.side === 'upper' ? value <= facts.limit.limit : value >= facts.limit.limit);
  if (holds(satisfiedValue)) {
    if (isLatency(facts.limit) && facts.look.closedLoop === true) return { verdict: 'undecided', reason: 'closed-loop' };
    return { verdict: 'satisfied' };
  }
  if (holds(violatedValue) || (isLatency(facts.limit) && facts.look.saturated)) return { verdict: 'undecided', reason: 'load-too-slow' };
  return { verdict: 'violated' };
}

/** The other view's value, when the two differ by more than 10 %. */
function otherEstimate(estimate: number, other: number): { serviceEstimate?: number } {
  return Math.abs(estimate - other) > 0.1 * Math.max(estimate, other) ? { serviceEstimate: other } : {};
}

/** Error rates, and percentiles as shares of requests beyond the limit (statistics.md 0.2, 1.1, 1.2). */
function assessShare(facts: Facts, counts: { readonly response: Count; readonly service: Count }, p0: number): LimitAssessment {
  const { limit, settings, measured, look } = facts;
  const { forSatisfied, forViolated } = views(limit, counts);
  const base = { n: forSatisfied.n, count: forSatisfied };
  const shown = shareEstimates(facts, counts);
  if (isTrivial(limit)) return row(facts, { ...base, ...shown, method: 'exact', verdict: 'satisfied' });
  if (settings.confidence === 'none') {
    const point = limit.quantity.kind === 'percentile' ? percentilePoints(facts) : { forSatisfied: share(forSatisfied), forViolated: share(forViolated) };
    return row(facts, { ...base, ...shown, method: 'point', ...decideByPoint(facts, forSatisfied.n, point.forSatisfied, point.forViolated) });
  }
  const upper = limit.side === 'upper';
  const evidence = {
    lnSatisfied: upper ? lnSatisfied(forSatisfied, p0) : lnViolated(forSatisfied, p0),
    lnViolated: upper ? lnViolated(forViolated, p0) : lnSatisfied(forViolated, p0),
    nSatisfied: forSatisfied.n,
    nViolated: forViolated.n,
  };
  const decision = decide(facts, evidence);
  const { lnSatisfiedNeeded, lnViolatedNeeded } = facts;
  const found: Found = {
    ...base,
    ...shown,
    method: 'evidence',
    ...decision,
    lnSatisfied: evidence.lnSatisfied,
    lnViolated: evidence.lnViolated,
    lnSatisfiedNeeded,
    lnViolatedNeeded,
  };
  if (!look.bounds || forSatisfied.n === 0) return row(facts, found);
  const upperView = upper ? forSatisfied : forViolated;
  const lowerView = upper ? forViolated : forSatisfied;
  const upperNeeded = upper ? lnSatisfiedNeeded : lnViolatedNeeded;
  const lowerNeeded = upper ? lnViolatedNeeded : lnSatisfiedNeeded;
  const bounds =
    limit.quantity.kind === 'percentile'
      ? percentileBounds(limit.quantity.percent, measured.tally, { upper, upperNeeded, lowerNeeded }, settings.capMs(limit))
      : { upper: upperBound(upperView, upperNeeded), lower: lowerBound(lowerView, lowerNeeded) };
  const needed =
    decision.reason === 'not-enough-evidence' || decision.reason === 'too-few-requests'
      ? requestsStillNeeded({
          count: forSatisfied,
          p0,
          lnSatisfiedNeeded: upper ? lnSatisfiedNeeded : lnViolatedNeeded,
          lnViolatedNeeded: upper ? lnViolatedNeeded : lnSatisfiedNeeded,
        })
      : undefined;
  return row(facts, {
    ...found,
    ...agree(facts, decision.verdict, bounds),
    ...(needed === undefined ? {} : { requestsNeeded: needed }),
  });
}

const share = (count: Count): number => (count.n === 0 ? Number.NaN : count.bad / count.n);

function shareEstimates(facts: Facts, counts: { readonly response: Count; readonly service: Count }): Partial<LimitAssessment> {
  const { limit, measured } = facts;
  if (limit.quantity.kind === 'percentile') {
    const { response, service } = measured.tally;
    if (response.n === 0) return {};
    const estimate = percentile(response.histogram, limit.quantity.percent);
    return { estimate, ...(service.n === 0 ? {} : otherEstimate(estimate, percentile(service.histogram, limit.quantity.percent))) };
  }
  if (counts.response.n === 0) return {};
  const estimate = share(counts.response);
  return { estimate, ...(counts.service.n === 0 ? {} : otherEstimate(estimate, share(counts.service))) };
}

function percentilePoints(facts: Facts): { forSatisfied: number; forViolated: number } {
  const { limit, measured } = facts;
  const percent = limit.quantity.kind === 'percentile' ? limit.quantity.percent : 50;
  const value = (view: TallyView) => (view.n === 0 ? Number.NaN : percentile(view.histogram, percent));
  return views(limit, { response: value(measured.tally.response), service: value(measured.tally.service) });
}

function percentileBounds(
  percent: number,
  tally: Tally,
  need: { readonly upper: boolean; readonly upperNeeded: number; readonly lowerNeeded: number },
  capMs: number | undefined,
): { upper?: number | undefined; lower?: number | undefined } {
  // The upper bound comes from response time and the lower one from service time, whichever of them decides.
  return {
    upper: quantileBounds(tally.response.histogram, { percent, lnThreshold: need.upperNeeded, capMs }).upper,
    lower: quantileBounds(tally.service.histogram, { percent, lnThreshold: need.lowerNeeded, capMs }).lower,
  };
}

/** Bounds that come from bins must not contradict the verdict, which comes from exact counters. */
function agree(
  facts: Facts,
  verdict: Verdict,
  bounds: { readonly upper?: number | undefined; readonly lower?: number | undefined },
): { upper?: number; lower?: number } {
  const { side, limit } = facts.limit;
  let { upper, lower } = bounds;
  const below = (side === 'upper') === (verdict === 'satisfied');
  if (verdict !== 'undecided') {
    if (below) upper = Math.min(upper ?? limit, limit);
    else lower = Math.max(lower ?? limit, limit);
  }
  return {
    ...(upper === undefined || Number.isNaN(upper) ? {} : { upper }),
    ...(lower === undefined || Number.isNaN(lower) ? {} : { lower }),
  };
}

/** The mean of min(latency, T), by betting on the histogram (statistics.md 0.1, 1.3). */
function assessMean(facts: Facts): LimitAssessment {
  const { limit, settings, measured, look, lnSatisfiedNeeded, lnViolatedNeeded } = facts;
  const { response, service } = measured.tally;
  const upper = limit.side === 'upper';
  const n = upper ? response.n : service.n;
  const mean = (view: TallyView) => (view.n === 0 ? Number.NaN : view.sumMs / view.n);
  const estimates = response.n === 0 ? {} : { estimate: mean(response), ...(service.n === 0 ? {} : otherEstimate(mean(response), mean(service))) };
  if (isTrivial(limit)) return row(facts, { n, ...estimates, method: 'exact', verdict: 'satisfied' });
  if (settings.confidence === 'none') {
    const values = views(limit, { response: mean(response), service: mean(service) });
    return row(facts, { n, ...estimates, method: 'point', ...decideByPoint(facts, n, values.forSatisfied, values.forViolated) });
  }
  const capMs = settings.capMs(limit);
  const wealth = measured.means.get(limit);
  if (wealth === undefined || capMs === undefined) return assessMeanWithoutCap(facts, estimates);
  const evidence = {
    // The response histogram bets against upper edges, the service histogram against lower ones: both conservative.
    lnSatisfied: upper ? wealth.response.lnBelow() : wealth.service.lnAbove(),
    lnViolated: upper ? wealth.service.lnAbove() : wealth.response.lnBelow(),
    nSatisfied: n,
    nViolated: upper ? service.n : response.n,
  };
  const decision = decide(facts, evidence);
  const found: Found = { n, ...estimates, method: 'evidence', ...decision, lnSatisfied: evidence.lnSatisfied, lnViolated: evidence.lnViolated, lnSatisfiedNeeded, lnViolatedNeeded };
  if (!look.bounds || n === 0) return row(facts, found);
  const bounds = {
    upper: meanUpperBound(rowsOf(response.histogram), { capMs, lnThreshold: upper ? lnSatisfiedNeeded : lnViolatedNeeded }),
    lower: meanLowerBound(rowsOf(service.histogram), { capMs, lnThreshold: upper ? lnViolatedNeeded : lnSatisfiedNeeded }),
  };
  const needed = decision.reason === 'not-enough-evidence' ? meanStillNeeded(evidence, facts) : undefined;
  return row(facts, { ...found, ...agree(facts, decision.verdict, bounds), ...(needed === undefined ? {} : { requestsNeeded: needed }) });
}

/**
 * The log wealth of a constant bettor grows in proportion to the requests, so what is missing is read off its rate so far.
 * An estimate for people; no verdict depends on it.
 */
function meanStillNeeded(
  evidence: { readonly lnSatisfied: number; readonly lnViolated: number; readonly nSatisfied: number },
  facts: Facts,
): number | undefined {
  const entry = Math.log(128); // what the mixture of 128 nodes pays before it gains
  const roads = [
    { have: evidence.lnSatisfied, need: facts.lnSatisfiedNeeded },
    { have: evidence.lnViolated, need: facts.lnViolatedNeeded },
  ].filter((road) => road.have > 0);
  const best = roads.toSorted((a, b) => b.have / b.need - a.have / a.need)[0];
  if (best === undefined || evidence.nSatisfied === 0) return undefined;
  const perRequest = (best.have + entry) / evidence.nSatisfied;
  return Math.max(1, Math.ceil((best.need - best.have) / perRequest));
}

/** A histogram whose largest possible latency is unknown: it can show that a mean is large, never that it is small. */
function assessMeanWithoutCap(facts: Facts, estimates: Partial<LimitAssessment>): LimitAssessment {
  const { limit, measured, lnViolatedNeeded, look } = facts;
  const { service } = measured.tally;
  const n = service.n;
  const soon = tooSoon(facts, n);
  if (soon !== undefined) return row(facts, { n, ...estimates, method: 'evidence', verdict: 'undecided', reason: soon });
  const lower = meanLowerBound(rowsOf(service.histogram), { capMs: undefined, lnThreshold: lnViolatedNeeded });
  const above = lower !== undefined && lower >= limit.limit;
  if (limit.side === 'lower') {
    return row(facts, { n, ...estimates, method: 'evidence', ...(above ? { verdict: 'satisfied' } : { verdict: 'undecided', reason: 'no-timeout' }), ...(lower === undefined ? {} : { lower }) });
  }
  const violated = above && n >= FEWEST_FOR_VIOLATED && !look.saturated;
  return row(facts, {
    n,
    ...estimates,
    method: 'evidence',
    ...(violated ? { verdict: 'violated' } : { verdict: 'undecided', reason: 'no-timeout' }),
    ...(lower === undefined ? {} : { lower }),
  });
}

/** Limits on counts are compared exactly (statistics.md 0.3). */
function assessCount(facts: Facts): LimitAssessment {
  const { limit, measured, look } = facts;
  const value = (view: TallyView) => (limit.quantity.kind === 'request-count' ? view.n : view.errors);
  const { forSatisfied, forViolated } = views(limit, { response: value(measured.tally.response), service: value(measured.tally.service) });
  const base = { n: measured.tally.response.n, estimate: value(measured.tally.response), method: 'exact' as const };
  if (limit.side === 'lower') {
    if (forSatisfied >= limit.limit) return row(facts, { ...base, verdict: 'satisfied' });
    return row(facts, { ...base, ...(look.planDone ? { verdict: 'violated' } : { verdict: 'undecided', reason: 'plan-not-done' }) });
  }
  if (forViolated > limit.limit) return row(facts, { ...base, verdict: 'violated' });
  if (base.n === 0) return row(facts, { ...base, verdict: 'undecided', reason: 'no-traffic' });
  if (!look.planDone) return row(facts, { ...base, verdict: 'undecided', reason: 'plan-not-done' });
  if (forSatisfied <= limit.limit) return row(facts, { ...base, verdict: 'satisfied' });
  return row(facts, { ...base, verdict: 'undecided', reason: 'load-too-slow' });
}

/** A rate limit of 0: violated at the first error, satisfied when the plan is done; shown with the bound. */
function assessZeroRate(facts: Facts): LimitAssessment {
  const { measured, look, lnSatisfiedNeeded } = facts;
  const response = errorCount(measured.tally.response);
  const service = errorCount(measured.tally.service);
  const base = {
    n: response.n,
    count: response,
    method: 'exact' as const,
    ...(response.n === 0 ? {} : { estimate: share(response) }),
    ...(look.bounds && response.n > 0 ? { upper: upperBound(response, lnSatisfiedNeeded) } : {}),
  };
  if (service.bad > 0) return row(facts, { ...base, verdict: 'violated' });
  if (response.n === 0) return row(facts, { ...base, verdict: 'undecided', reason: 'no-traffic' });
  if (!look.planDone) return row(facts, { ...base, verdict: 'undecided', reason: 'plan-not-done' });
  if (response.bad > 0) return row(facts, { ...base, verdict: 'undecided', reason: 'load-too-slow' });
  return row(facts, { ...base, verdict: 'satisfied' });
}
