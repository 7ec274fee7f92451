/** What is known of an experiment as events, where nobody follows it: warnings, verdicts, the answer. */
import type { Event } from '../drive/events.ts';
import { hasEnded } from '../experiment/conditions.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';

/** In the time of its last request or change: the same experiment gives the same events. */
export function eventsOfAnswer(experiment: Experiment): Event[] {
  const { metadata, status } = experiment;
  const { assessments, recommendation, record } = knownJudgement(experiment);
  const base = {
    // A record that is replayed has the time of its last line alone.
    time: new Date(status?.lastUpdateTime ?? status?.analysis?.aggregatedBuiltinHists?.timestamp ?? 0).toISOString(),
    experiment: { namespace: metadata.namespace, name: metadata.name },
  };
  return [
    ...(record?.warnings ?? []).map((text): Event => ({ ...base, kind: 'warning', text })),
    ...assessments.map((assessment): Event => ({ ...base, kind: 'verdict', assessment, before: 'undecided' })),
    { ...base, kind: 'recommendation', recommendation, final: hasEnded(experiment) },
  ];
}
