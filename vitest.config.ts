import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { localImports } from './test/support/local-imports.ts';

class CommandsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isCommand = ({ moduleId }: TestSpecification) => moduleId.includes('/test/cli/');
    return [...sorted.filter(isCommand), ...sorted.filter((file) => !isCommand(file))];
  }
}

export default defineConfig({
  plugins: [localImports()],
  test: {
    include: ['test/**/*.test.ts'],
    // Those of test/cluster need a cluster: scripts/test-cluster.mjs runs them. Simulations: vitest.simulations.config.ts.
    exclude: ['**/node_modules/**', '.stryker-tmp/**', 'test/cluster/**', 'test/**/*-simulation.test.ts'],
    // Builds the program once: tests of the whole process, of workers and of packages use it.
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/search-depth.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    // More than cores: many tests wait, and none depends on how fast the others let it be. Those wait most that run commands:
    // begun first, they leave their cores to the others.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: CommandsFirst },
    // Most code of a test runs for a moment: V8 of Node 20 optimizes it nine times as late as it would by itself, which takes a fifth less of
    // the processors (newer ones refuse the flag). What runs for long, such as a simulation, is optimized all the same. Young objects
    // are collected a quarter as often, which takes a tenth less.
    execArgv: [
      ...(Number.parseInt(process.versions.node, 10) < 22 ? ['--interrupt-budget=600000'] : []),
      '--max-semi-space-size=64',
    ],
    // Modules are loaded once for each worker, not for each file: that is a tenth of the time. Tests leave no state in modules.
    isolate: false,
    // What Vite makes of a file is kept under a hash of its text, of this file, and of the plugin above, until the lock file changes.
    experimental: { fsModuleCache: true },
    // What hangs fails; what is slow on a machine that does much else does not.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
