/** What is left of a record, and of a judgement, once a version has become another build: docs/behavior.md 10.4. Pure. */
import type { LimitAssessment } from '../assessment.ts';
import type { Question } from '../question/question.ts';
import type { RewardResult } from '../reward/reward-state.ts';
import type { ChangedBuild, Iter8Record } from './stored-record.ts';

/** `candidate hello-v2 changed at 2026-11-26T13:05:11Z: image app of Deployment shop/hello-v2 was hello:2, is hello:3`. */
export function changedSentence({ versions, pattern }: Question, { version, at, what }: ChangedBuild): string {
  const role = versions.find(({ name }) => name === version)?.role;
  const who = pattern === 'Conformance' || role === undefined ? version : `${role} ${version}`;
  return `${who} changed at ${at}: ${what}`;
}

/** Nothing that was measured says anything about what runs now: the value is shown, the verdict and its bounds are not. */
export function voidedRow(question: Question, changed: ChangedBuild, row: LimitAssessment): LimitAssessment {
  const { version, objective, metric, side, limit, unit, method, backend, relative, n, estimate } = row;
  const about = { version, objective, metric, side, limit, unit, method, n };
  return {
    ...about,
    ...(backend === undefined ? {} : { backend }),
    ...(relative === undefined ? {} : { relative }),
    ...(estimate === undefined ? {} : { estimate }),
    verdict: 'undecided',
    reason: 'build-changed',
    detail: changedSentence(question, changed),
  };
}

export function voidedReward(question: Question, changed: ChangedBuild, reward: RewardResult): RewardResult {
  const { metric, preferred, best, values } = reward;
  return { metric, preferred, best, values, state: 'open', reason: changedSentence(question, changed) };
}

/**
 * The record as before the first measurement. `repeated`: tasks and actions that are done again; all others stay done, so that nothing
 * but measuring happens twice.
 */
export function restartedRecord(
  record: Iter8Record,
  repeated: { readonly tasks: ReadonlySet<string>; readonly actions: ReadonlySet<string> },
): Iter8Record {
  const { scopes: _1, pairs: _2, newest: _3, load: _4, measured: _5, liveBlocks: _6, split: _7, ...one } = record;
  const {
    reward: _8,
    rewardResult: _9,
    recommendation: _10,
    history: _11,
    builds: _12,
    endedEarly: _13,
    pausedMs: _14,
    ...rest
  } = one;
  return {
    ...rest,
    ...(record.traffic === undefined ? {} : { traffic: withoutRequests(record.traffic) }),
    scopes: [],
    loadSeconds: 0,
    assessments: [],
    restarts: (record.restarts ?? 0) + 1,
    tasks: without(record.tasks, repeated.tasks),
    actions: without(record.actions, repeated.actions),
  };
}

const without = <T>(entries: Readonly<Record<string, T>>, left: ReadonlySet<string>): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => !left.has(key)));

/** Backends are asked from the new start on: their counts begin at zero again. */
function withoutRequests(traffic: NonNullable<Iter8Record['traffic']>): Iter8Record['traffic'] {
  const { requests: _, ...rest } = traffic;
  return rest;
}
