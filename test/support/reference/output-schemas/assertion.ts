/** `kind: Assertion`. */
import * as z from 'zod';
import type { plainAssertion } from '../../../../src/report/assertion.ts';
import { ASSERTIONS, type Assertion } from '../../../../src/judge/assert-conditions.ts';
import { apiVersion, growing } from './parts.ts';
import { sameFields, sameValues, type Fields } from './same.ts';

const condition = growing(ASSERTIONS);
sameValues<Assertion, z.infer<typeof condition>>();

export const assertion = z.object({
  apiVersion,
  kind: z.literal('Assertion'),
  experiment: z.string(),
  namespace: z.string(),
  holds: z.boolean().describe('Every condition holds.'),
  conditions: z.array(
    z.object({
      condition,
      state: z.enum(['holds', 'never', 'may']).describe('never: it cannot hold any more; may: it does not hold yet.'),
    }),
  ),
});
sameFields<Fields<ReturnType<typeof plainAssertion>>, Fields<z.infer<typeof assertion>>>();
