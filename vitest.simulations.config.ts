import base from './vitest.config.ts';

/** Seeded simulations: how often the statistics are wrong, and what an answer costs. They take as long as all other tests. */
export default {
  ...base,
  test: { ...base.test, include: ['test/**/*-simulation.test.ts'], exclude: ['**/node_modules/**'] },
};
