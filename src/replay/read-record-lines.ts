/** From lines of JSON to the lines of a record: each is looked at before it is folded, and named when it is damaged. */
import { UsageError } from '../errors.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import { isMeasuredShape, isPairsShape, isRecordShape, isScopeShape } from '../judge/record/record-shape.ts';

type Line = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isText = (value: unknown): boolean => typeof value === 'string';
const isSide = (side: unknown): boolean => Array.isArray(side) && side.length === 4 && side.every(isNumber);
const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(isSide);
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));

/** What is wrong with a line of each kind; undefined when nothing is. */
const CHECKS: Readonly<Record<RecordLine['kind'], (line: Line) => string | undefined>> = {
  spec: ({ experiment, strength, record }) => {
    const metadata = isObject(experiment) ? experiment['metadata'] : undefined;
    const spec = isObject(experiment) ? experiment['spec'] : undefined;
    if (!isObject(metadata) || !isText(metadata['name']) || !isText(metadata['namespace']))
      return 'experiment.metadata';
    if (!isObject(spec) || !isObject(spec['strategy']) || !isObject(spec['criteria'])) return 'experiment.spec';
    if (strength !== undefined && !isObject(strength)) return 'strength';
    return record === undefined || isRecordShape(record) ? undefined : 'record';
  },
  'spec-read': ({ spec }) =>
    isObject(spec) && isObject(spec['strategy']) && isObject(spec['criteria']) ? undefined : 'spec',
  'load-started': ({ task, counted, pairs }) => {
    if (!isText(task)) return 'task';
    if (counted !== undefined && !(Array.isArray(counted) && counted.every(isScopeShape))) return 'counted';
    return pairs === undefined || isPairsShape(pairs) ? undefined : 'pairs';
  },
  slice: (line) => (isText(line['task']) && isNumber(line['slice']) && isScopeShape(line) ? undefined : 'tally'),
  pairs: ({ task, version, pairs }) =>
    isText(task) && isText(version) && Array.isArray(pairs) && pairs.every(isPair) ? undefined : 'pairs',
  'load-ended': ({ task, loadSeconds }) => (isText(task) && isNumber(loadSeconds) ? undefined : 'loadSeconds'),
  measured: ({ values, time }) => (!isTime(time) ? 'time' : isMeasuredShape(values) ? undefined : 'values'),
  iterated: ({ completedIterations }) => (isNumber(completedIterations) ? undefined : 'completedIterations'),
  judged: ({ time, runningSeconds, weights }) =>
    isTime(time) && isNumber(runningSeconds) && Array.isArray(weights) ? undefined : 'time',
};

/** Lines of other kinds, events above all, are left out. @throws UsageError naming the line and the field */
export function readRecordLines(lines: readonly unknown[]): RecordLine[] {
  return lines.flatMap((line, index): RecordLine[] => {
    if (!isObject(line) || typeof line['kind'] !== 'string' || !Object.hasOwn(CHECKS, line['kind'])) return [];
    const field = CHECKS[line['kind'] as RecordLine['kind']](line);
    if (field !== undefined)
      throw new UsageError(`this record is damaged: line ${index + 1} (${line['kind']}): ${field} cannot be read`, {
        hint: 'a record is written by iter8ctl run; give the file as it is',
      });
    return [withDefaultsOfOldLines(line)];
  });
}

/** Records of earlier versions said less. */
function withDefaultsOfOldLines(line: Line): RecordLine {
  if (line['kind'] !== 'load-started') return line as unknown as RecordLine;
  return { timeoutMs: 0, ratePerSec: 1, isJudged: true, counted: [], ...line } as unknown as RecordLine;
}
