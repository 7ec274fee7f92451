/** `kind: RunComparison`. */
import * as z from 'zod';
import type { plainRunComparison } from '../../../../src/report/run-comparison.ts';
import { apiVersion, growing, orNull } from './parts.ts';
import { sameFields, type Fields } from './same.ts';

export const head = z
  .object({
    name: z.string().describe('As it was named: an experiment, or a file.'),
    version: z.string().nullable().describe('null: results of one version, which they do not name.'),
    tool: z.string().nullable().describe('The tool that measured it; null: iter8ctl.'),
    requests: z.number(),
    seconds: orNull.describe('Of load; null where that is not known.'),
    requestsPerSecond: orNull,
  })
  .meta({ id: 'Run' });

const side = z
  .object({
    n: z.number().describe('Requests, or data points, behind it.'),
    estimate: orNull,
    lower: orNull.describe('With the confidence asked for, by itself, the true value is at least this.'),
    upper: orNull.describe('With the confidence asked for, by itself, the true value is at most this.'),
  })
  .meta({ id: 'Side' });

const bounds = { lower: orNull, upper: orNull };

export const runComparison = z.object({
  apiVersion,
  kind: z.literal('RunComparison'),
  a: head,
  b: head,
  confidence: z.number().describe('That all differences hold together.'),
  answer: growing(['regression', 'none', 'undecided']).describe(
    'none: no regression is shown, and one could have been; undecided: it cannot be determined in any row.',
  ),
  headline: z.string().describe('The first line of the text.'),
  rows: z.array(
    z.object({
      metric: z.string(),
      endpoint: z.string().optional(),
      unit: z.enum(['milliseconds', 'ratio', 'count', 'value']),
      better: z.enum(['lower', 'higher']).nullable().describe('Which values are better; null: nobody says.'),
      a: side,
      b: side,
      difference: z
        .object({ estimate: orNull, ...bounds })
        .describe('B minus A; its bounds hold together with all others.'),
      ratio: z.object(bounds).describe('B over A, at the same confidence.'),
      answer: growing(['better', 'worse', 'higher', 'lower', 'none', 'unknown', 'not-judged']).describe(
        'What is shown of B; none: no difference is shown, and one could have been; unknown: it cannot be determined.',
      ),
      reason: z.string().optional().describe('Why it cannot be determined, or not in one direction.'),
    }),
  ),
  notes: z.array(z.string()).describe('What limits what the differences mean.'),
});
sameFields<Fields<ReturnType<typeof plainRunComparison>>, Fields<z.infer<typeof runComparison>>>();
