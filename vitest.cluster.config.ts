import { defineConfig } from 'vitest/config';

/** Tests against a real cluster; scripts/test-cluster.mjs starts it and says which. One file after another: they share it. */
export default defineConfig({
  test: {
    include: [`test/cluster/${process.env['ITER8_TEST_SUITE'] ?? '*'}/**/*.test.ts`],
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    fileParallelism: false,
    // Tests that may run at once (it.concurrent) wait most of the time.
    maxConcurrency: 10,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
