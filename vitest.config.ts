import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** In this order before all others, which go by size: short files that take long would else be left alone at the end. */
const FIRST = [
  'hostile',
  'service-engines',
  'service-crash',
  'dispose-crash',
  'docs',
  'matrix',
  'install',
  'fuzz',
];

function place({ moduleId }: TestSpecification): number {
  const at = FIRST.indexOf(basename(moduleId, '.test.ts'));
  return at < 0 ? FIRST.length : at;
}

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => place(one) - place(other));
  }
}

// Scans start processes of their own, and services are waited for: of three files at a time two cores are kept busy.
export default defineConfig({
  test: {
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongOnesFirst },
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
