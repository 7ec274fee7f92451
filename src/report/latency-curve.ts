/** The latencies of a version as a curve: which share of its requests was at most how slow. Pure. */
import { percentile } from '../evidence/one-sample/percentile.ts';
import type { SparseHistogram, Tally } from '../evidence/request-tally.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { importedTally, knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { latencyLimits, limitsOf } from '../judge/question/limits.ts';
import { versionRoles } from '../judge/question/question.ts';
import { countedScopes, readTally } from '../judge/record/stored-record.ts';

export interface LatencyCurve {
  readonly version: string;
  /** Requests behind it. */
  readonly n: number;
  /** In increasing order of both. `ms` as judged: a request without an answer counts with its timeout. */
  readonly points: readonly { readonly percent: number; readonly ms: number }[];
}

/** Of every version with latencies, over all its endpoints. */
export function latencyCurves(experiment: Experiment): LatencyCurve[] {
  const names = versionRoles(experiment).map(({ name }) => name);
  // In the order of the spec; -1: versions that it does not name.
  const place = ({ version }: { readonly version: string }) =>
    (names.indexOf(version) + names.length + 1) % (names.length + 1);
  const ordered = tallies(experiment).toSorted((a, b) => place(a) - place(b));
  return ordered.flatMap(({ version, tally: { response } }) =>
    response.histogram.length === 0
      ? []
      : [{ version, n: response.n, points: pointsOf(response.histogram, response.n) }],
  );
}

function tallies(experiment: Experiment): { readonly version: string; readonly tally: Tally }[] {
  const { record } = knownJudgement(experiment);
  if (record !== undefined)
    return countedScopes(record)
      .filter(({ endpoint }) => endpoint === undefined)
      .map(({ version, tally }) => ({ version, tally: readTally(tally) }));
  const limits = latencyLimits(limitsOf(experiment));
  return Object.entries(experiment.status?.analysis?.aggregatedBuiltinHists?.data ?? {}).flatMap(([version, value]) => {
    const tally = importedTally(value, limits);
    return tally === undefined ? [] : [{ version, tally }];
  });
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
