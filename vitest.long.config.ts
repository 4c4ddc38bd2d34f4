import { defineConfig } from 'vitest/config';

// What takes minutes: large sparse files, ten thousand files, long fuzz runs. Not part of `make test`.
export default defineConfig({
  test: { include: ['test/long/**/*.test.ts'], maxWorkers: 1, testTimeout: 900_000, hookTimeout: 300_000 },
});
