import { defineConfig } from 'vitest/config';

// Scans start processes of their own; two files at a time keep two cores busy without starving them.
export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'integration', include: ['test/**/*.test.ts'], exclude: ['test/long/**'] },
      },
    ],
  },
});
