/** `kind: ExperimentView`, and the list of it. */
import * as z from 'zod';
import type { jsonList, jsonView } from '../../../../src/report/json-view.ts';
import {
  apiVersion,
  method,
  noValueReason,
  orNull,
  recommendationVerdict,
  relative,
  requestsNeeded,
  side,
  time,
  undecidedReason,
  verdict,
  weights,
} from './parts.ts';
import { sameFields, type Fields } from './same.ts';

const unit = z.enum(['milliseconds', 'ratio', 'count', 'value']);

export const experiment = z
  .object({
    name: z.string(),
    namespace: z.string(),
    target: z.string(),
    pattern: z.string().describe('spec.strategy.testingPattern.'),
    deploymentPattern: z.string(),
    stage: z.string().nullable().describe('null before it was started.'),
    completed: z.boolean().describe('It has ended.'),
    drivenBy: z
      .string()
      .nullable()
      .optional()
      .describe('Who drives it; null: nobody. Absent when it has ended, or when that is not known.'),
    completedIterations: z.number(),
    totalIterations: z.number(),
    createdAt: time.nullable(),
    startedAt: time.nullable(),
    changedAt: time.nullable(),
  })
  .meta({ id: 'ExperimentSummary' });

export const answer = z
  .object({
    verdict: recommendationVerdict,
    version: z.string().nullable().describe('The version that the verdict is about, or the one to keep.'),
    reason: z.string().describe('The first of the reasons.'),
    reasons: z.array(z.string()),
    headline: z.string().describe('The first line of describe.'),
    judgedAnew: z.string().optional().describe('Of objects of Iter8 0.7: our answer for what it recorded.'),
  })
  .meta({ id: 'Answer' });

/** The fields of one, for kinds that add to them. */
export const objectiveFields = {
  metric: z.string(),
  version: z.string(),
  limit: z.number(),
  side,
  unit,
  estimate: orNull,
  lower: orNull.describe('With the confidence asked for, the true value is at least this.'),
  upper: orNull.describe('With the confidence asked for, the true value is at most this.'),
  n: z.number().describe('Requests behind it.'),
  evidence: z.object({
    method,
    lnSatisfied: orNull,
    lnSatisfiedNeeded: orNull,
    lnViolated: orNull,
    lnViolatedNeeded: orNull,
  }),
  verdict,
  reason: undecidedReason.nullable(),
  detail: z.string().optional(),
  relative: relative.optional(),
  requestsNeeded: requestsNeeded.optional(),
};

const observation = z.object({
  version: z.string(),
  endpoint: z.string().optional(),
  requests: z.number(),
  errors: z.number(),
  codes: z.record(z.string(), z.number()).describe('Requests by HTTP code, or by what went wrong.'),
  reconnects: z.number(),
  late: z.number().describe('Requests that left late by our own fault.'),
  latency: z
    .object({
      unit: z.literal('milliseconds'),
      answers: z.number().describe('Requests that got an HTTP answer.'),
      mean: z.number(),
      min: z.number(),
      max: z.number(),
      percentiles: z.record(z.string(), z.number()),
    })
    .nullable()
    .describe('null when there is no histogram, or no answer.'),
});

export const measured = z
  .object({
    metric: z.string(),
    version: z.string(),
    type: z.enum(['Counter', 'Gauge']),
    units: z.string().optional(),
    value: orNull.optional().describe('Absent until a measurement succeeded.'),
    at: time.optional(),
    n: orNull.optional().describe('Data points behind the value.'),
    cumulative: z.boolean().describe('Each value holds everything since the start.'),
    windowsDiffer: z.boolean().optional(),
    extrapolated: z.boolean().describe('It comes from counters that the backend extrapolates.'),
    query: z.string().describe('As it was asked, without secrets.'),
    growth: z
      .object({ cap: z.number(), ledger: z.record(z.string(), z.unknown()).describe('Internal.') })
      .optional()
      .describe('What a value that holds everything since the start grew by.'),
    failure: z
      .object({
        reason: noValueReason.optional(),
        message: z.string(),
        since: time,
        count: z.number().describe('In a row.'),
      })
      .optional(),
    sizeFailure: z.object({ reason: noValueReason, message: z.string(), query: z.string() }).optional(),
    warnings: z.array(z.string()).optional().describe('What the backend says beside the value.'),
  })
  .meta({ id: 'Measured' });

const reward = z.object({
  metric: z.string(),
  preferred: z.enum(['High', 'Low']),
  state: z.enum(['winner', 'tie', 'open']),
  winner: z.string().optional(),
  best: z.array(z.string()).describe('By point value; several when equal.'),
  values: z.record(z.string(), z.object({ value: orNull, n: orNull.optional() })),
  reason: z.string(),
  lnEvidence: orNull.optional(),
  lnNeeded: orNull.optional(),
});

const body = {
  experiment,
  recommendation: answer,
  objectives: z.array(z.object(objectiveFields)),
  observations: z.array(observation),
  recorded: z
    .array(z.object({ metric: z.string(), version: z.string(), value: orNull, unit }))
    .optional()
    .describe('Only of objects of Iter8 0.7: what it recorded.'),
  measured: z.array(measured).optional().describe('Only with custom metrics.'),
  rewards: z.array(reward),
  weights: z.object({
    known: z.boolean().describe('An object says what `now` is; otherwise it is the default.'),
    now: weights,
    recommended: weights,
    observed: weights.optional().describe('Of the requests that a backend counted.'),
    steps: z.array(weights).optional().describe('The splits that the experiment has made.'),
  }),
  waiting: z
    .object({
      kind: z.enum(['gate', 'pause']),
      since: time,
      until: time.optional(),
      task: z.string().optional(),
      message: z.string().optional(),
      by: z.string().optional(),
      answers: z.object({ approve: z.string(), reject: z.string(), resume: z.string() }).describe('Commands to type.'),
    })
    .optional()
    .describe('Only while a person is waited for.'),
  warnings: z.array(z.string()),
  failures: z.array(z.object({ reason: z.string(), message: z.string() })),
};

export const experimentView = z.object({ apiVersion, kind: z.literal('ExperimentView'), ...body });
sameFields<Fields<ReturnType<typeof jsonView>>, Fields<z.infer<typeof experimentView>>>();

export const experimentViewList = z.object({
  apiVersion,
  kind: z.literal('ExperimentViewList'),
  items: z.array(z.object(body).meta({ id: 'Item' })),
});
sameFields<Fields<ReturnType<typeof jsonList>>, Fields<z.infer<typeof experimentViewList>>>();
