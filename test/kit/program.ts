import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/**
 * What starts one of our programs, `cli/main` or `services/pipeline/main`: as it is built where `make test` says that it
 * has just been (TEST_PROGRAMS=dist), else its sources, which take twice the time to start.
 */
export function programPath(name: string): string {
  return process.env['TEST_PROGRAMS'] === 'dist'
    ? join(ROOT, 'dist', `${name}.js`)
    : join(ROOT, 'src', `${name}.ts`);
}
