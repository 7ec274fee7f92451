/** `kind: Verdict` and `kind: Error` of the HTTP API. */
import * as z from 'zod';
import type { errorJson } from '../../../../src/api/answer.ts';
import type { verdictJson } from '../../../../src/api/verdict-view.ts';
import { measured, objectiveFields } from './experiment-view.ts';
import { apiVersion, time } from './parts.ts';
import { sameFields, type Fields } from './same.ts';

export const verdictAnswer = z.object({
  apiVersion,
  kind: z.literal('Verdict'),
  verdict: z
    .enum(['satisfied', 'violated', 'inconclusive'])
    .describe('Of all objectives together; inconclusive: neither is shown.'),
  version: z.string().nullable().describe('The version that the verdict is about, or the one to keep.'),
  reason: z.string().describe('The first of the reasons.'),
  reasons: z.array(z.string()),
  window: z.object({ from: time, to: time }).describe('What was asked about.'),
  objectives: z.array(z.object(objectiveFields)),
  measured: z.array(measured),
  warnings: z.array(z.string()),
});
sameFields<Fields<ReturnType<typeof verdictJson>>, Fields<z.infer<typeof verdictAnswer>>>();

export const apiError = z.object({
  apiVersion,
  kind: z.literal('Error'),
  status: z.number().describe('The HTTP status.'),
  message: z.string(),
  details: z.array(z.string()).describe('All problems of the request, each with its field.'),
});
sameFields<Fields<ReturnType<typeof errorJson>>, Fields<z.infer<typeof apiError>>>();
