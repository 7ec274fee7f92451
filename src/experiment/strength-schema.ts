/** The schema of spec.criteria.strength. Source: docs/behavior.md 11. */
import * as z from 'zod';
import './zod-settings.ts';
import { quantitySchema } from './experiment-schema.ts';
import { isQuantity, toNumber } from './quantity.ts';
import { expectedGot } from './schema-issues.ts';

/** A quantity within a range, as a number. */
const amount = (expected: string, accepts: (value: number) => boolean) =>
  z.unknown().transform((written, context): number => {
    const value = isQuantity(written) ? toNumber(written) : Number.NaN;
    if (accepts(value)) return value;
    context.issues.push({ code: 'custom', input: written, message: expectedGot(expected, written) });
    return z.NEVER;
  });

const seconds = amount('a number of seconds, 0 or more', (value) => value >= 0 && value <= 1e9);
const requests = amount('a number of requests, 0 or more', (value) => value >= 0 && Number.isSafeInteger(value));
const increase = amount('a number, 0 or more', (value) => value >= 0 && Number.isFinite(value));

const CONFIDENCE = 'a number above 0.5 and below 1, such as 0.95, or none';
const confidence = z.union([z.literal('none'), amount(CONFIDENCE, (value) => value > 0.5 && value < 1)], {
  error: (issue) => expectedGot(CONFIDENCE, issue.input),
});

/** Exactly one of the two ways to say how much. */
const relativeSchema = z
  .strictObject({
    metric: z.string().min(1),
    maxIncreasePercent: increase.optional(),
    maxIncrease: increase.optional(),
  })
  .check((context) => {
    const { maxIncreasePercent, maxIncrease } = context.value;
    if ((maxIncreasePercent === undefined) === (maxIncrease === undefined)) {
      const message = 'expected either maxIncreasePercent or maxIncrease';
      context.issues.push({ code: 'custom', input: context.value, message });
    }
  });

const capSchema = z.strictObject({
  metric: z.string().min(1),
  max: quantitySchema.refine((written) => toNumber(written) > 0, {
    error: (issue) => expectedGot('a quantity above 0', issue.input),
  }),
});

const noDataVerdict = z.enum(['undecided', 'violated']);

/** The settings as they may be written: every key optional, unknown ones refused. */
export const strengthSchema = z.strictObject({
  confidence: confidence.optional(),
  extend: z.boolean().optional(),
  maxSeconds: seconds.optional(),
  maxRequests: requests.optional(),
  minSeconds: seconds.optional(),
  minRequests: requests.optional(),
  inFlightSeconds: seconds.optional(),
  rewardDelay: seconds.optional(),
  stopEarly: z.boolean().optional(),
  noData: noDataVerdict.optional(),
  noDataFor: z.array(z.strictObject({ metric: z.string().min(1), verdict: noDataVerdict })).optional(),
  relative: z.array(relativeSchema).optional(),
  margin: amount('a percentage from 0 to 100', (value) => value >= 0 && value <= 100).optional(),
  cap: z.array(capSchema).optional(),
  policy: z.enum(['progressive', 'bandit']).optional(),
  onChange: z.enum(['undecided', 'restart']).optional(),
});

export type WrittenStrength = z.infer<typeof strengthSchema>;
