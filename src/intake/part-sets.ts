import { nameFromBytes } from '../bytes/index.ts';
import type { FileMet, PartSet } from './met.ts';
import { LAST, partName, setOf, type Naming, type PartName } from './part-name.ts';
import { tarVolume, type TarVolume } from './tar-volume.ts';

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
  const open = new Map<string, OpenFolder>();
  let held = 0;
  async function* settled(
    isLeft: (folder: string) => boolean,
  ): AsyncGenerator<FileMet | PartSet, void, undefined> {
    // The innermost first: of no folder anything comes after what comes of the one around it.
    const innermost = [...open].toSorted(([one], [other]) => other.length - one.length);
    for (const [folder, { sets }] of innermost) {
      if (!isLeft(folder)) continue;
      open.delete(folder);
      for (const parts of sets.values()) {
        held -= parts.length;
        yield* conclude(parts, more);
      }
    }
  }
  /** What is called by no more of a run than its beginning comes no more: so all others keep their places. */
  async function* passed(path: Buffer): AsyncGenerator<FileMet | PartSet, void, undefined> {
    for (const [folder, { sets, runs }] of open) {
      for (const [key, run] of runs) {
        if (isInRun(run, nameFromBytes(path.subarray(folder.length)))) continue;
        runs.delete(key);
        const parts = sets.get(key) ?? [];
        sets.delete(key);
        held -= parts.length;
        yield* conclude(parts, more);
      }
    }
  }
  for await (const met of all) {
    if (open.size > 0 && hasPath(met)) {
      const path = met.path.toString('latin1');
      yield* settled((folder) => !path.startsWith(folder));
      yield* passed(met.path);
    }
    const part = isFile(met) ? asPart(met) : null;
    if (part === null) {
      yield met;
      continue;
    }
    const folder = folderOf(part.file.path);
    const { sets, runs } = open.get(folder) ?? {
      sets: new Map<string, Part[]>(),
      runs: new Map<string, string>(),
    };
    const key = setOf(part.name);
    const parts = sets.get(key) ?? firstOf(part.name, sets);
    if (parts === null && !part.name.begins) {
      yield met;
      continue;
    }
    sets.set(key, [...(parts ?? []), part]);
    if (part.name.run !== undefined) runs.set(key, part.name.run);
    open.set(folder, { sets, runs });
    if (++held > MAX_HELD) yield* settled((one) => one === folder);
  }
  yield* settled(() => true);
}

interface OpenFolder {
  /** By `setOf`. */
  readonly sets: Map<string, Part[]>;
  /** Of those whose parts come right behind each other: what their names begin with. */
  readonly runs: Map<string, string>;
}

function isInRun(run: string, name: string): boolean {
  return name.startsWith(run) && (run.endsWith('.tar') || /\d/.test(name.charAt(run.length)));
}

/** `x1.tar` is one of a row with `x2.tar`, or what `x1.tar-2` follows: then it is taken from the row. */
function firstOf({ naming, set }: PartName, sets: ReadonlyMap<string, Part[]>): Part[] | null {
  const row = naming === 'tar' ? partName(set) : null;
  const parts = row === null ? undefined : sets.get(setOf(row));
  const first = parts?.find(({ file }) => nameOf(file) === set);
  if (parts === undefined || first === undefined) return null;
  parts.splice(parts.indexOf(first), 1);
  return [{ ...first, name: { ...first.name, number: 1 } }];
}

function hasPath(met: object): met is { readonly path: Buffer } {
  return 'path' in met && Buffer.isBuffer(met.path);
}

function isFile(met: { readonly type: string }): met is FileMet {
  return met.type === 'file';
}

function asPart(file: FileMet): Part | null {
  const name = partName(nameOf(file));
  return name === null ? null : { file, name };
}

function nameOf({ path }: FileMet): string {
  return nameFromBytes(path.subarray(path.lastIndexOf(SLASH) + 1));
}

/** With its slash: what begins with it lies in it. */
function folderOf(path: Buffer): string {
  return path.toString('latin1', 0, path.lastIndexOf(SLASH) + 1);
}

/** One set whose folder is done: joined, or file by file, each with what is to be said of it. */
async function* conclude(
  parts: readonly Part[],
  more: boolean,
): AsyncGenerator<FileMet | PartSet, void, undefined> {
  const sorted = parts.toSorted((a, b) => a.name.number - b.name.number);
  if (!isCertain(sorted)) {
    const volumes = await tarVolumes(sorted);
    if (volumes !== null) {
      yield* volumes;
      return;
    }
  }
  const set = joinable(sorted);
  if (set !== null) yield set;
  else {
    const note = noteOn(sorted, more);
    for (const { file } of parts) yield note === null ? file : { ...file, part: note };
  }
}

const BY_CONTENT: readonly Naming[] = ['tar', 'numbered', 'letters'];

/**
 * Volumes of GNU tar, by what they hold, joined as far as each goes on with the one before; null: none of them is one. Names do not
 * tell: one archive a day is called the same.
 */
async function tarVolumes(sorted: readonly Part[]): Promise<(FileMet | PartSet)[] | null> {
  const [first] = sorted;
  if (first === undefined || !BY_CONTENT.includes(first.name.naming) || sorted.length < 2) return null;
  // Anything is called so: of others than a tar no more is read.
  const { naming } = first.name;
  if (naming !== 'tar' && (await tarVolume(first.file.path))?.isTar !== true) return null;
  const runs: { last: Part; volume: TarVolume | null; files: FileMet[]; isSet: boolean }[] = [];
  for (const part of sorted) {
    const run = runs.at(-1);
    const volume = await tarVolume(part.file.path);
    const isNext = run !== undefined && part.name.number === run.last.name.number + 1;
    const goesOn = run?.volume?.goesOn === true && (run.volume.isTar || run.files.length > 1);
    const follows = isNext && run.files.length < MAX_PARTS && (volume?.continues === true || goesOn);
    if (follows) {
      run.files.push(part.file);
      Object.assign(run, { last: part, volume, isSet: run.isSet || volume?.continues === true });
    } else runs.push({ last: part, volume, files: [part.file], isSet: false });
  }
  if (!runs.some(({ isSet }) => isSet)) return null;
  return runs.flatMap(({ isSet, files }): (FileMet | PartSet)[] =>
    isSet ? [{ type: 'set', parts: files, certain: true }] : files,
  );
}

function joinable(sorted: readonly Part[]): PartSet | null {
  const first = sorted[0];
  if (first === undefined || sorted.length < 2 || sorted.length > MAX_PARTS) return null;
  if (missingOf(sorted).length > 0) return null;
  const certain = isCertain(sorted);
  if (!certain && (first.name.naming === 'tar' || !evenlySplit(sorted))) return null;
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
