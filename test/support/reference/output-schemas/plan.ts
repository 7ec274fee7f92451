/** `kind: Plan`. */
import * as z from 'zod';
import type { Outlook } from '../../../../src/preflight/outlook.ts';
import type { Preflight } from '../../../../src/view/plan-view.ts';
import { apiVersion, noValueReason, orNull, relative, side, unitOfMetric, weights } from './parts.ts';
import { sameFields, sameValues, type Fields } from './same.ts';

const outlook = z.enum(['refused', 'forbidden', 'fails', 'unreachable', 'never', 'open', 'decided']);
sameValues<Outlook, z.infer<typeof outlook>>();

const planned = orNull.optional().describe('Per version; absent or null: not known before, as in a closed loop.');

const load = z.object({
  tasks: z.array(
    z.object({
      action: z.string(),
      index: z.number().describe('Position in its action.'),
      times: z.number().describe('A loop task is performed in each loop.'),
      versions: z.array(z.string()),
      endpoints: z
        .record(z.string(), z.array(z.string()))
        .optional()
        .describe('Of each version, names of those that share its requests; absent: none has a name.'),
      ratePerSec: z.number().describe('0: a closed loop.'),
      plannedRequests: planned,
      plannedSeconds: orNull.describe('null: as long as it takes.'),
      mostRequests: planned.describe('With the extension.'),
      mostSeconds: orNull,
      timeoutMs: z.number(),
    }),
  ),
  plannedRequests: planned,
  mostRequests: planned,
  mostSeconds: orNull,
  ratePerSec: z.number(),
  closedLoop: z.boolean(),
});

const needed = z.object({
  average: orNull,
  half: orNull.describe('Enough in half of the runs; null: never.'),
  most: orNull.describe('Enough in 80 % of the runs.'),
  nearlyAll: orNull.describe('Enough in 95 % of the runs.'),
});

const power = z.object({
  metric: z.string(),
  side,
  limit: z.number(),
  unit: unitOfMetric,
  needed: needed.optional().describe('Requests until it is satisfied at the assumed truth.'),
  assumed: z
    .object({ kind: z.enum(['errors', 'slower', 'value']), value: orNull })
    .optional()
    .describe('errors and slower are shares of the requests; a value has the unit of its row.'),
  isMeasured: z.literal(true).optional().describe('An earlier run showed it.'),
  relative: relative.optional(),
  fewest: orNull.optional().describe('Requests below which it cannot be satisfied whatever they say.'),
  decided: z.enum(['yes', 'extending', 'depends', 'seldom', 'no']),
  remark: z.string().optional(),
});

export const plan = z.object({
  apiVersion,
  kind: z.literal('Plan'),
  name: z.string(),
  expectation: z.object({ outlook, reasons: z.array(z.string()).describe('The worst first.') }),
  wouldBeDecided: z.boolean(),
  source: z.string(),
  problems: z.array(z.string()).describe('Sentences about the manifest.'),
  permissions: z
    .object({ granted: z.number(), total: z.number(), missing: z.array(z.string()) })
    .optional()
    .describe('Absent without a cluster.'),
  metrics: z.array(
    z.object({
      metric: z.string(),
      version: z.string(),
      ok: z.boolean(),
      text: z.string().describe('The value, or why there is none.'),
      query: z.string().describe('What was asked, without secrets.'),
      value: orNull.optional(),
      reason: noValueReason.optional(),
      sizeQuery: z.string().optional(),
      warnings: z.array(z.string()).optional(),
    }),
  ),
  traffic: z
    .object({ now: weights, ahead: z.array(weights) })
    .optional()
    .describe('Absent where no traffic is moved.'),
  gates: z
    .array(
      z.object({
        task: z.string().describe('finish/0; loop/0 waits after each loop.'),
        message: z.string().optional(),
        timeoutSeconds: z.number(),
        condition: z.string().optional().describe('It waits only where this holds.'),
        holdsTraffic: z.literal(true).optional().describe('The full weight of who is promoted waits for it, too.'),
      }),
    )
    .describe('Where it will wait for a person.'),
  targets: z.array(
    z.object({
      version: z.string(),
      url: z.string(),
      ok: z.boolean(),
      text: z.string(),
      redirects: z.literal(true).optional(),
    }),
  ),
  load,
  power: z.array(power),
  reward: z
    .object({
      metric: z.string(),
      preferred: z.enum(['High', 'Low']),
      needed: orNull.optional(),
      between: z.array(orNull).optional().describe('The two values that so many data points distinguish.'),
      unit: z.enum(['ms', 'share', 'plain']).optional(),
      problem: z.string().optional(),
    })
    .optional(),
});
sameFields<Fields<Preflight & { apiVersion: string; kind: string }>, Fields<z.infer<typeof plan>>>();
