import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '.stryker-tmp/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
