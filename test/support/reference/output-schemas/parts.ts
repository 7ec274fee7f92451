/** What several kinds of output are made of. Numbers that cannot be said in JSON, such as infinities, are null there. */
import * as z from 'zod';
import { NO_VALUE_REASONS, type NoValueReason } from '../../../../src/judge/no-value-reasons.ts';
import type { LimitAssessment, UndecidedReason } from '../../../../src/judge/assessment.ts';
import type { Recommendation } from '../../../../src/judge/recommendation.ts';
import { OUTPUT_VERSION } from '../../../../src/report/json-text.ts';
import { sameFields, sameValues, type Fields } from './same.ts';

export const apiVersion = z.literal(OUTPUT_VERSION);
export const time = z.string().describe('RFC 3339, UTC.');
export const orNull = z.number().nullable();

/** An enumeration that later versions may add to: what is published takes any text there. */
export const growing = <const T extends readonly string[]>(values: T) => z.enum(values).meta({ grows: true });

export const noValueReason = growing(NO_VALUE_REASONS);
sameValues<NoValueReason, z.infer<typeof noValueReason>>();

export const undecidedReason = growing([
  ...NO_VALUE_REASONS,
  'no-traffic',
  'too-few-requests',
  'too-early',
  'not-enough-evidence',
  'plan-not-done',
  'measuring-not-done',
  'load-too-slow',
  'depends-on-unknown',
  'closed-loop',
  'closed-model',
  'unknown-model',
  'failures-missing',
  'unfinished-missing',
  'no-timeout',
  'unquantified',
  'percentile-value',
  'windows-differ',
  'stale',
  'metric-unavailable',
  'all-under-way',
  'needs-cap',
  'above-cap',
  'limit-outside-cap',
  'limit-not-a-share',
  'limit-not-counted',
  'count-without-evidence',
  'not-comparable',
  'not-paired',
  'only-counters-compare',
  'build-changed',
  'buckets-not-comparable',
]);
sameValues<UndecidedReason, z.infer<typeof undecidedReason>>();

export const unitOfMetric = z.enum(['ms', 'share', 'count', 'plain']);
export const verdict = z.enum(['satisfied', 'violated', 'undecided']);
export const side = z
  .enum(['upper', 'lower'])
  .describe('upper: the value must not exceed the limit; lower: it must not fall below it.');
export const method = z
  .enum(['evidence', 'exact', 'point'])
  .describe('evidence: at the stated confidence; exact: counts compared with the limit; point: values compared.');
export const requestsNeeded = z
  .union([z.number(), z.literal('never')])
  .nullable()
  .describe('Further requests that would settle it if what was seen so far went on; never: none would.');
export const relative = z
  .object({
    to: z.string().describe('The version that it is compared with.'),
    percent: z.number().optional(),
    increase: z.number().optional(),
    pairs: z.number().optional().describe('Requests of the same tick.'),
  })
  .describe('Of a relative objective: its limit is where it lies at the present value of that version.');
export const recommendationVerdict = z.enum(['promote', 'do not promote', 'undecided', 'failed']);

export const weights = z
  .array(z.object({ name: z.string().describe('The version.'), value: z.number().describe('In percent.') }))
  .meta({ id: 'Weights' });

/** As events have it: what is not known is absent. */
export const assessment = z
  .object({
    version: z.string(),
    objective: z.number().describe('Position in spec.criteria.objectives; relative ones stand behind them.'),
    metric: z.string(),
    side,
    limit: z.number(),
    unit: unitOfMetric,
    method,
    verdict,
    reason: undecidedReason.optional(),
    detail: z.string().optional(),
    backend: z.boolean().optional().describe('Measured by a backend: more load does not help.'),
    relative: relative.optional(),
    n: z.number().describe('Requests behind the estimate.'),
    estimate: orNull.optional(),
    serviceEstimate: orNull.optional().describe('From the actual send, when it differs by more than 10 %.'),
    lower: orNull.optional(),
    upper: orNull.optional(),
    count: z.object({ n: z.number(), bad: z.number() }).optional().describe('Requests on the wrong side of the limit.'),
    lnSatisfied: orNull.optional(),
    lnViolated: orNull.optional(),
    lnSatisfiedNeeded: orNull.optional(),
    lnViolatedNeeded: orNull.optional(),
    requestsNeeded: requestsNeeded.optional(),
    cap: z.number().optional().describe('The largest value that counts, where the reason is about it.'),
  })
  .meta({ id: 'Assessment', description: 'One side of one objective for one version.' });
sameFields<Fields<LimitAssessment>, Fields<z.infer<typeof assessment>>>();

/** As events have it. */
export const recommendation = z
  .object({
    verdict: recommendationVerdict,
    version: z.string().optional(),
    keepsBaseline: z.boolean().describe('The version is the baseline, which is to be kept.'),
    reasons: z.array(z.string()),
  })
  .meta({ id: 'Recommendation' });
sameFields<Fields<Recommendation>, Fields<z.infer<typeof recommendation>>>();
