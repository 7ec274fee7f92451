/** `kind: SelfComparison`. */
import * as z from 'zod';
import type { plainSelfComparison } from '../../../../src/report/self-comparison.ts';
import { apiVersion, growing, orNull } from './parts.ts';
import { head } from './run-comparison.ts';
import { sameFields, type Fields } from './same.ts';

export const selfComparison = z.object({
  apiVersion,
  kind: z.literal('SelfComparison'),
  run: head,
  requestsOfHalf: z.number().describe('Of each half, on average.'),
  confidence: z.number(),
  splits: z.number(),
  seed: z.number().describe('Of the divisions: the same seed gives the same answer.'),
  pieceSeconds: z.number().describe('Requests that are so near in time stay together.'),
  falseAlarms: z.number().describe('Splits in which a difference was shown in some row.'),
  answer: growing(['within', 'more', 'open']).describe(
    'within: no more false alarms than the confidence allows; more: more are shown; open: so few requests show nothing.',
  ),
  headline: z.string().describe('The first line of the text.'),
  rows: z.array(
    z.object({
      metric: z.string(),
      unit: z.enum(['milliseconds', 'ratio', 'count', 'value']),
      estimate: z.number(),
      n: z.number().describe('Of all requests.'),
      noise: z.number().describe('95 % of the halves differ by no more.'),
      detectable: orNull.describe('An increase that is shown in four of five comparisons of two halves.'),
    }),
  ),
  notes: z.array(z.string()),
});
sameFields<Fields<ReturnType<typeof plainSelfComparison>>, Fields<z.infer<typeof selfComparison>>>();
