/**
 * Whether an object says what nobody can have measured: by hand, by a broken disk, by another program. Nothing is judged from it,
 * and nothing is added to it. Pure.
 */
import { UsageError } from '../../errors.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import {
  count,
  listOf,
  mapOf,
  optional,
  orNull,
  problemText,
  time,
  atLeastZero,
  behindPath,
  withFields,
} from '../../text/check-fields.ts';
import { recordProblem } from './record-shape.ts';
import { RECORD_FORMAT, RECORD_KEY } from './stored-record.ts';

const HISTS = 'status.analysis.aggregatedBuiltinHists.data';
/** Rows of a histogram of Iter8 0.7: fortio has 200. */
const MOST_ROWS = 100_000;

const status = withFields({
  initTime: optional(time),
  startTime: optional(time),
  lastUpdateTime: optional(time),
  completedIterations: optional(count),
});
const metadata = withFields({ creationTimestamp: orNull(time) });

export interface RecordedByIter8 {
  readonly DurationHistogram?: {
    readonly Count?: number | null;
    readonly Sum?: number | null;
    readonly Data?: readonly { readonly Start: number; readonly End: number; readonly Count: number }[] | null;
  } | null;
  readonly RetCodes?: Readonly<Record<string, number>> | null;
}

/** Iter8 0.7 wrote each request down twice: in the rows, and in the codes. */
function contradictionIn({ DurationHistogram, RetCodes }: RecordedByIter8): string | undefined {
  const sum = (counts: readonly number[]) => counts.reduce((total, one) => total + one, 0);
  const rows = sum((DurationHistogram?.Data ?? []).map(({ Count }) => Count));
  const codes = sum(Object.values(RetCodes ?? {}));
  const whole = DurationHistogram?.Count ?? rows;
  if (whole !== rows) return `.DurationHistogram.Count: expected the ${rows} requests of Data, got ${whole}`;
  return rows === codes
    ? undefined
    : `.RetCodes: expected the ${rows} requests of DurationHistogram.Data, got ${codes}`;
}

/** `{DurationHistogram, RetCodes}` of Iter8 0.7; seconds. */
const recorded = orNull(
  withFields(
    {
      DurationHistogram: orNull(
        withFields({
          Count: orNull(count),
          Sum: orNull(atLeastZero),
          Max: orNull(atLeastZero),
          Data: orNull(
            listOf(
              withFields({ Start: atLeastZero, End: atLeastZero, Count: count }, (row) =>
                (row['Start'] as number) <= (row['End'] as number)
                  ? undefined
                  : `.End: expected at least Start, got less`,
              ),
              MOST_ROWS,
            ),
          ),
        }),
      ),
      RetCodes: orNull(mapOf(count)),
    },
    contradictionIn,
  ),
);
export const isRecordedByIter8 = (value: unknown): value is RecordedByIter8 | null | undefined =>
  recorded(value) === undefined;

/** Path of the first field that cannot be right, and why: `status.startTime: expected a time ..., got "x"`. */
export function damageOf(experiment: Experiment): string | undefined {
  const problem = problemText(status(experiment.status ?? {}));
  if (problem !== undefined) return `status.${problem}`;
  const inMetadata = problemText(metadata(experiment.metadata));
  if (inMetadata !== undefined) return `metadata.${inMetadata}`;
  const data = experiment.status?.analysis?.aggregatedBuiltinHists?.data ?? {};
  if (Object.hasOwn(data, RECORD_KEY)) {
    const ours = data[RECORD_KEY] as { readonly format?: unknown } | null;
    // Of another format: written by a later version, which `driveProblem` says.
    if (typeof ours === 'object' && ours !== null && ours.format !== RECORD_FORMAT) return undefined;
    const damage = recordProblem(ours);
    return damage === undefined ? undefined : behindPath(`${HISTS}.${RECORD_KEY}`, damage);
  }
  const damage = problemText(mapOf(recorded)(data));
  return damage === undefined ? undefined : behindPath(HISTS, damage);
}

/** Also what only another version can go on with. */
export function driveProblem(experiment: Experiment): string | undefined {
  const damage = damageOf(experiment);
  if (damage !== undefined) return `this record is damaged: ${damage}`;
  const data = experiment.status?.analysis?.aggregatedBuiltinHists?.data ?? {};
  const ours = Object.hasOwn(data, RECORD_KEY) ? (data[RECORD_KEY] as { readonly format?: unknown }) : undefined;
  return ours === undefined || ours.format === RECORD_FORMAT
    ? undefined
    : `its record has format ${JSON.stringify(ours.format)}; this version reads ${RECORD_FORMAT}: use the version that began it`;
}

/** `replay`: the command that judges its full record again, if it ran from here. @throws UsageError for an object to look at */
export function refuseDamage(
  experiment: Experiment,
  replay?: (key: { readonly namespace: string; readonly name: string }) => string,
): Experiment {
  const damage = damageOf(experiment);
  if (damage === undefined) return experiment;
  const { namespace, name } = experiment.metadata;
  const isOurs = damage.startsWith(`${HISTS}.${RECORD_KEY}.`);
  throw new UsageError(`this record is damaged: ${damage}`, {
    hint: `it is that of experiment ${namespace}/${name}${isOurs && replay !== undefined ? `; if it ran from here, its full record can be judged again: ${replay({ namespace, name })}` : ''}`,
  });
}
