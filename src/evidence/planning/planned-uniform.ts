const MODULUS = 2_147_483_647;

/** Multiplicative congruential numbers (Park and Miller 1988): good enough to plan with. */
export function plannedUniform(seed: number): () => number {
  let state = seed;
  return () => {
    // The remainder, ten times as fast as `%`, which asks a function for numbers of that size. The quotient may be off by one.
    const product = state * 48_271;
    const rest = product - Math.floor(product / MODULUS) * MODULUS;
    state = rest < 0 ? rest + MODULUS : rest >= MODULUS ? rest - MODULUS : rest;
    return state / MODULUS;
  };
}
