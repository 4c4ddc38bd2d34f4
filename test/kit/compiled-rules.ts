import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAME = 'TEST_COMPILED_RULES';

/**
 * Runs before all tests: where services keep compiled rules, since most installations of the tests have the same, and compiling
 * them takes a sixth of the time of a start.
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'backuplens-compiled-'));
  process.env[NAME] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** For the environment of a service; without that folder each has its own. */
export function compiledRules(): { readonly YARA_CACHE_DIR?: string } {
  const folder = process.env[NAME];
  return folder === undefined ? {} : { YARA_CACHE_DIR: folder };
}
