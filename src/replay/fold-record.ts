/**
 * Folds the lines of a record into what a run knew at its end: with the functions that the run itself uses, so that both come to
 * the same. Pure.
 */
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment, Objective, TaskSpec, Weight } from '../experiment/experiment.ts';
import { isSameMetric } from '../experiment/metric-names.ts';
import { parseStrength } from '../experiment/strength-settings.ts';
import { defaultTimeoutMs } from '../experiment/request-timeout.ts';
import { compileQuestion, type Question } from '../judge/question/question.ts';
import { addMeasurement, splitRead, weightsMoved } from '../judge/record/measurement.ts';
import { isLoadOpen, isLoadToCome } from '../judge/record/load-to-come.ts';
import type {
  BuildChangedLine,
  JudgedLine,
  LoadEndedLine,
  LoadStartedLine,
  RecordLine,
} from '../judge/record/record-lines.ts';
import { EMPTY_RECORD, type Iter8Record } from '../judge/record/stored-record.ts';
import { TaskSums, withCountedTask } from '../judge/record/task-sums.ts';
import { restartedRecord } from '../judge/record/void-measurements.ts';
import { isObject } from '../text/check-fields.ts';
import { SLICE_MS } from '../evidence/slice-counts.ts';

export interface ReplayChange {
  /** In place of those of the spec; absent: as they were. */
  readonly objectives?: readonly Objective[] | undefined;
  /** Over spec.criteria.strength and what flags of the run had put over it. */
  readonly strength: Readonly<Record<string, unknown>>;
}

export interface Folded {
  /** With the objectives of now. */
  readonly experiment: Experiment;
  readonly record: Iter8Record;
  readonly completedIterations: number;
  /** No load was left in its middle. */
  readonly planDone: boolean;
  /** When it was last judged; the time of the last line where it never was. */
  readonly judged: Pick<
    JudgedLine,
    'time' | 'measuringDone' | 'loadToCome' | 'runningSeconds' | 'completedIterations' | 'weights'
  >;
}

/** Undefined when no line holds an experiment. */
export function foldRecord(lines: Iterable<RecordLine>, change: ReplayChange): Folded | undefined {
  const fold = new Fold(change);
  for (const line of lines) fold.add(line);
  return fold.end();
}

interface OpenTask {
  readonly sums: TaskSums;
  readonly before: number;
  /** Seconds of load by the slices so far: for a driver that was killed. */
  slices: number;
}

class Fold {
  readonly #change: ReplayChange;
  #experiment: Experiment | undefined;
  #question: Question | undefined;
  #record: Iter8Record = EMPTY_RECORD;
  #strength: Iter8Record['strength'];
  readonly #open = new Map<string, OpenTask>();
  #judged: Folded['judged'] | undefined;
  #time = '1970-01-01T00:00:00Z';
  #weights: readonly Weight[] = [];
  #completed = 0;

  constructor(change: ReplayChange) {
    this.#change = change;
  }

  add(line: RecordLine): void {
    if ('time' in line) this.#time = line.time;
    switch (line.kind) {
      case 'spec':
        this.#strength = line.strength;
        this.#record = { ...(line.record ?? EMPTY_RECORD), by: line.by, tasks: line.record?.tasks ?? {} };
        this.#open.clear();
        this.#completed = line.experiment.status?.completedIterations ?? this.#completed;
        this.#ask(line.experiment);
        break;
      case 'spec-read':
        if (this.#experiment !== undefined) this.#ask({ ...this.#experiment, spec: line.spec });
        break;
      case 'load-started':
        this.#begin(line);
        break;
      case 'slice': {
        const task = this.#open.get(line.task);
        task?.sums.add(line, line.tally);
        if (task !== undefined) task.slices = Math.max(task.slices, ((line.slice + 1) * SLICE_MS) / 1000);
        break;
      }
      case 'pairs':
        this.#open.get(line.task)?.sums.addPairs(line, line.pairs);
        break;
      case 'load-ended':
        this.#done(line);
        break;
      case 'measured':
        if (this.#question !== undefined) this.#record = addMeasurement(this.#question, this.#record, line);
        this.#weights = line.weights ?? this.#weights;
        break;
      case 'split-read':
        if (this.#question !== undefined) this.#record = splitRead(this.#question, this.#record, line);
        break;
      case 'weights-moved':
        if (this.#question !== undefined) this.#record = weightsMoved(this.#question, this.#record, line);
        break;
      case 'judged':
        this.#judged = line;
        break;
      case 'iterated':
        this.#completed = line.completedIterations;
        break;
      case 'build-changed':
        this.#changed(line);
        break;
    }
  }

  end(): Folded | undefined {
    if (this.#experiment === undefined) return undefined;
    const planDone = this.#open.size === 0 && !isLoadOpen(this.#record);
    // A driver that was killed in the middle of a load: what it had counted.
    for (const [task, { before, slices }] of this.#open) this.#close(task, before + slices);
    const judged = this.#judged ?? {
      time: this.#time,
      measuringDone: true,
      loadToCome: this.#question !== undefined && isLoadToCome(this.#question, this.#record),
      runningSeconds: 0,
      completedIterations: 0,
      weights: this.#weights,
    };
    return {
      experiment: this.#experiment,
      record: { ...this.#record, strength: this.#strengthOfNow() },
      judged,
      planDone,
      completedIterations: this.#completed,
    };
  }

  #strengthOfNow(): Record<string, unknown> {
    return { ...this.#strength, ...this.#change.strength };
  }

  /** The question of now, about the experiment as it was. */
  #ask(ran: Experiment): void {
    this.#experiment = withObjectives(ran, this.#change.objectives);
    this.#question = compileQuestion(this.#experiment, this.#strengthOfNow());
  }

  #begin({ task, counted, pairs, timeoutMs, ratePerSec, isJudged }: LoadStartedLine): void {
    if (this.#question === undefined) return;
    const before = this.#record.tasks[task]?.loadSeconds ?? 0;
    this.#open.set(task, { sums: new TaskSums(this.#question, { scopes: counted, pairs }), before, slices: 0 });
    const { [task]: _, ...others } = this.#record.tasks;
    this.#record = {
      ...this.#record,
      tasks: others,
      timeoutMs: Math.max(timeoutMs, this.#record.timeoutMs ?? 0),
      ...(ratePerSec === 0 && isJudged ? { closedLoop: true } : {}),
    };
  }

  #changed({ time: at, version, what, anew: again }: BuildChangedLine): void {
    if (!again) {
      this.#record = { ...this.#record, changed: { version, at, what } };
      return;
    }
    const { tasks, actions } = this.#record;
    const all = { tasks: new Set(Object.keys(tasks)), actions: new Set(Object.keys(actions)) };
    this.#record = restartedRecord(this.#record, all);
    this.#open.clear();
    this.#judged = undefined;
    this.#completed = 0;
  }

  #done({ task, loadSeconds, endedEarly }: LoadEndedLine): void {
    const isCounted = this.#close(task, loadSeconds);
    const state = {
      state: 'done' as const,
      startedAt: this.#time,
      ...(isCounted ? { loadSeconds } : {}),
      ...(endedEarly === true ? { endedEarly } : {}),
    };
    this.#record = { ...this.#record, tasks: { ...this.#record.tasks, [task]: state } };
  }

  /** Whether anything was counted. */
  #close(task: string, loadSeconds: number): boolean {
    const open = this.#open.get(task);
    if (open === undefined) return false;
    this.#open.delete(task);
    const counted = { scopes: open.sums.scopes(), pairs: open.sums.pairs(), loadSeconds };
    this.#record = withCountedTask(this.#record, task, counted);
    return counted.scopes.length > 0;
  }
}

/** The experiment with other objectives; undefined: as it is. */
export function withObjectives(experiment: Experiment, objectives: ReplayChange['objectives']): Experiment {
  if (objectives === undefined) return experiment;
  const { spec, metadata } = experiment;
  const criteria = { ...spec.criteria, objectives: [...objectives], ...strengthLeft(experiment, objectives) };
  const timeoutMs = defaultTimeoutMs(experiment);
  const asked = withDefaults(
    { ...experiment, spec: { ...spec, criteria } },
    { namespace: metadata.namespace, name: metadata.name },
  );
  return defaultTimeoutMs(asked) < timeoutMs ? withTimeout(asked, timeoutMs) : asked;
}

/** So long was waited for answers where no timeout is written: the objectives of now would make less of it. */
function withTimeout(experiment: Experiment, timeoutMs: number): Experiment {
  const { spec } = experiment;
  const isWithout = ({ task, with: inputs }: TaskSpec) =>
    task === 'metrics/collect' && inputs?.['timeout'] === undefined;
  const actions = Object.entries(spec.strategy.actions).map(([action, tasks]) => [
    action,
    tasks.map((task) => (isWithout(task) ? { ...task, with: { ...task.with, timeout: `${timeoutMs}ms` } } : task)),
  ]);
  const strategy = { ...spec.strategy, actions: Object.fromEntries(actions) as typeof spec.strategy.actions };
  return { ...experiment, spec: { ...spec, strategy } };
}

/** Without what was said of metrics that only the objectives of before were about. */
function strengthLeft(
  { spec: { criteria }, metadata: { namespace } }: Experiment,
  objectives: readonly Objective[],
): { readonly strength?: unknown } {
  const { strength } = criteria;
  if (!isObject(strength)) return {};
  const isAbout = (one: unknown, all: readonly { readonly metric: string }[]) => {
    const metric = isObject(one) ? one['metric'] : undefined;
    return typeof metric === 'string' && all.some((other) => isSameMetric(metric, other.metric, namespace));
  };
  const judged = [...objectives, ...criteria.rewards, ...parseStrength(strength).settings.relative];
  const left = Object.entries(strength).map(([key, value]): [string, unknown] => [
    key,
    (key === 'cap' || key === 'noDataFor') && Array.isArray(value)
      ? value.filter((one) => isAbout(one, judged) || !isAbout(one, criteria.objectives))
      : value,
  ]);
  return { strength: Object.fromEntries(left) };
}
