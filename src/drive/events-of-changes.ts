/** From two states of an object to what happened in between: how a watcher follows somebody else's drive. Pure. */
import { changedVerdicts } from '../judge/assessment.ts';
import type { Experiment, ObjectKey, Stage } from '../experiment/experiment.ts';
import { hasEnded, hasFailed } from '../experiment/conditions.ts';
import { NO_SPEC } from '../experiment/list-outline.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { plainAnswers, waitingSentence } from '../judge/wording/waiting-for-person.ts';
import { readRecord, RECORD_KEY } from '../judge/record/stored-record.ts';
import type { Event, EventBody, Reason } from './events.ts';

/** Events in order; `before` undefined when the object is seen for the first time. */
export function eventsBetween(before: Experiment | undefined, after: Experiment, nowMs: number): Event[] {
  const experiment: ObjectKey = { namespace: after.metadata.namespace, name: after.metadata.name };
  const time = new Date(nowMs).toISOString();
  return [
    ...conditionEvents(before, after),
    ...recordEvents(before, after),
    { kind: 'object' as const, object: after },
    ...endEvents(before, after),
  ].map((body) => ({ time, experiment, ...body }));
}

/** One for all. */
const ENDED = [{ type: 'Completed', status: 'True' }];

/**
 * What `eventsBetween` needs of a state to report what came after it, and no more: a few hundred bytes of an object that may
 * have 256 KiB. Everything else of it is left out.
 */
export function whatWasReported(experiment: Experiment): Experiment {
  const { metadata, status } = experiment;
  const record = readRecord(experiment);
  // `readRecord` puts in what is missing; an objective without an assessment is undecided.
  const reported = record && {
    format: record.format,
    warnings: record.warnings,
    ...(record.waiting === undefined ? {} : { waiting: record.waiting }),
    assessments: record.assessments.filter(({ verdict }) => verdict !== 'undecided'),
  };
  return {
    apiVersion: experiment.apiVersion,
    kind: experiment.kind,
    metadata: { name: metadata.name, namespace: metadata.namespace },
    spec: NO_SPEC,
    status: {
      ...(status?.message === undefined ? {} : { message: status.message }),
      ...(hasEnded(experiment) ? { conditions: ENDED } : {}),
      ...(reported === undefined ? {} : { analysis: { aggregatedBuiltinHists: { data: { [RECORD_KEY]: reported } } } }),
    },
  };
}

/** The message that kubectl shows is `Reason: text`, or the reason alone. */
function conditionEvents(before: Experiment | undefined, after: Experiment): EventBody[] {
  const written = after.status?.message;
  if (written === undefined || written === before?.status?.message) return [];
  const at = written.indexOf(': ');
  const reason = (at < 0 ? written : written.slice(0, at)) as Reason;
  const message = at < 0 ? '' : written.slice(at + 2);
  return [
    {
      kind: 'condition',
      reason,
      message,
      warning: hasFailed(after),
      stage: (after.status?.stage ?? 'Waiting') as Stage,
    },
  ];
}

function recordEvents(before: Experiment | undefined, after: Experiment): EventBody[] {
  const record = readRecord(after);
  if (record === undefined) return [];
  const old = before === undefined ? undefined : readRecord(before);
  const events: EventBody[] = [];
  for (const warning of record.warnings)
    if (old?.warnings.includes(warning) !== true) events.push({ kind: 'warning', text: warning });
  for (const changed of changedVerdicts(old?.assessments ?? [], record.assessments))
    events.push({ kind: 'verdict', ...changed });
  const { name, namespace } = after.metadata;
  if (record.waiting !== undefined && record.waiting.since !== old?.waiting?.since)
    events.push({
      kind: 'waiting',
      text: `${name}: ${waitingSentence(record.waiting, plainAnswers({ name, namespace }))}`,
    });
  if (record.load !== undefined) events.push({ kind: 'load', load: record.load, assessments: record.assessments });
  return events;
}

function endEvents(before: Experiment | undefined, after: Experiment): EventBody[] {
  if (!hasEnded(after) || (before !== undefined && hasEnded(before))) return [];
  // Iter8 0.7 left none: what we say of its measurements is the answer.
  return [{ kind: 'recommendation', recommendation: knownJudgement(after).recommendation, final: true }];
}
