/**
 * Random numbers that are the same for the same seed and name: so that a split can be explained, replayed, and does not depend on
 * the order in which versions are listed. Not for secrets.
 *
 * Source: mulberry32 (Tommy Ettinger, public domain); FNV-1a (Fowler, Noll, Vo); Box and Muller 1958; Marsaglia and Tsang
 * 2000, "A simple method for generating gamma variables", ACM TOMS 26(3).
 */

/** A number in [0, 1). */
export type Uniform = () => number;

const FNV_PRIME = 0x01000193;

/** The stream of a seed (a whole number) and a name. */
export function seededUniform(seed: number, name: string): Uniform {
  let hash = 0x811c9dc5;
  // Byte by byte, as the name: mixed in at once, seed 1 of "a" would be seed 2 of "b".
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), FNV_PRIME);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), FNV_PRIME);
  let state = hash >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal. */
export function drawNormal(uniform: Uniform): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Gamma with scale 1, `shape` at least 1. */
function drawGamma(uniform: Uniform, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(uniform);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = 1 - uniform();
    const square = x * x;
    // The first accepts most without a logarithm, and nothing that the second does not.
    if (u < 1 - 0.0331 * square * square || Math.log(u) < square * 0.5 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Beta, both parameters at least 1. */
export function drawBeta(uniform: Uniform, a: number, b: number): number {
  const x = drawGamma(uniform, a);
  return x / (x + drawGamma(uniform, b));
}
