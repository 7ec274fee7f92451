/** `kind: Verdict` of docs/api.md: three states, so that a caller can distinguish "no" from "not known". */
import type { ExperimentView } from '../view/experiment-view.ts';
import type { RecommendationKind } from '../judge/recommendation.ts';
import { jsonView } from '../report/json-view.ts';

export type VerdictState = 'satisfied' | 'violated' | 'inconclusive';

const STATES: Readonly<Record<RecommendationKind, VerdictState>> = {
  promote: 'satisfied',
  'do not promote': 'violated',
  undecided: 'inconclusive',
  // It could not be judged: that is no word about the version.
  failed: 'inconclusive',
};

export const stateOf = (verdict: RecommendationKind): VerdictState => STATES[verdict];

export function verdictJson(view: ExperimentView, window: { readonly from: string; readonly to: string }) {
  const { apiVersion, recommendation, objectives, measured, warnings } = jsonView(view);
  const { verdict, version, reason, reasons } = recommendation;
  return {
    apiVersion,
    kind: 'Verdict' as const,
    verdict: stateOf(verdict),
    version,
    reason,
    reasons,
    window,
    objectives,
    measured: measured ?? [],
    warnings,
  };
}
