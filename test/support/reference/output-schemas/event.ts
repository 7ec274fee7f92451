/** One line of `-o ndjson`. */
import * as z from 'zod';
import type { Event, Reason } from '../../../../src/drive/events.ts';
import { STAGES } from '../../../../src/experiment/experiment.ts';
import { apiVersion, assessment, growing, recommendation, time, verdict, weights } from './parts.ts';
import { sameFields, sameValues, type Fields } from './same.ts';

const reason = growing([
  'ExperimentInitialized',
  'TargetAcquired',
  'StageAdvanced',
  'IterationUpdate',
  'ExperimentCompleted',
  'InvalidExperiment',
  'MetricUnavailable',
  'MetricsUnreadable',
  'AnalyticsServiceError',
  'HandlerLaunched',
  'HandlerCompleted',
  'HandlerFailed',
  'LaunchHandlerFailed',
  'WeightRedistributionFailed',
  'ExperimentAborted',
]);
sameValues<Reason, z.infer<typeof reason>>();

const load = z
  .object({
    task: z.string().describe('Action and position of the task: start/0.'),
    state: z.enum(['warming-up', 'running', 'draining', 'ended']),
    elapsedSeconds: z.number(),
    ratePerSec: z.number().describe('Per version; 0 for a closed loop.'),
    plannedRequests: z.number().nullable().optional(),
    plannedSeconds: z.number().nullable().optional().describe('null: as long as it takes.'),
    extending: z.boolean().describe('The plan is done, and load goes on because an objective is undecided.'),
    maxRequests: z.number().nullable().optional(),
    versions: z.array(
      z.object({
        version: z.string(),
        sent: z.number(),
        resolved: z.number(),
        needed: z.number().nullable().optional().describe('Requests that would settle its verdicts.'),
      }),
    ),
    late: z.number().describe('Requests that left late by our own fault.'),
  })
  .meta({ id: 'Load' });

const text = z.string().describe('A sentence.');
const task = { task: z.string(), action: z.string(), index: z.number().describe('Position in its action.'), text };
const event = <const K extends string, const F extends z.ZodRawShape>(kind: K, fields: F) =>
  z.object({
    apiVersion,
    time,
    experiment: z.object({ namespace: z.string(), name: z.string() }),
    kind: z.literal(kind),
    ...fields,
  });

export const ndjsonEvent = z.discriminatedUnion('kind', [
  event('driving', { by: z.string(), resumed: z.boolean().describe('It goes on where an earlier driver ended.') }),
  event('condition', { reason, message: z.string(), warning: z.boolean(), stage: z.enum(STAGES) }),
  event('task-started', task),
  event('task-skipped', task),
  event('task-done', task),
  event('task-retried', { text }),
  event('waiting', { text }),
  event('answered', { text }),
  event('load', { load, assessments: z.array(assessment) }),
  event('verdict', { assessment, before: verdict }),
  event('iteration', { completed: z.number(), total: z.number(), skipped: z.number(), text }),
  event('weights', { now: weights, recommended: weights, text }),
  event('warning', { text }),
  event('stopping', { text }),
  event('recommendation', { recommendation, final: z.boolean() }),
  event('object', {
    resourceVersion: z.string().optional(),
    stage: z.string().optional().describe('Absent before it was started.'),
  }),
]);

// Stored objects are named in what is printed, not repeated.
type Printed =
  | (Exclude<Event, { readonly kind: 'object' }> & { readonly apiVersion: string })
  | {
      apiVersion: string;
      time: string;
      experiment: Event['experiment'];
      kind: 'object';
      resourceVersion?: string;
      stage?: string;
    };
sameFields<Fields<Printed>, Fields<z.infer<typeof ndjsonEvent>>>();
sameValues<Event['kind'], z.infer<typeof ndjsonEvent>['kind']>();
