/** What a script is run with: its text with all placeholders filled in, and its environment. Secrets are in the environment only. */
import type { Experiment, TaskSpec } from '../../experiment/experiment.ts';
import { fillPlaceholders } from '../../expressions/placeholders.ts';
import { shellReference, shellValue } from '../../expressions/shell-value.ts';
import { recordedWinner } from '../../experiment/conditions.ts';

export interface ScriptText {
  readonly text: string;
  readonly env: Readonly<Record<string, string>>;
  /** Variables that hold fields of the task's secret, by field: only those that the script names. */
  readonly secretEnv: Readonly<Record<string, string>>;
}

/** Cannot stand in a field of a Secret, nor in an object of the API. */
const MARK = '\0';

/** Pure. @throws Iter8Error for a placeholder that cannot be filled in */
export function scriptText(
  task: TaskSpec,
  experiment: Experiment,
  secretFields: readonly string[] | undefined,
): ScriptText {
  const secretEnv: Record<string, string> = {};
  const { winnerFound, candidateWon } = recordedWinner(experiment);
  const marked =
    secretFields === undefined
      ? undefined
      : Object.fromEntries(secretFields.map((field) => [field, `${MARK}${field}`]));
  const text = fillPlaceholders(
    task.run ?? '',
    { experiment, ...(marked === undefined ? {} : { secret: marked }), winnerFound, candidateWon },
    (value, before) => {
      if (!value.startsWith(MARK)) return shellValue(value, before);
      const field = value.slice(MARK.length);
      secretEnv[field] ??= `ITER8_SECRET_${Object.keys(secretEnv).length + 1}`;
      return shellReference(secretEnv[field], before);
    },
  );
  const { status, metadata, spec } = experiment;
  return {
    text,
    secretEnv,
    env: {
      ITER8_EXPERIMENT: metadata.name,
      ITER8_NAMESPACE: metadata.namespace,
      ITER8_TARGET: spec.target,
      ITER8_STAGE: status?.stage ?? '',
      ITER8_WINNER: status?.analysis?.winnerAssessment?.data.winner ?? '',
      ITER8_WINNER_FOUND: String(winnerFound),
      ITER8_CANDIDATE_WON: String(candidateWon),
      ITER8_RECOMMENDED: status?.versionRecommendedForPromotion ?? '',
    },
  };
}
