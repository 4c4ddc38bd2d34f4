import type { Member } from './format.ts';

/** What a stored name tries to be. Names are data here: nothing is ever written under them. */
export interface NameTraits {
  readonly absolute: boolean;
  /** `..` leads out of the folder that it would be unpacked in. */
  readonly climbs: boolean;
  readonly nul: boolean;
}

/** One text per byte (latin1) for names in bytes, so that different bytes stay different. */
export function nameKey(name: Member['name']): string {
  return typeof name === 'string'
    ? name
    : Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
}

const DRIVE = /^[A-Za-z]:/;

export function nameTraits(name: Member['name']): NameTraits {
  const key = nameKey(name);
  return {
    absolute: key.startsWith('/') || key.startsWith('\\') || DRIVE.test(key),
    climbs: key.includes('..') && climbsFrom(0, key),
    nul: key.includes('\0'),
  };
}

/** Whether walking `path` from `depth` folders below the root ever leaves the root. */
function climbsFrom(depth: number, path: string): boolean {
  for (const part of path.split(/[/\\]/)) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

/** Whether a link called `name` that points to `target` leads out of the root. */
export function leadsOut(kind: 'symbolic' | 'hard', name: Member['name'], target: Member['name']): boolean {
  const to = nameKey(target);
  if (nameTraits(target).absolute) return true;
  return climbsFrom(kind === 'hard' ? 0 : cleanPath(nameKey(name)).split('/').length - 1, to);
}

/** `./a//b/../c/` → `a/c`: one spelling for each place. */
export function cleanPath(key: string): string {
  const parts: string[] = [];
  for (const part of key.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
