import type { DiskMap } from './disk-map.ts';
import { listOf, numberOf, sectionOf, textOf, type LvmSection } from './lvm-text.ts';

const SECTOR = 512;
/** As many as a map has room for. */
const MAX_PIECES = 4 * 1024 * 1024;

export interface VolumeGroup {
  readonly volumes: readonly { readonly name: string; readonly section: LvmSection }[];
  readonly extentBytes: number;
  /** The name that the group gives to this physical volume, and where its first extent begins in it. */
  readonly own: string;
  readonly dataAt: number;
}

/** What the text says of the group; null when it does not list this physical volume (by its id, without dashes). */
export function volumeGroup(text: LvmSection, id: string): VolumeGroup | null {
  const group = Object.keys(text)
    .map((name) => sectionOf(text, name))
    .find((section) => 'physical_volumes' in section);
  if (group === undefined) return null;
  const physical = sectionOf(group, 'physical_volumes');
  const own = Object.keys(physical).find(
    (name) => textOf(sectionOf(physical, name), 'id').replaceAll('-', '') === id,
  );
  const extentSectors = numberOf(group, 'extent_size');
  if (own === undefined || extentSectors === null || extentSectors === 0) return null;
  const logical = sectionOf(group, 'logical_volumes');
  return {
    volumes: Object.keys(logical).map((name) => ({ name, section: sectionOf(logical, name) })),
    extentBytes: extentSectors * SECTOR,
    own,
    dataAt: (numberOf(sectionOf(physical, own), 'pe_start') ?? 0) * SECTOR,
  };
}

interface Segment {
  readonly start: number;
  readonly count: number;
  readonly type: string;
  readonly section: LvmSection;
}

/** In order of the volume. */
export function segmentsOf(volume: LvmSection): Segment[] {
  return Object.keys(volume)
    .filter((name) => /^segment\d+$/.test(name))
    .map((name) => sectionOf(volume, name))
    .map((section) => ({
      start: numberOf(section, 'start_extent') ?? 0,
      count: numberOf(section, 'extent_count') ?? 0,
      type: textOf(section, 'type'),
      section,
    }))
    .toSorted((a, b) => a.start - b.start);
}

/** Maps a segment, linear or striped; what lies on other physical volumes is lost, and its bytes are returned. */
export function mapSegment(segment: Segment, group: VolumeGroup, map: DiskMap): number {
  const { extentBytes } = group;
  const length = segment.count * extentBytes;
  const start = segment.start * extentBytes;
  const places = stripesOf(segment.section, group);
  if (places.every((place) => place === null)) return length;
  const stripe = places.length === 1 ? length : (numberOf(segment.section, 'stripe_size') ?? 0) * SECTOR;
  if (stripe === 0 || length / stripe > MAX_PIECES) return length;
  let elsewhere = 0;
  for (let at = 0, turn = 0; at < length; at += stripe, turn++) {
    const place = places[turn % places.length] ?? null;
    const part = Math.min(stripe, length - at);
    if (place === null) elsewhere += part;
    else map.data(start + at, part, place + Math.floor(turn / places.length) * stripe);
  }
  return elsewhere;
}

/** Where each stripe begins on this physical volume; null: on another one. */
function stripesOf(section: LvmSection, { own, extentBytes, dataAt }: VolumeGroup): (number | null)[] {
  const list = listOf(section, 'stripes');
  const places: (number | null)[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const extent = list[i + 1];
    places.push(list[i] === own && typeof extent === 'number' ? dataAt + extent * extentBytes : null);
  }
  return places;
}
