/**
 * The judge: adds up what was counted, and says at any moment what is known about every limit of the question.
 *
 * Verdicts are anytime-valid, so looking often costs nothing. Nothing is sticky: each look stands for itself.
 * The rule: docs/method.md 0. Views: a verdict uses the view in which our own lateness cannot help it: for upper
 * limits `satisfied` looks at response time and `violated` at service time, for lower limits the other way round.
 */
import { rowsOf } from '../evidence/latency-histogram.ts';
import { isSaturated, SATURATED_ALPHA } from '../evidence/load-self-check.ts';
import { ClaimWealth } from '../evidence/one-sample/mean-bounds.ts';
import { addPairTally, type PairTally } from '../evidence/paired/request-pairs.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../evidence/request-tally.ts';
import type { LimitAssessment, UndecidedReason } from './assessment.ts';
import type { Counted } from './counted-scope.ts';
import { decide } from './decide.ts';
import type { Asked, Finding, Look } from './finding.ts';
import { countFinding } from './limits/count.ts';
import { customFinding, type MeasuredMetric } from './limits/custom-metric.ts';
import { meanFinding } from './limits/mean.ts';
import { percentileFinding } from './limits/percentile.ts';
import { errorRateFinding } from './limits/rate.ts';
import { isNoValueReason } from './no-value-reasons.ts';
import type { Limit } from './question/limits.ts';
import type { JudgedVersion, Question } from './question/question.ts';
import { blocksKey, type RelativeLimit } from './question/relative-limits.ts';
import type { LiveBlocks } from '../evidence/two-versions/live-blocks.ts';
import { pairsKey, type PairsScope } from './record/stored-record.ts';
import { relativeFinding } from './relative/compare-to-baseline.ts';

/** Name of a scope inside the judge. */
const scopeKey = (version: string, endpoint: string | undefined): string => JSON.stringify([version, endpoint ?? null]);

export class Judge {
  readonly #question: Question;
  readonly #counted = new Map<string, Counted>();
  readonly #custom = new Map<string, MeasuredMetric>();
  readonly #pairs = new Map<string, PairTally>();
  readonly #live = new Map<string, Readonly<Record<string, LiveBlocks>>>();

  constructor(question: Question) {
    this.#question = question;
  }

  /** Adds requests that are resolved, each once, as closed slices have them. */
  add(scope: { readonly version: string; readonly endpoint?: string | undefined }, tally: Tally): void {
    const counted = this.#scope(scope.version, scope.endpoint);
    counted.tally = addTally(counted.tally, tally);
    if (counted.means.size === 0) return;
    const [response, service] = [rowsOf(tally.response.histogram), rowsOf(tally.service.histogram)];
    for (const wealth of counted.means.values()) {
      wealth.below.add(response);
      wealth.above.add(service);
    }
  }

  /** What was last measured of a custom metric, by the name that the spec wrote. */
  setMeasured(version: string, metric: string, measured: MeasuredMetric): void {
    this.#custom.set(scopeKey(version, metric), measured);
  }

  /** Adds requests of two versions that were paired. */
  addPairTally(scope: PairsScope, tally: PairTally): void {
    const key = pairsKey(scope);
    const present = this.#pairs.get(key);
    this.#pairs.set(key, present === undefined ? tally : addPairTally(present, tally));
  }

  /** Requests of two versions that were paired, A the earlier in the question; of one endpoint, where the reward is about one. */
  pairsOf(a: string, b: string): PairTally | undefined {
    const { baseline, reward } = this.#question;
    const against = a === baseline?.name ? undefined : a;
    return this.#pairs.get(pairsKey({ version: b, endpoint: reward?.endpoint, against }));
  }

  /** Blocks of live counters of a candidate and of the baseline, by position of the relative limit. */
  setLiveBlocks(version: string, blocks: Readonly<Record<string, LiveBlocks>>): void {
    this.#live.set(version, blocks);
  }

  /** What was counted of a version, or one of its endpoints. */
  tallyOf(version: string, endpoint?: string): Tally {
    return this.#counted.get(scopeKey(version, endpoint))?.tally ?? EMPTY_TALLY;
  }

  /** Whether our own load generator was too slow to condemn anybody (docs/method.md 0.8). */
  get saturated(): boolean {
    const late = { n: 0, bad: 0 };
    for (const { name } of this.#question.versions) {
      const count = this.tallyOf(name).late;
      late.n += count.n;
      late.bad += count.bad;
    }
    return isSaturated(late, this.#question.alpha ?? SATURATED_ALPHA);
  }

  /** One row for each side of each objective and version, in the order of versions, objectives, upper before lower. */
  look(look: Look): LimitAssessment[] {
    const question = this.#question;
    const asking = { ...look, saturated: this.saturated };
    return question.versions.flatMap((version) => [
      ...question.limits.map((limit) => {
        const asked = { question, version, limit, look: asking };
        return this.#decided(asked, this.#find(asked));
      }),
      ...(version.role === 'candidate' && question.baseline !== undefined
        ? question.relative.map((relative) => this.#compared(version, question.baseline!, relative, asking))
        : []),
    ]);
  }

  /** What no data says, once no more can come, is a setting. */
  #decided(asked: Asked, finding: Finding): LimitAssessment {
    const found = decide(asked, finding);
    const { look, limit } = asked;
    const isOver =
      limit.quantity.kind === 'custom' ? look.measuringDone !== false : look.planDone && look.loadToCome !== true;
    return limit.noData === 'violated' && isOver && found.reason !== undefined && isNoData(found.reason)
      ? { ...found, verdict: 'violated' }
      : found;
  }

  #compared(
    version: JudgedVersion,
    baseline: JudgedVersion,
    relative: RelativeLimit,
    look: Asked['look'],
  ): LimitAssessment {
    const { endpoint, metric } = relative;
    const isSilent = [version, baseline].some(({ name }) => look.unanswered?.has(name) === true);
    const counted = ({ name }: JudgedVersion) => (isSilent ? 0 : this.tallyOf(name, endpoint).response.n);
    const limit: Limit = { ...relative, side: 'upper', limit: Number.NaN };
    const asked: Asked = { question: this.#question, version, limit, look };
    const finding = relativeFinding({
      asked,
      relative,
      baseline: baseline.name,
      counted: { baseline: counted(baseline), candidate: counted(version) },
      ...(isSilent ? {} : { pairs: this.#pairs.get(pairsKey({ version: version.name, endpoint })) }),
      live: this.#live.get(version.name)?.[blocksKey(relative)],
      measured: {
        baseline: this.#custom.get(scopeKey(baseline.name, metric)),
        candidate: this.#custom.get(scopeKey(version.name, metric)),
      },
    });
    return this.#decided(asked, finding);
  }

  #scope(version: string, endpoint: string | undefined): Counted {
    const key = scopeKey(version, endpoint);
    const present = this.#counted.get(key);
    if (present !== undefined) return present;
    const means: Counted['means'] = new Map();
    for (const limit of this.#question.limits) {
      const { cap: capMs } = limit;
      if (limit.quantity.kind !== 'mean-latency' || limit.endpoint !== endpoint || capMs === undefined) continue;
      if (limit.limit <= 0 || limit.limit >= capMs) continue;
      const of = { limitMs: limit.limit, capMs };
      means.set(limit, { below: new ClaimWealth('below', of), above: new ClaimWealth('above', of) });
    }
    const counted: Counted = { tally: EMPTY_TALLY, means };
    this.#counted.set(key, counted);
    return counted;
  }

  #find(asked: Asked): Finding {
    const { limit, version, look } = asked;
    const { quantity } = limit;
    if (quantity.kind === 'custom') return customFinding(asked, this.#custom.get(scopeKey(version.name, limit.metric)));
    if (look.unanswered?.has(version.name) === true) return { kind: 'open', shown: { n: 0 }, reason: 'no-traffic' };
    const counted = this.#scope(version.name, limit.endpoint);
    switch (quantity.kind) {
      case 'request-count':
      case 'error-count':
        return countFinding(asked, counted);
      case 'error-rate':
        return errorRateFinding(asked, counted);
      case 'percentile':
        return percentileFinding(asked, quantity.percent, counted);
      case 'mean-latency':
        return meanFinding(asked, counted);
    }
  }
}

/** There is nothing to judge. */
const isNoData = (reason: UndecidedReason): boolean =>
  reason === 'no-traffic' || reason === 'metric-unavailable' || reason === 'stale' || isNoValueReason(reason);
