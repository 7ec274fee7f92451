import { defineConfig } from 'vitest/config';

const suite = process.env['ITER8_TEST_SUITE'] ?? '*';

/**
 * Tests against a real cluster; scripts/test-cluster.mjs starts it and says which suite. First those that keep to namespaces of
 * their own, some files side by side where they wait most of the time. Then, one after another, those that take the whole cluster: they
 * replace CRDs, kill the API server, or run a controller that drives every experiment: no file leaves one behind.
 */
const project = (folder: string, test: object) => ({
  extends: true as const,
  test: { name: folder, include: [`test/cluster/${suite}/${folder}/*.test.ts`], ...test },
});

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    projects: [
      project('own-namespace', {
        sequence: { groupOrder: 0 },
        maxWorkers: suite === 'node' ? 2 : 3,
        globalSetup: ['test/support/own-namespaces.ts'],
      }),
      project('whole-cluster', { sequence: { groupOrder: 1 }, maxWorkers: 1 }),
    ],
    // Of one file (it.concurrent): they wait most of the time, but more of them than this keep two cores so busy that requests leave late.
    maxConcurrency: 5,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
