/** Multiplicative congruential numbers (Park and Miller 1988): good enough to plan with. */
export function plannedUniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
