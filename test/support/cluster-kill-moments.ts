/** When cluster-kill-drill.ts kills a driver. */
import { PLANNED } from './cluster-kill-experiment.ts';

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

const status = (seen: Seen, pattern: RegExp): boolean =>
  seen.kind === 'status' && seen.isAnswered && pattern.test(seen.body);

export function momentsOf(random: () => number): Readonly<Record<string, Moment>> {
  const k = Math.floor(random() * 2 * PLANNED);
  return {
    'a start task': { sees: (seen) => status(seen, /"start\/0":\{"state":"running"/), withinMs: 300 },
    'mid-load': { sees: (seen) => seen.kind === 'request' && seen.k >= k, withinMs: 0 },
    'a weight patch that has not arrived': { sees: (seen) => seen.kind === 'weights' && !seen.isAnswered, withinMs: 0 },
    'a weight patch that is not answered': { sees: (seen) => seen.kind === 'weights' && seen.isAnswered, withinMs: 0 },
    'what follows a weight patch': { sees: (seen) => seen.kind === 'weights' && seen.isAnswered, withinMs: 400 },
    'a save that is not answered': { sees: (seen) => status(seen, /./) && random() < 0.2, withinMs: 0 },
    'between iterations': { sees: (seen) => status(seen, /"completedIterations":[1-9]/), withinMs: 1_800 },
    'a message': { sees: (seen) => seen.kind === 'message', withinMs: 0 },
    'a finish task': { sees: (seen) => status(seen, /"finish\/0":\{"state":"running"/), withinMs: 300 },
    anywhere: { sees: () => true, withinMs: 25_000 },
  };
}
