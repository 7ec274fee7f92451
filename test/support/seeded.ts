/** What the simulations draw from: the same for the same seed. */
import { seededUniform, type Uniform } from '../../src/traffic/seeded-random.ts';

export const seeded = (seed: number): Uniform => seededUniform(seed, 'simulation');

/** Hits of `n` requests. */
export function hitsOf(uniform: Uniform, n: number, share: number): number {
  let hits = 0;
  for (let i = 0; i < n; i++) if (uniform() < share) hits += 1;
  return hits;
}

/** A wrong claim in at most alpha of the runs, up to three standard errors of the simulation. */
export function mostWrong(runs: number, alpha = 0.05): number {
  return alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / runs);
}
