/** When cluster-kill-drill.ts kills a driver. */
import { GATE, PLANNED } from './cluster-kill-experiment.ts';
import type { Driver } from './cluster-kill-drill.ts';

/** What a drill sees of its driver from outside. */
export type Seen =
  | { readonly kind: 'request'; readonly k: number }
  | { readonly kind: 'message' }
  | { readonly kind: 'weights' | 'status'; readonly isAnswered: boolean; readonly body: string };

/** Where a driver is killed: at once, or so many ms after what was seen. */
export interface Moment {
  readonly sees: (seen: Seen) => boolean;
  readonly withinMs: number;
}

/** How long a gate waits for its person. */
export const APPROVED_AFTER_MS = 1_500;

const status = (seen: Seen, pattern: RegExp): boolean =>
  seen.kind === 'status' && seen.isAnswered && pattern.test(seen.body);

const runs = (task: string): RegExp => new RegExp(`"${task}":\\{[^}]*"state":"running"`);

/** The gate waits for a person. */
export const isAsked = (seen: Seen): boolean => status(seen, new RegExp(`"waiting":\\{[^}]*"task":"${GATE}"`));

export function momentsOf(driver: Driver, random: () => number): Readonly<Record<string, Moment>> {
  const k = Math.floor(random() * 2 * PLANNED);
  return {
    'a start task': { sees: (seen) => status(seen, runs('start/0')), withinMs: 300 },
    'mid-load': { sees: (seen) => seen.kind === 'request' && seen.k >= k, withinMs: 0 },
    // Nobody stands between a pod and the API server.
    ...(driver === 'pod'
      ? {}
      : {
          'a weight patch that has not arrived': {
            sees: (seen: Seen) => seen.kind === 'weights' && !seen.isAnswered,
            withinMs: 0,
          },
          'a weight patch that is not answered': {
            sees: (seen: Seen) => seen.kind === 'weights' && seen.isAnswered,
            withinMs: 0,
          },
        }),
    'what follows a weight patch': { sees: (seen) => seen.kind === 'weights' && seen.isAnswered, withinMs: 400 },
    'a save that is not answered': { sees: (seen) => status(seen, /./) && random() < 0.2, withinMs: 0 },
    'between iterations': { sees: (seen) => status(seen, /"completedIterations":[1-9]/), withinMs: 1_800 },
    'a message': { sees: (seen) => seen.kind === 'message', withinMs: 0 },
    'a finish task': { sees: (seen) => status(seen, runs('finish/0')), withinMs: 300 },
    // Before somebody approves, at that moment, and after it.
    'a gate': { sees: isAsked, withinMs: 2 * APPROVED_AFTER_MS },
    anywhere: { sees: () => true, withinMs: 25_000 },
  };
}
