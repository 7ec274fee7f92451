/**
 * Evidence is about one build: which one runs is looked at before the first measurement, at each iteration, and before the answer
 * (docs/behavior.md 10.4). Another one voids what was measured; with `strength.onChange: restart` it is measured again.
 */
import type { Experiment } from '../experiment/experiment.ts';
import { buildChange, knownBuilds, type Build, type BuildChange, type Builds } from '../judge/record/build-changes.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import { changedSentence, restartedRecord } from '../judge/record/void-measurements.ts';
import { formatCounted } from '../text/units.ts';
import type { BuildReader } from './ports.ts';
import { assess } from './assess.ts';
import { MEASURING, taskAt, tasksOf } from './next-step.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';

export interface BuildPorts {
  /** Absent: nobody knows what runs. */
  readonly builds?: BuildReader | undefined;
}

/** `restart`: what was measured is void, and the tasks that measure are to be done again. */
export type BuildLook = 'same' | 'changed' | 'restart';

/** A version that keeps changing is measured again so many times at most; then it is undecided. */
const MOST_RESTARTS = 10;
/** After a change, pods are looked at so often until they stay the same, for at most so long: a rollout takes its time. */
const LOOK_AGAIN_MS = 5_000;
const LONGEST_ROLLOUT_MS = 300_000;

/** `mayRestart: false`: nothing is measured any more. `but`: a version that may become another build. */
export async function lookAtBuilds(
  session: Session,
  { builds }: BuildPorts,
  signal: AbortSignal,
  { mayRestart = true, but }: { readonly mayRestart?: boolean; readonly but?: string | undefined } = {},
): Promise<BuildLook> {
  if (session.record.changed !== undefined) return 'changed';
  if (builds === undefined) return 'same';
  const before = session.record.builds;
  const isRestarted = before === undefined && session.record.restarts !== undefined;
  const now = isRestarted ? await settledBuilds(session, builds, signal) : await readBuilds(session, builds, signal);
  const change = before === undefined ? undefined : buildChange(without(before, but), without(now, but));
  if (change !== undefined) {
    const look = noteChange(session, change, mayRestart);
    await session.save();
    return look;
  }
  if (Object.keys(now).length > 0)
    session.changeRecord((record) => ({ ...record, builds: knownBuilds(record.builds, now) }));
  return 'same';
}

const without = (builds: Builds, version: string | undefined): Builds =>
  Object.fromEntries(Object.entries(builds).filter(([name]) => name !== version));

/**
 * Before an answer is given, when a gate is passed, and before traffic or a finish task follows it: since the last iteration it may have
 * been paused, or nobody has driven it, for a day. A promotion is a new build of the baseline, and meant to be one: behind a finish task
 * that has begun the baseline is left out, and behind a script, which may do anything, only gates look.
 */
export async function confirmBuilds(
  session: Session,
  ports: BuildPorts,
  signal: AbortSignal,
  before: 'a gate' | 'the rest',
): Promise<void> {
  const { experiment, record } = session;
  const begun = tasksOf(experiment, 'finish').filter(({ task }, index) => {
    const state = record.tasks[`finish/${index}`]?.state;
    return task !== 'gate' && state !== undefined && state !== 'skipped';
  });
  if (before === 'the rest' && begun.some(({ run }) => run !== undefined)) return;
  const but = begun.length > 0 ? experiment.spec.versionInfo?.baseline.name : undefined;
  await lookAtBuilds(session, ports, signal, { mayRestart: false, but });
  judgeVoid(session);
}

/** Where another build has made void what was measured, that is the answer, and nobody has won. For once, also when a driver ended between. */
export function judgeVoid(session: Session): void {
  const { changed, recommendation } = session.record;
  if (changed === undefined) return;
  const isJudged = recommendation?.reasons[0] === changedSentence(session.question, changed);
  if (!isJudged) assess(session, { measuringDone: true });
}

async function readBuilds(session: Session, builds: BuildReader, signal: AbortSignal): Promise<Builds> {
  const read = await builds.read(session.experiment, signal);
  const found: Record<string, Build> = {};
  for (const { version, build, problem } of read) {
    if (problem !== undefined)
      session.warn(`whether ${version} stays the build that was measured cannot be checked: ${problem}`);
    // What cannot be seen now is not gone.
    const known = problem === undefined ? build : session.record.builds?.[version];
    if (known !== undefined) found[version] = known;
  }
  return found;
}

async function settledBuilds(session: Session, builds: BuildReader, signal: AbortSignal): Promise<Builds> {
  const { clock } = session;
  const untilMs = clock.monotonicMs() + LONGEST_ROLLOUT_MS;
  for (let before = await readBuilds(session, builds, signal); ; ) {
    await clock.sleep(LOOK_AGAIN_MS, signal);
    const now = await readBuilds(session, builds, signal);
    const isSettled =
      buildChange(before, now) === undefined && Object.values(now).every(({ hashes }) => hashes.length < 2);
    if (isSettled || clock.monotonicMs() >= untilMs) return now;
    before = now;
  }
}

function noteChange(session: Session, { version, what }: BuildChange, mayRestart: boolean): BuildLook {
  const { question } = session;
  const restarts = session.record.restarts ?? 0;
  const wanted = mayRestart && question.strength.onChange === 'restart';
  const again = wanted && restarts < MOST_RESTARTS;
  const often = wanted && !again ? `, after it was measured again ${formatCounted(restarts, 'time')}` : '';
  const changed = { version, at: timestamp(session.nowMs()), what: `${what}${often}` };
  session.log({ kind: 'build-changed', time: changed.at, version, what: changed.what, anew: again });
  const sentence = changedSentence(question, changed);
  session.warn(`${sentence}; what was measured is void${again ? ', measuring again (onChange: restart)' : ''}`);
  if (!again) {
    session.changeRecord((record) => ({ ...record, changed }));
    return 'changed';
  }
  const { experiment } = session;
  session.changeRecord((record) => restartedRecord(record, doneAgain(experiment, record)));
  session.changeStatus(({ startTime: _1, analysis: _2, versionRecommendedForPromotion: _3, ...status }) => ({
    ...status,
    completedIterations: 0,
  }));
  return 'restart';
}

function doneAgain(experiment: Experiment, { tasks, actions }: Iter8Record) {
  const measures = (id: string): boolean =>
    !id.startsWith('finish/') && MEASURING.has(taskAt(experiment, id)?.task ?? '');
  return {
    tasks: new Set(Object.keys(tasks).filter(measures)),
    actions: new Set(Object.keys(actions).filter((id) => id !== 'finish')),
  };
}
