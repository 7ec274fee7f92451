/** `kind: Explanation`, and the story that `debug` shows. */
import * as z from 'zod';
import type { StoryLine } from '../../../../src/render/event-history.ts';
import type { jsonView } from '../../../../src/report/json-view.ts';
import type { ExplainedLimit } from '../../../../src/view/explanation.ts';
import { answer, experiment, measured, objectiveFields } from './experiment-view.ts';
import { apiVersion, orNull } from './parts.ts';
import { sameFields, type Fields } from './same.ts';

const odds = z.object({ odds: orNull.describe('To 1, an e-value; null: beyond all numbers.'), needed: orNull });

export const explanation = z.object({
  apiVersion,
  kind: z.literal('Explanation'),
  experiment,
  recommendation: answer,
  limits: z
    .array(
      z.object({
        ...objectiveFields,
        within: odds.optional().describe('That the value is within its limit.'),
        beyond: odds.optional().describe('That the value is beyond its limit.'),
        turns: z
          .object({
            satisfiedFrom: z.number().optional().describe('The strictest limit that would be satisfied.'),
            violatedBeyond: z.number().optional().describe('Every stricter limit would be violated.'),
          })
          .optional()
          .describe('In the unit of the objective; absent where something else than the limit is in the way.'),
        measured: measured.optional(),
      }),
    )
    .describe('The one that matters most first.'),
});

type View = ReturnType<typeof jsonView>;
type Limit = View['objectives'][number] & Omit<ExplainedLimit, 'assessment'>;
sameFields<
  Fields<Pick<View, 'apiVersion' | 'kind' | 'experiment' | 'recommendation'> & { limits: Limit[] }>,
  Fields<z.infer<typeof explanation>>
>();

export const story = z.object({
  apiVersion,
  kind: z.literal('Story'),
  experiment: z.string(),
  namespace: z.string(),
  lines: z.array(
    z.object({
      time: z.string().describe('RFC 3339; empty when it is not known.'),
      priority: z.number().describe('1: what everybody wants to know, 2: progress, 3: details.'),
      text: z.string(),
      source: z.enum(['record', 'condition', 'event']),
    }),
  ),
});
sameFields<Fields<StoryLine>, Fields<z.infer<typeof story>['lines'][number]>>();
