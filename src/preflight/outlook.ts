/** What `run` would come to, from everything that stands in its way: for `plan`. Pure. */

/** The worst first. */
const OUTLOOKS = ['refused', 'forbidden', 'fails', 'unreachable', 'never', 'open', 'decided'] as const;

/**
 * `refused`: `run` does not start it. `forbidden`: the account may not drive it. `fails`: the experiment would fail.
 * `unreachable`: what it sends load to, or asks, gives no answer. `never`: nothing that is sent or counted can decide it. `open`:
 * it may end undecided. `decided`: in most runs it would be decided.
 */
export type Outlook = (typeof OUTLOOKS)[number];

/** A sentence about what stands in the way. */
export interface Obstacle {
  readonly kind: Exclude<Outlook, 'decided'>;
  readonly text: string;
}

export interface Expectation {
  readonly outlook: Outlook;
  /** Every obstacle once, the worst first. */
  readonly reasons: readonly string[];
}

export function expectationOf(obstacles: readonly Obstacle[]): Expectation {
  const sorted = obstacles.toSorted((a, b) => OUTLOOKS.indexOf(a.kind) - OUTLOOKS.indexOf(b.kind));
  return { outlook: sorted[0]?.kind ?? 'decided', reasons: [...new Set(sorted.map(({ text }) => text))] };
}
