import { OverBudget } from '../trouble.ts';
import type { DirectoryRecord, Extent } from './record.ts';
import type { RockRidge } from './rock-ridge.ts';

/** Extents of one file. */
const MAX_EXTENTS = 10_000;

/** A file as its records tell it. */
export interface File {
  readonly name: Buffer;
  readonly interleaved: boolean;
  readonly rockRidge: RockRidge | null;
  /** One list for each byte order that says something of its own. */
  readonly readings: readonly Extent[][];
}

export function fileOf(name: Buffer, record: DirectoryRecord, rockRidge: RockRidge | null): File {
  const { interleaved, extents } = record;
  return { name, interleaved, rockRidge, readings: extents.map((extent) => [extent]) };
}

/** The same file with one extent more. A byte order that said nothing of its own so far goes along with the other. */
export function continued(file: File, { extents, interleaved }: DirectoryRecord): File {
  const [first = []] = file.readings;
  if (first.length >= MAX_EXTENTS) throw new OverBudget(`a file in more than ${MAX_EXTENTS} extents`);
  const before = file.readings.length > 1 || extents.length === 1 ? file.readings : [first, [...first]];
  for (const [order, extent] of extents.entries()) before[order]?.push(extent);
  if (extents.length < before.length && extents[0] !== undefined) before[1]?.push(extents[0]);
  return { ...file, interleaved: file.interleaved || interleaved, readings: before };
}

function keyOf({ start, length }: Extent): string {
  return `${start}+${length}`;
}

function endingOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('.'), path.lastIndexOf('/')) + 1).toLowerCase();
}

/** Equal for what need not be examined twice: another ending claims another type, so it is part of it. */
export function contentKey(member: Buffer, extents: readonly Extent[]): string {
  const path = member.toString('latin1');
  const lies = extents.filter(({ length }) => length > 0).map(keyOf);
  return lies.length === 0 ? `/${path}` : `${lies.join()} ${endingOf(path)}`;
}

/** A link, FIFO, device or socket: what it is shows in its mode (of st_mode, the kinds) and not in its content. */
export function isSpecial({ rockRidge }: File): boolean {
  if (rockRidge === null) return false;
  const { target, mode } = rockRidge;
  return (
    target !== null || (mode !== null && [0o010000, 0o020000, 0o060000, 0o140000].includes(mode & 0o170000))
  );
}
