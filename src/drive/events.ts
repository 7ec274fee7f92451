/**
 * Everything that can happen while an experiment is driven or watched: one union, rendered exhaustively by `render/log`,
 * `render/live` and `report/ndjson`. The engine emits, never prints.
 */
import type { Experiment, ObjectKey, Stage, Weight } from '../experiment/experiment.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import type { LoadState } from '../judge/record/load-progress.ts';
import type { Recommendation } from '../judge/recommendation.ts';

/** Reasons of conditions and Kubernetes events, in the words of Iter8 0.7. */
export type Reason =
  | 'ExperimentInitialized'
  | 'TargetAcquired'
  | 'StageAdvanced'
  | 'IterationUpdate'
  | 'ExperimentCompleted'
  | 'InvalidExperiment'
  | 'MetricUnavailable'
  | 'MetricsUnreadable'
  | 'AnalyticsServiceError'
  | 'HandlerLaunched'
  | 'HandlerCompleted'
  | 'HandlerFailed'
  | 'LaunchHandlerFailed'
  | 'WeightRedistributionFailed'
  /** Ours. */
  | 'ExperimentAborted';

/** 1: what everybody wants to know; 2: progress; 3: details. */
export type Priority = 1 | 2 | 3;

export interface EventBase {
  /** RFC 3339 with ms, UTC. */
  readonly time: string;
  readonly experiment: ObjectKey;
}

export type { LoadState };

export type EventBody =
  /** The driver holds the experiment and begins, or goes on where an earlier one ended. */
  | { readonly kind: 'driving'; readonly by: string; readonly resumed: boolean }
  /** A condition changed, in the recorded words of Iter8: also a Kubernetes event. */
  | {
      readonly kind: 'condition';
      readonly reason: Reason;
      readonly message: string;
      readonly warning: boolean;
      readonly stage: Stage;
    }
  | {
      readonly kind: 'task-started';
      readonly task: string;
      readonly action: string;
      readonly index: number;
      readonly text: string;
    }
  | {
      readonly kind: 'task-skipped';
      readonly task: string;
      readonly action: string;
      readonly index: number;
      readonly text: string;
    }
  | {
      readonly kind: 'task-done';
      readonly task: string;
      readonly action: string;
      readonly index: number;
      readonly text: string;
    }
  /** It stands still until a person answers: a gate, a pause. */
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'task-retried'; readonly text: string }
  | { readonly kind: 'load'; readonly load: LoadState; readonly assessments: readonly LimitAssessment[] }
  /** A verdict on one side of an objective changed. */
  | { readonly kind: 'verdict'; readonly assessment: LimitAssessment; readonly before: LimitAssessment['verdict'] }
  | {
      readonly kind: 'iteration';
      readonly completed: number;
      readonly total: number;
      readonly skipped: number;
      readonly text: string;
    }
  | {
      readonly kind: 'weights';
      readonly now: readonly Weight[];
      readonly recommended: readonly Weight[];
      readonly text: string;
    }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'stopping'; readonly text: string }
  | { readonly kind: 'recommendation'; readonly recommendation: Recommendation; readonly final: boolean }
  /** The stored object changed (for views of watchers and of the driver alike). */
  | { readonly kind: 'object'; readonly object: Experiment };

export type Event = EventBase & EventBody;

/** Priority of an event in `debug` and logs. */
export function priorityOf(event: EventBody): Priority {
  switch (event.kind) {
    case 'recommendation':
    case 'warning':
    case 'stopping':
    case 'waiting':
    case 'answered':
      return 1;
    case 'condition':
      return event.warning || event.reason === 'ExperimentCompleted' ? 1 : 2;
    case 'verdict':
    case 'driving':
    case 'iteration':
    case 'weights':
    case 'task-retried':
      return 2;
    case 'task-started':
    case 'task-skipped':
    case 'task-done':
    case 'load':
    case 'object':
      return 3;
  }
}
