/** What a script is run with: its text, in which variables stand for all placeholders, and these variables. */
import { Iter8Error } from '../../errors.ts';
import type { Experiment, TaskSpec } from '../../experiment/experiment.ts';
import { recordedWinner } from '../../experiment/conditions.ts';
import { fillScript } from '../../expressions/script-placeholders.ts';

export interface ScriptInput {
  readonly text: string;
  readonly env: Readonly<Record<string, string>>;
  /** Fields of the task's secret by the variables that hold them: only those that the script names. */
  readonly secretEnv: Readonly<Record<string, string>>;
}

/** Cannot stand in a field of a Secret, nor in an object of the API. */
const MARK = '\0';
/** Linux takes 128 KiB for one variable with its name. */
const LONGEST_VALUE_BYTES = 100_000;

/** Pure. @throws Iter8Error for a placeholder that cannot be filled in, or cannot stand where it does */
export function scriptInput(
  task: TaskSpec,
  experiment: Experiment,
  secretFields: readonly string[] | undefined,
): ScriptInput {
  const { winnerFound, candidateWon } = recordedWinner(experiment);
  const marked =
    secretFields === undefined
      ? undefined
      : Object.fromEntries(secretFields.map((field) => [field, `${MARK}${field}`]));
  const { text, values } = fillScript(task.run ?? '', {
    experiment,
    ...(marked === undefined ? {} : { secret: marked }),
    winnerFound,
    candidateWon,
  });
  const { status, metadata, spec } = experiment;
  const env: Record<string, string> = {
    ITER8_EXPERIMENT: metadata.name,
    ITER8_NAMESPACE: metadata.namespace,
    ITER8_TARGET: spec.target,
    ITER8_STAGE: status?.stage ?? '',
    ITER8_WINNER: status?.analysis?.winnerAssessment?.data.winner ?? '',
    ITER8_WINNER_FOUND: String(winnerFound),
    ITER8_CANDIDATE_WON: String(candidateWon),
    ITER8_RECOMMENDED: status?.versionRecommendedForPromotion ?? '',
  };
  const secretEnv: Record<string, string> = {};
  for (const [variable, value] of Object.entries(values)) {
    if (value.startsWith(MARK)) secretEnv[variable] = value.slice(MARK.length);
    else env[variable] = value;
  }
  for (const [variable, value] of Object.entries(env)) checkValue(variable, value);
  return { text, secretEnv, env };
}

/** @throws Iter8Error for what no environment can hold; never with the value. */
export function checkValue(variable: string, value: string): void {
  if (value.includes('\0')) throw new Iter8Error(`the value of ${variable} holds a zero byte: no script can get it`);
  if (Buffer.byteLength(value) > LONGEST_VALUE_BYTES)
    throw new Iter8Error(
      `the value of ${variable} has more than ${LONGEST_VALUE_BYTES} bytes, which no environment holds`,
    );
}
