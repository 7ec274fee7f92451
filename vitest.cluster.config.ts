import { defineConfig } from 'vitest/config';

const suite = process.env['ITER8_TEST_SUITE'] ?? '*';

/**
 * Tests against a real cluster; scripts/test-cluster.mjs starts it and says which suite. First those that keep to namespaces of
 * their own, some files side by side where they wait most of the time. Then, one after another, those that take the whole cluster: they
 * replace CRDs, kill the API server, or run a controller that drives every experiment. On a node, whose users, gateways and Prometheus
 * have the same two cores, all go one after another, in an order of Vitest's own: no file leaves a controller behind.
 */
const project = (folder: string, order: number, maxWorkers: number) => ({
  extends: true as const,
  test: {
    name: folder,
    include: [`test/cluster/${suite}/${folder}/*.test.ts`],
    sequence: { groupOrder: order },
    maxWorkers,
  },
});

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    projects: [project('own-namespace', 0, suite === 'node' ? 1 : 3), project('whole-cluster', 1, 1)],
    // Tests that may run at once (it.concurrent) wait most of the time.
    maxConcurrency: 10,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
