import { lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../domain/index.ts';
import type { Setting } from './setting.ts';

/** Where package.json lies. */
const PACKAGE = fileURLToPath(new URL('../', PROGRAMS));

export const DELIVERED_POLICY = join(PACKAGE, 'config', 'scoring.yaml');
export const DELIVERED_RULES = join(PACKAGE, 'yara-rules');
export const DELIVERED_RANSOMWARE_NAMES = join(PACKAGE, 'config', 'ransomware-names.txt');

/** `./local` when it exists, else `container` when that does, else `fallback`, else the local one. */
export function localFirst(cwd: string, local: string, container: string, fallback?: string): string {
  const here = resolve(cwd, local);
  if (isThere(here)) return here;
  return isThere(container) ? container : (fallback ?? here);
}

/** `./local` when it exists, else `container` when that does, else null. */
export function existingFirst(cwd: string, local: string, container: string): string | null {
  return [resolve(cwd, local), container].find(isThere) ?? null;
}

/** What the bundle in force brings; null, or none, for what it does not. */
export function bundledIn(bundleDir: string): {
  readonly policy: Setting<string> | null;
  readonly names: Setting<string> | null;
  readonly rules: Setting<string> | null;
  readonly hashSets: readonly { readonly kind: 'bad' | 'good'; readonly path: string }[];
} {
  const current = join(bundleDir, 'current');
  const at = (...names: string[]): Setting<string> | null => {
    const path = join(current, ...names);
    return isThere(path) ? { value: path, origin: `bundle ${current}` } : null;
  };
  return {
    policy: at('policy', 'scoring.yaml'),
    names: at('lists', 'ransomware-names.txt'),
    rules: at('yara-rules'),
    hashSets: (['bad', 'good'] as const).flatMap((kind) => {
      const found = at('hash-sets', kind);
      return found === null ? [] : [{ kind, path: found.value }];
    }),
  };
}

/** Also what cannot be looked at, and a link to nowhere: only what is not there at all is passed over. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // EACCES and the like: reading it will say so, where falling back would not.
    return true;
  }
}

/** As people name it: relative when it lies below `cwd`. */
export function shownFrom(cwd: string, path: string): string {
  const inside = relative(cwd, path);
  return inside === '' || inside.startsWith(`..${sep}`) || inside === '..' || isAbsolute(inside)
    ? path
    : inside;
}
