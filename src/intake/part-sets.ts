import { nameFromBytes } from '../bytes/index.ts';
import type { FileMet, PartSet } from './met.ts';
import { LAST, partName, type PartName } from './part-name.ts';

/** Files held back until their folder is done, at about 0.5 KiB each; a folder with more of them is taken as it comes. */
const MAX_HELD = 20_000;
/** Parts that are opened at once. */
const MAX_PARTS = 500;
const MAX_NAMED = 10;
const SLASH = 0x2f;

interface Part {
  readonly file: FileMet;
  readonly name: PartName;
}

/**
 * Puts together what belongs together: files of one folder that are parts of one archive by their names, once the folder
 * is done. Everything else goes by in its order. A part without the others says so; with `more`, because others may still come,
 * a first one too.
 */
export async function* partSets<Other extends { readonly type: string }>(
  all: AsyncIterable<FileMet | Other>,
  { more = false }: { readonly more?: boolean } = {},
): AsyncGenerator<FileMet | PartSet | Other, void, undefined> {
  // By folder: those that are not done yet lie in one another, so there are few.
  const open = new Map<string, Map<string, Part[]>>();
  let held = 0;
  function* settled(left: (folder: string) => boolean): Generator<FileMet | PartSet, void, undefined> {
    // The innermost first: of no folder anything comes after what comes of the one around it.
    const innermost = [...open].toSorted(([one], [other]) => other.length - one.length);
    for (const [folder, sets] of innermost) {
      if (!left(folder)) continue;
      open.delete(folder);
      for (const parts of sets.values()) {
        held -= parts.length;
        yield* conclude(parts, more);
      }
    }
  }
  for await (const met of all) {
    if (open.size > 0 && hasPath(met)) {
      const path = met.path.toString('latin1');
      yield* settled((folder) => !path.startsWith(folder));
    }
    const part = isFile(met) ? asPart(met) : null;
    if (part === null) {
      yield met;
      continue;
    }
    const folder = folderOf(part.file.path);
    const sets = open.get(folder) ?? new Map<string, Part[]>();
    const key = `${part.name.naming} ${part.name.set}`;
    const parts = sets.get(key);
    if (parts === undefined && !part.name.begins) {
      yield met;
      continue;
    }
    if (parts === undefined) sets.set(key, [part]);
    else parts.push(part);
    open.set(folder, sets);
    if (++held > MAX_HELD) yield* settled((one) => one === folder);
  }
  yield* settled(() => true);
}

function hasPath(met: object): met is { readonly path: Buffer } {
  return 'path' in met && Buffer.isBuffer(met.path);
}

function isFile(met: { readonly type: string }): met is FileMet {
  return met.type === 'file';
}

function asPart(file: FileMet): Part | null {
  const name = partName(nameFromBytes(file.path.subarray(file.path.lastIndexOf(SLASH) + 1)));
  return name === null ? null : { file, name };
}

/** With its slash: what begins with it lies in it. */
function folderOf(path: Buffer): string {
  return path.toString('latin1', 0, path.lastIndexOf(SLASH) + 1);
}

/** One set whose folder is done: joined, or file by file, each with what is to be said of it. */
function* conclude(parts: readonly Part[], more: boolean): Generator<FileMet | PartSet, void, undefined> {
  const sorted = parts.toSorted((a, b) => a.name.number - b.name.number);
  const files = sorted.map(({ file }) => file);
  const set = joinable(sorted);
  if (set !== null) yield set;
  else {
    const note = noteOn(sorted, more);
    for (const file of files) yield note === null ? file : { ...file, part: note };
  }
}

function joinable(sorted: readonly Part[]): PartSet | null {
  const first = sorted[0];
  if (first === undefined || sorted.length < 2 || sorted.length > MAX_PARTS) return null;
  if (missingOf(sorted).length > 0) return null;
  const certain = isCertain(sorted);
  if (!certain && !evenlySplit(sorted)) return null;
  return { type: 'set', parts: sorted.map(({ file }) => file), certain };
}

/** `.rar` beside `.r00`, and several .swm, can be nothing else. */
function isCertain([first, second]: readonly Part[]): boolean {
  if (first === undefined) return false;
  const { certain, naming } = first.name;
  return certain || (second !== undefined && (naming === 'rar' || naming === 'swm'));
}

/** Whoever splits by size makes all parts equal but the last. */
function evenlySplit(sorted: readonly Part[]): boolean {
  const sizes = sorted.map(({ file }) => file.size);
  const [size = 0] = sizes;
  return size > 0 && sizes.slice(1, -1).every((other) => other === size) && (sizes.at(-1) ?? 0) <= size;
}

/** Numbers of parts that must be there and are not. Which is the last can only be known of a zip. */
function missingOf(sorted: readonly Part[]): string[] {
  const numbers = new Set(sorted.map(({ name }) => name.number));
  const isZip = sorted[0]?.name.naming === 'zip';
  const counted = [...numbers].filter((number) => number !== LAST);
  const missing: string[] = [];
  for (let number = 1; number <= Math.max(...counted) && missing.length < MAX_NAMED; number++) {
    if (!numbers.has(number)) missing.push(String(number));
  }
  if (isZip && !numbers.has(LAST)) missing.push('the last (.zip)');
  // The same one twice is as odd as one that is missing.
  if (numbers.size < sorted.length) missing.push('one of two that have the same number');
  return missing;
}

/** Why the parts cannot be looked into; null: they may be no parts at all. */
function noteOn(sorted: readonly Part[], more: boolean): string | null {
  const [first] = sorted;
  if (first === undefined) return null;
  const { naming, number } = first.name;
  const certain = isCertain(sorted);
  if (!certain) return null;
  if (sorted.length > MAX_PARTS) return `a part of an archive in more than ${MAX_PARTS} parts`;
  const missing = missingOf(sorted);
  // One part alone may be all there is. A disk's descriptor is called like any disk.
  if (sorted.length === 1 && number === 1 && (naming === 'numbered' || naming === 'vmdk')) {
    return more && naming === 'numbered'
      ? 'the first part of a split archive, by its name, and no other'
      : null;
  }
  if (missing.length === 0) return null;
  return `a part of a split archive, by its name; missing: ${missing.join(', ')}`;
}

/** What is to be said of a member whose name says that it is a later part of an archive; null for any other. */
export function laterPart(name: string): string | null {
  const part = partName(name.slice(name.lastIndexOf('/') + 1));
  if (part === null || !part.certain) return null;
  if (part.number < 2 && part.naming !== 'zip') return null;
  return `part ${part.number} of a split archive, by its name; parts are not joined inside of containers`;
}
