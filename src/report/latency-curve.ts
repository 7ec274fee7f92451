/** The latencies of a version as a curve: which share of its requests was at most how slow. Pure. */
import { percentile } from '../evidence/one-sample/percentile-bounds.ts';
import type { SparseHistogram } from '../evidence/request-tally.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { sortedLike } from '../experiment/spec-order.ts';
import { countedTallies, knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { versionRoles } from '../judge/question/question.ts';

export interface LatencyCurve {
  readonly version: string;
  /** Requests behind it. */
  readonly n: number;
  /** In increasing order of both. `ms` as judged: a request without an answer counts with its timeout. */
  readonly points: readonly { readonly percent: number; readonly ms: number }[];
}

/** Of every version with latencies, over all its endpoints, in the order of the spec. */
export function latencyCurves(experiment: Experiment): LatencyCurve[] {
  const names = versionRoles(experiment).map(({ name }) => name);
  const whole = countedTallies(experiment, knownJudgement(experiment).record).filter(
    ({ endpoint }) => endpoint === undefined,
  );
  return sortedLike(names, whole, ({ version }) => version).flatMap(({ version, tally: { response } }) =>
    response.histogram.length === 0
      ? []
      : [{ version, n: response.n, points: pointsOf(response.histogram, response.n) }],
  );
}

/** So many for each ten times fewer slower requests: 0 to 90 %, 90 to 99 %, ... */
const POINTS_PER_DECADE = 12;
const MOST_DECADES = 6;

/** Up to the percentile that one request of all is beyond. */
function pointsOf(histogram: SparseHistogram, n: number): LatencyCurve['points'] {
  const decades = Math.min(MOST_DECADES, Math.log10(Math.max(2, n)));
  const steps = Math.ceil(decades * POINTS_PER_DECADE);
  return Array.from({ length: steps + 1 }, (_, at) => {
    const percent = 100 * (1 - 10 ** (-(decades * at) / steps));
    return { percent, ms: percentile(histogram, percent) };
  });
}
