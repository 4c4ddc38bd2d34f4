import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Regular files below `folder`, depth first, links not followed; what cannot be listed is left out. */
export function* filesBelow(folder: string): Generator<{ readonly path: string; readonly size: number }> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) yield* filesBelow(path);
    else if (stats?.isFile() === true) yield { path, size: stats.size };
  }
}
