/** What would have been told of an experiment while it ran, for those whose requests others have sent: warnings, verdicts, the answer. */
import type { Event } from '../drive/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';

/** In the time of its last request: the same files give the same events. */
export function eventsOfAnswer(experiment: Experiment): Event[] {
  const { metadata, status } = experiment;
  const { assessments, recommendation, record } = knownJudgement(experiment);
  const base = {
    time: new Date(status?.lastUpdateTime ?? 0).toISOString(),
    experiment: { namespace: metadata.namespace, name: metadata.name },
  };
  return [
    ...(record?.warnings ?? []).map((text): Event => ({ ...base, kind: 'warning', text })),
    ...assessments.map((assessment): Event => ({ ...base, kind: 'verdict', assessment, before: 'undecided' })),
    { ...base, kind: 'recommendation', recommendation, final: true },
  ];
}
