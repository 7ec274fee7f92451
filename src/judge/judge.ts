/**
 * The judge: adds up what was counted, and says at any moment what is known about every objective.
 *
 * Verdicts are anytime-valid, so looking often costs nothing. Nothing is sticky: each look stands for itself.
 * The rule: statistics.md section 0. Views: a verdict uses the view in which our own lateness cannot help it: for upper
 * limits `satisfied` looks at response time and `violated` at service time, for lower limits the other way round.
 */
import { MeanWealth } from '../evidence/one-sample/mean.ts';
import { addPairTally, type PairTally } from '../evidence/paired/request-pairs.ts';
import { isSaturated } from '../evidence/load-self-check.ts';
import {
  addLimitCount,
  addTally,
  EMPTY_TALLY,
  limitKey,
  type LimitCount,
  type LimitKey,
  type Tally,
} from '../evidence/request-tally.ts';
import { assessCount, assessZeroRate, errorCount } from './limits/exact-count.ts';
import { assessCustom, type MeasuredMetric } from './limits/custom-metric.ts';
import { assessMean, rowsOf } from './limits/mean.ts';
import { assessRelative } from './relative/compare-to-baseline.ts';
import { assessShare } from './limits/share.ts';
import type { LimitAssessment } from './assessment.ts';
import { row, type Facts, type LookOptions, type Measured } from './limits/decide.ts';
import type { RelativeObjective } from './relative/relative-objective.ts';
import { isTrivial, type JudgedLimit, type JudgedVersion, type JudgeSettings } from './question.ts';

export type { LookOptions } from './limits/decide.ts';

const NOTHING: LimitCount = { response: { n: 0, bad: 0 }, service: { n: 0, bad: 0 } };

/** Name of a scope inside the judge. */
const scopeKey = (version: string, endpoint: string | undefined): string => JSON.stringify([version, endpoint ?? null]);

export class Judge {
  readonly #limits: readonly JudgedLimit[];
  readonly #versions: readonly JudgedVersion[];
  readonly #settings: JudgeSettings;
  readonly #measured = new Map<string, Measured>();
  readonly #custom = new Map<string, MeasuredMetric>();
  readonly #relative: readonly RelativeObjective[];
  readonly #pairs = new Map<string, PairTally>();

  constructor(
    limits: readonly JudgedLimit[],
    versions: readonly JudgedVersion[],
    settings: JudgeSettings,
    relative: readonly RelativeObjective[] = [],
  ) {
    this.#limits = limits;
    this.#versions = versions;
    this.#settings = settings;
    this.#relative = relative;
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

  /** What was last measured of a custom metric, by the name that the spec wrote. */
  setMeasured(version: string, metric: string, measured: MeasuredMetric): void {
    this.#custom.set(scopeKey(version, metric), measured);
  }

  /** Adds requests of a candidate that were paired with some of the baseline. */
  addPairTally(version: string, tally: PairTally): void {
    const present = this.#pairs.get(version);
    this.#pairs.set(version, present === undefined ? tally : addPairTally(present, tally));
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
    const strict = this.#settings.noData === 'violated' && options.planDone;
    const baseline = this.#versions.find(({ role }) => role === 'baseline');
    return this.#versions.flatMap((version) => {
      const look = { ...options, saturated };
      const found = this.#limits.map((limit) => this.#assess(version, limit, look));
      if (baseline !== undefined && version.role === 'candidate')
        found.push(...this.#relative.map((objective) => this.#compare(version, baseline, { objective, look })));
      return found.map((one) =>
        strict && one.reason === 'no-traffic' ? { ...one, verdict: 'violated' as const } : one,
      );
    });
  }

  #compare(
    version: JudgedVersion,
    baseline: JudgedVersion,
    {
      objective,
      look,
    }: { readonly objective: RelativeObjective; readonly look: LookOptions & { readonly saturated: boolean } },
  ): LimitAssessment {
    const { endpoint, metric } = objective;
    const silent = [version, baseline].some(({ name }) => look.unanswered?.has(name) === true);
    const tally = ({ name }: JudgedVersion) => (silent ? EMPTY_TALLY : this.tallyOf(name, endpoint));
    return assessRelative({
      version,
      objective,
      baseline: baseline.name,
      tallies: { baseline: tally(baseline), candidate: tally(version) },
      ...(silent ? {} : { pairs: this.#pairs.get(version.name) }),
      measured: {
        baseline: this.#custom.get(scopeKey(baseline.name, metric)),
        candidate: this.#custom.get(scopeKey(version.name, metric)),
      },
      look,
      settings: this.#settings,
      ...this.#thresholds(version),
    });
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

  #assess(
    version: JudgedVersion,
    limit: JudgedLimit,
    look: LookOptions & { readonly saturated: boolean },
  ): LimitAssessment {
    if (limit.quantity.kind !== 'custom' && look.unanswered?.has(version.name) === true) {
      return row({ version, limit }, { n: 0, method: 'evidence', verdict: 'undecided', reason: 'no-traffic' });
    }
    const measured = this.#scope(version.name, limit.endpoint);
    const thresholds = this.#thresholds(version);
    const facts: Facts = { version, limit, measured, look, settings: this.#settings, ...thresholds };
    const { quantity } = limit;
    switch (quantity.kind) {
      case 'custom':
        return assessCustom(facts, this.#custom.get(scopeKey(version.name, limit.metric)));
      case 'request-count':
      case 'error-count':
        return assessCount(facts);
      case 'error-rate':
        if (limit.limit === 0 && limit.side === 'upper') return assessZeroRate(facts);
        return assessShare(
          facts,
          { response: errorCount(measured.tally.response), service: errorCount(measured.tally.service) },
          limit.limit,
        );
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
    const relative = version.role === 'candidate' ? this.#relative.length : 0;
    const judged = this.#limits.filter((limit) => !isTrivial(limit)).length + relative;
    const candidates = this.#versions.filter((one) => one.role === 'candidate').length;
    const factor = version.role === 'candidate' && candidates > 1 ? this.#versions.length - 1 : 1;
    return { lnSatisfiedNeeded: Math.log(factor / alpha), lnViolatedNeeded: Math.log(Math.max(1, judged) / alpha) };
  }
}

function alphaOf(settings: JudgeSettings): number | undefined {
  return settings.confidence === 'none' ? undefined : 1 - settings.confidence;
}

function addAhead(measured: Measured, key: LimitKey, count: LimitCount): void {
  const present = measured.ahead.get(key);
  measured.ahead.set(key, present === undefined ? count : addLimitCount(present, count));
}
