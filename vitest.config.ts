import { defineConfig } from 'vitest/config';

// Scans start processes of their own, and services are waited for: of three files at a time two cores are kept busy.
export default defineConfig({
  test: {
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: ['test/long/**'],
          globalSetup: 'test/kit/compiled-rules.ts',
        },
      },
    ],
  },
});
