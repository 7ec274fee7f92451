/** From lines of JSON to the lines of a record: each is looked at before it is folded, and named when it is damaged. */
import { UsageError } from '../errors.ts';
import { withDefaults } from '../experiment/defaults.ts';
import { API_VERSION, type Experiment } from '../experiment/experiment.ts';
import { parseExperiment } from '../experiment/parse.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import {
  measuredProblem,
  pairsProblem,
  recordProblem,
  scopeProblem,
  weightsProblem,
} from '../judge/record/record-shape.ts';
import {
  atLeastZero,
  behindPath,
  boolean,
  count,
  isObject,
  listOf,
  oneOf,
  optional,
  problemText,
  text,
  time,
  tupleOf,
  withFields,
  type Check,
} from '../text/check-fields.ts';

type Line = Readonly<Record<string, unknown>>;

const inner =
  (problem: (value: unknown) => string | undefined): Check =>
  (value) => {
    const found = problem(value);
    return found === undefined ? undefined : behindPath('', found);
  };

/** The shape of a manifest, with a name and a namespace. */
const experiment: Check = (value) => {
  const metadata = withFields({ metadata: withFields({ name: text, namespace: text }) })(value);
  if (metadata !== undefined) return metadata;
  const [issue] = parseExperiment(value).issues;
  return issue === undefined ? undefined : `${issue.path === '' ? '' : '.'}${issue.path}: ${issue.message}`;
};
/** A spec alone is read as that of an experiment. */
const UNNAMED = { apiVersion: API_VERSION, kind: 'Experiment', metadata: { name: 'x', namespace: 'x' } };
const spec: Check = (value) => experiment({ ...UNNAMED, spec: value })?.replace(/^\.spec/, '');

const error = oneOf(0, 1);
const side = tupleOf(atLeastZero, atLeastZero, error, error);
const settings: Check = (value) => (isObject(value) ? undefined : ': expected an object');

/** Of each kind of line. */
const CHECKS: Readonly<Record<RecordLine['kind'], Check>> = {
  spec: withFields({
    experiment,
    by: optional(text),
    time: optional(time),
    strength: optional(settings),
    record: optional(inner(recordProblem)),
  }),
  'spec-read': withFields({ spec, time: optional(time) }),
  'load-started': withFields({
    task: text,
    time: optional(time),
    counted: optional(listOf(inner(scopeProblem))),
    pairs: optional(inner(pairsProblem)),
    timeoutMs: optional(atLeastZero),
    ratePerSec: optional(atLeastZero),
    isJudged: optional(boolean),
  }),
  slice: (line) => withFields({ task: text, slice: count })(line) ?? inner(scopeProblem)(line),
  pairs: withFields({ task: text, version: text, endpoint: optional(text), pairs: listOf(tupleOf(side, side)) }),
  'load-ended': withFields({
    task: text,
    time: optional(time),
    loadSeconds: atLeastZero,
    endedEarly: optional(boolean),
  }),
  measured: withFields({
    time,
    values: inner(measuredProblem),
    weights: optional(inner(weightsProblem)),
    splitUnknown: optional(oneOf(true)),
  }),
  'split-read': withFields({ weights: inner(weightsProblem) }),
  'weights-moved': withFields({ time, weights: inner(weightsProblem) }),
  'build-changed': withFields({ time, version: text, what: text, anew: boolean }),
  iterated: withFields({ time: optional(time), completedIterations: count }),
  judged: withFields({
    time,
    measuringDone: boolean,
    loadToCome: optional(boolean),
    runningSeconds: atLeastZero,
    completedIterations: count,
    weights: inner(weightsProblem),
  }),
};

/** Lines of other kinds, events above all, are left out. @throws UsageError naming the line and the field */
export function readRecordLines(lines: readonly unknown[]): RecordLine[] {
  return lines.flatMap((line, index): RecordLine[] => {
    if (!isObject(line) || typeof line['kind'] !== 'string' || !Object.hasOwn(CHECKS, line['kind'])) return [];
    const problem = problemText(CHECKS[line['kind'] as RecordLine['kind']](line));
    if (problem !== undefined)
      throw new UsageError(`this record is damaged: line ${index + 1} (${line['kind']}): ${problem}`, {
        hint: 'a record is written by iter8ctl run; give the file as it is',
      });
    return [completed(line)];
  });
}

/** Records of earlier versions said less, and what somebody has written again may have lost its defaults. */
function completed(line: Line): RecordLine {
  switch (line['kind']) {
    case 'load-started':
      return { timeoutMs: 0, ratePerSec: 1, isJudged: true, counted: [], ...line } as unknown as RecordLine;
    case 'spec': {
      const written = line['experiment'] as Experiment;
      return { by: '', ...line, experiment: withDefaults(written, written.metadata) } as unknown as RecordLine;
    }
    case 'spec-read': {
      const written = { ...UNNAMED, spec: line['spec'] } as unknown as Experiment;
      return { ...line, spec: withDefaults(written, written.metadata).spec } as unknown as RecordLine;
    }
    default:
      return line as unknown as RecordLine;
  }
}
