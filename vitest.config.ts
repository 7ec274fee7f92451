import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { localImports } from './test/support/local-imports.ts';

export default defineConfig({
  plugins: [localImports()],
  test: {
    include: ['test/**/*.test.ts'],
    // Those of test/cluster need a cluster: scripts/test-cluster.mjs runs them.
    exclude: ['**/node_modules/**', '.stryker-tmp/**', 'test/cluster/**'],
    // Builds the program once: tests of the whole process, of workers and of packages use it.
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    // More than cores: many tests wait, and none depends on how fast the others let it be.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // Modules are loaded once for each worker, not for each file: that is a tenth of the time. Tests leave no state in modules.
    isolate: false,
    // What hangs fails; what is slow on a machine that does much else does not.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
