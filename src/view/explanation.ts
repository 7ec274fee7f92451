/**
 * Why the answer of an experiment is what it is: each limit with its evidence, the limits at which the same requests would have come
 * to another verdict, and what it would still take. Plain data, the limit that matters most first. Pure.
 *
 * A bound is where the evidence reaches its threshold (docs/method.md 0.3), so it is the limit at which the verdict turns.
 */
import type { Experiment } from '../experiment/experiment.ts';
import type { LimitAssessment, Verdict } from '../judge/assessment.ts';
import { barredForLatencies, type BarredVerdicts } from '../judge/judgement.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { FEWEST_FOR_VIOLATED } from '../evidence/verdict-thresholds.ts';
import type { ExperimentView, MeasuredValue } from './experiment-view.ts';

/** Odds for a claim, and what they must reach: e-values. */
export interface Odds {
  readonly odds: number;
  readonly needed: number;
}

/** Limits for which the same requests would give a verdict, whatever the limit was; in the unit of the metric. */
export interface TurningPoints {
  /** Satisfied at this limit, and at every looser one. Absent: at none that is known. */
  readonly satisfiedFrom?: number | undefined;
  /** Violated at every limit that is stricter than this one. Absent: at none that is known. */
  readonly violatedBeyond?: number | undefined;
}

export interface ExplainedLimit {
  readonly assessment: LimitAssessment;
  /** Absent where values are compared as they are. */
  readonly within?: Odds | undefined;
  readonly beyond?: Odds | undefined;
  /** Absent where nothing turns at a limit alone: a relative one, or one that waits for something else. */
  readonly turns?: TurningPoints | undefined;
  /** Of a metric that a backend measured. */
  readonly measured?: MeasuredValue | undefined;
}

export interface Explanation {
  readonly view: ExperimentView;
  readonly limits: readonly ExplainedLimit[];
}

const NOTHING_BARRED: BarredVerdicts = { satisfied: false, violated: false };

export function explanationOf(experiment: Experiment, view: ExperimentView): Explanation {
  const { record } = knownJudgement(experiment);
  const ofLatencies = record === undefined ? NOTHING_BARRED : barredForLatencies(experiment, record);
  const limits = view.objectives.toSorted(byWeight).map((assessment): ExplainedLimit => {
    const measured = view.measured.find(
      ({ metric, version }) => metric === assessment.metric && version === assessment.version,
    );
    const turns = turningPoints(assessment, assessment.unit === 'ms' ? ofLatencies : NOTHING_BARRED);
    return {
      assessment,
      ...oddsOf(assessment),
      ...(turns === undefined ? {} : { turns }),
      ...(measured === undefined ? {} : { measured }),
    };
  });
  return { view, limits };
}

function oddsOf(one: LimitAssessment): Pick<ExplainedLimit, 'within' | 'beyond'> {
  const { lnSatisfied, lnViolated, lnSatisfiedNeeded, lnViolatedNeeded } = one;
  const odds = (ln: number | undefined, needed: number | undefined): Odds | undefined =>
    ln === undefined || needed === undefined ? undefined : { odds: Math.exp(ln), needed: Math.exp(needed) };
  const within = odds(lnSatisfied, lnSatisfiedNeeded);
  const beyond = odds(lnViolated, lnViolatedNeeded);
  return { ...(within === undefined ? {} : { within }), ...(beyond === undefined ? {} : { beyond }) };
}

function turningPoints(one: LimitAssessment, barred: BarredVerdicts): TurningPoints | undefined {
  const { side, verdict, reason, method, lower, upper, n } = one;
  if (one.relative !== undefined || method !== 'evidence') return undefined;
  // What is open for another reason would be open at any limit.
  if (verdict === 'undecided' ? reason !== 'not-enough-evidence' : reason !== undefined) return undefined;
  const [within, beyond] = side === 'upper' ? [upper, lower] : [lower, upper];
  const satisfiedFrom = barred.satisfied ? undefined : within;
  const violatedBeyond = barred.violated || n < FEWEST_FOR_VIOLATED ? undefined : beyond;
  if (satisfiedFrom === undefined && violatedBeyond === undefined) return undefined;
  return {
    ...(satisfiedFrom === undefined ? {} : { satisfiedFrom }),
    ...(violatedBeyond === undefined ? {} : { violatedBeyond }),
  };
}

const RANK: Readonly<Record<Verdict, number>> = { violated: 0, undecided: 1, satisfied: 2 };

/** Violated before undecided before satisfied; the surest violation, the longest way and the narrowest escape first. */
function byWeight(a: LimitAssessment, b: LimitAssessment): number {
  if (a.verdict !== b.verdict) return RANK[a.verdict] - RANK[b.verdict];
  switch (a.verdict) {
    case 'violated':
      return surplus(b.lnViolated, b.lnViolatedNeeded) - surplus(a.lnViolated, a.lnViolatedNeeded);
    case 'undecided':
      return wayOf(b) - wayOf(a);
    case 'satisfied':
      return surplus(a.lnSatisfied, a.lnSatisfiedNeeded) - surplus(b.lnSatisfied, b.lnSatisfiedNeeded);
  }
}

/** What is compared as it is, is as sure as can be. */
const surplus = (ln: number | undefined, needed: number | undefined): number =>
  ln === undefined || needed === undefined ? Number.MAX_VALUE : ln - needed;

const wayOf = ({ requestsNeeded }: LimitAssessment): number =>
  typeof requestsNeeded === 'number' ? requestsNeeded : Number.MAX_VALUE;
