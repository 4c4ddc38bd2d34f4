import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../domain/index.ts';

/** The folder of package.json. */
const PACKAGE = dirname(fileURLToPath(PROGRAMS));
/** What a child process of ours reads its own code from: the program, and wherever npm put what it depends on. */
export const CODE = [PACKAGE, ...nodeModulesAbove(PACKAGE)];

function nodeModulesAbove(folder: string): string[] {
  const here = join(folder, 'node_modules');
  const found = existsSync(here) ? [here, realpathSync(here)] : [];
  return dirname(folder) === folder ? found : [...found, ...nodeModulesAbove(dirname(folder))];
}
