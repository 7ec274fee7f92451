/** What messages can say of an experiment: all of it but credentials, and what was found out. Pure. */
import { recordedWinner } from '../../experiment/conditions.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { PlaceholderScope } from '../../expressions/placeholders.ts';
import type { TaskCall } from '../../drive/ports.ts';
import { RECORD_KEY } from '../../judge/record/stored-record.ts';
import { hideCredentials } from '../../text/credentials.ts';

export function messageScope(
  { experiment, result }: TaskCall,
  secret: Readonly<Record<string, string>> | undefined,
): PlaceholderScope {
  const { winnerFound, candidateWon } = recordedWinner(experiment);
  return { experiment: shown(experiment), secret, winnerFound, candidateWon, result: result?.() };
}

/** The body of Iter8 0.7, and beside it what was found out. Source: docs/contract.md 3.4. */
export function defaultBody({ experiment, result }: TaskCall): string {
  const { metadata, spec, status } = shown(experiment);
  const winner = status?.analysis?.winnerAssessment?.data;
  return JSON.stringify({
    summary: {
      winnerFound: winner?.winnerFound === true,
      winner: winner?.winnerFound === true ? winner.winner : undefined,
      versionRecommendedForPromotion: status?.versionRecommendedForPromotion,
      lastRecommendedWeights: status?.analysis?.weights?.data,
    },
    experiment: { metadata, spec, status },
    iter8ctl: result?.(),
  });
}

/** Without credentials, and without our record: it is large, and of no use to anybody else. */
function shown(experiment: Experiment): Experiment {
  const { status, ...rest } = hideCredentials(experiment);
  const hists = status?.analysis?.aggregatedBuiltinHists;
  if (hists === undefined) return { ...rest, status };
  const data = Object.fromEntries(Object.entries(hists.data).filter(([key]) => key !== RECORD_KEY));
  return {
    ...rest,
    status: { ...status, analysis: { ...status?.analysis, aggregatedBuiltinHists: { ...hists, data } } },
  };
}
