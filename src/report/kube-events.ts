/** What of an event becomes Kubernetes Events about the experiment: whole sentences, reasons in the words of Iter8 0.7. Pure. */
import { headline } from '../judge/recommendation.ts';
import { verdictSentence } from '../judge/wording/sentences.ts';
import type { Event } from '../drive/events.ts';

export interface KubeEventText {
  readonly reason: string;
  readonly message: string;
  readonly warning: boolean;
}

export function kubeEventsOf(event: Event, target: string): KubeEventText[] {
  switch (event.kind) {
    case 'condition':
      return conditionEvents(event, target);
    case 'verdict': {
      const { verdict } = event.assessment;
      if (verdict === 'undecided') return [];
      return [
        {
          reason: verdict === 'satisfied' ? 'ObjectiveSatisfied' : 'ObjectiveViolated',
          message: verdictSentence(event.assessment),
          warning: verdict === 'violated',
        },
      ];
    }
    case 'recommendation': {
      const { recommendation } = event;
      if (!event.final) return [];
      const reasons = recommendation.reasons.length === 0 ? '' : `: ${recommendation.reasons.join('; ')}`;
      return [
        {
          reason: 'Recommendation',
          message: `${headline(recommendation, event.experiment.name)}${reasons}`,
          warning: recommendation.verdict !== 'promote',
        },
      ];
    }
    case 'weights':
      return [{ reason: 'TrafficMoved', message: event.text, warning: false }];
    case 'warning':
      return [{ reason: 'Warning', message: event.text, warning: true }];
    case 'waiting':
      return [{ reason: 'WaitingForPerson', message: event.text, warning: false }];
    case 'answered':
      return [{ reason: 'Answered', message: event.text, warning: false }];
    case 'task-skipped':
      return [{ reason: 'TaskSkipped', message: event.text, warning: false }];
    default:
      return [];
  }
}

function conditionEvents(event: Extract<Event, { kind: 'condition' }>, target: string): KubeEventText[] {
  const { reason, message, warning } = event;
  if (reason === 'TargetAcquired') return [{ reason, message: `Acquired target ${target}`, warning }];
  const reported = { reason, message, warning };
  return reason === 'ExperimentCompleted'
    ? [{ reason: 'StageAdvanced', message: 'Advanced to Completed', warning: false }, reported]
    : [reported];
}
