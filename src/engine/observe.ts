/** From two states of an object to what happened in between: how a watcher tells the story of somebody else's drive. Pure. */
import type { Experiment, ObjectKey, Stage } from '../domain/api/experiment.ts';
import { hasEnded, hasFailed } from '../domain/verdict/known.ts';
import { readRecord } from '../domain/verdict/record.ts';
import type { Event, EventBody, Reason } from './event.ts';

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
  for (const assessment of record.assessments) {
    const was =
      old?.assessments.find(
        (one) =>
          one.version === assessment.version && one.objective === assessment.objective && one.side === assessment.side,
      )?.verdict ?? 'undecided';
    if (was !== assessment.verdict) events.push({ kind: 'verdict', assessment, before: was });
  }
  if (record.load !== undefined) events.push({ kind: 'load', load: record.load, assessments: record.assessments });
  return events;
}

function endEvents(before: Experiment | undefined, after: Experiment): EventBody[] {
  if (!hasEnded(after) || (before !== undefined && hasEnded(before))) return [];
  const recommendation = readRecord(after)?.recommendation;
  return recommendation === undefined ? [] : [{ kind: 'recommendation', recommendation, final: true }];
}
