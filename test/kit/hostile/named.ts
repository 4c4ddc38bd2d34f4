import { nameFromBytes } from '../../../src/bytes/index.ts';
import { longNamed, tarBytes } from '../archives/tar-bytes.ts';
import { zipBytes } from '../archives/zip-bytes.ts';
import { MARKER } from '../marker.ts';
import { NASTY_NAMES } from '../nasty-names.ts';
import { cpioBytes } from './cpio-bytes.ts';
import { sevenZipBytes } from './seven-zip-bytes.ts';

/** The longest that a zip can say; the list's own of 64 KiB are cut to it. */
const LONGEST = 65_000;

const PATHS = [
  '../climbs',
  '../../../../../climbs-far',
  'in/../../climbs-out',
  '..\\climbs-by-backslash',
  'C:\\drive',
  'c:relative-to-drive',
  '\\\\server\\share',
  '//server/share',
  './/a//b/./c',
  'CON',
  'nul.txt',
  'com1',
  'aux.',
  'stream.txt:hidden',
  'trailing blank ',
  'Case',
  'case',
  'CASE',
];

/**
 * Every name that hurts, in bytes and each once; then two that are the same. `landing` is an absolute path into which
 * nobody may write.
 */
export function nastyNames(landing: string): Buffer[] {
  const listed = NASTY_NAMES.map(({ name }) => Buffer.from(name).subarray(0, LONGEST));
  const more = [...PATHS, landing].map((name) => Buffer.from(name));
  const invalid = [
    [0x63, 0x61, 0x66, 0xe9],
    [0x63, 0x61, 0x66, 0xe8],
    [0xff, 0xfe],
    [0x61, 0xc0, 0xaf, 0x62],
  ];
  const each = new Map(
    [...listed, ...more, ...invalid.map((bytes) => Buffer.from(bytes))].map((name) => [
      name.toString('latin1'),
      name,
    ]),
  );
  return [...each.values(), Buffer.from('twice'), Buffer.from('twice')];
}

/** An archive in which every name has a marker of its own, and the names as trails must show them. */
export interface Named {
  readonly bytes: Buffer;
  readonly trails: readonly string[];
}

const contentOf = (at: number): Buffer => Buffer.from(`${MARKER} ${at}`);

/** GNU long names; they end at the first NUL. */
export function namedTar(names: readonly Buffer[]): Named {
  const kept = names.map(untilNul).filter((name) => name.length > 0);
  return {
    bytes: tarBytes(
      kept.map((name, at) =>
        name.length > 100 ? longNamed(name, { content: contentOf(at) }) : { name, content: contentOf(at) },
      ),
    ),
    trails: kept.map(nameFromBytes),
  };
}

export function namedZip(names: readonly Buffer[]): Named {
  const entries = names.map((name, at) => ({ name, data: contentOf(at) }));
  return { bytes: zipBytes(entries), trails: names.map(nameFromBytes) };
}

/** Names end at the first NUL; 7-Zip refuses an archive with one of 4 KiB. */
export function namedCpio(names: readonly Buffer[]): Named {
  const kept = names.map(untilNul).filter((name) => name.length > 0 && name.length < 4096);
  const entries = kept.map((name, at) => ({ name, content: contentOf(at) }));
  return { bytes: cpioBytes(entries), trails: kept.map(nameFromBytes) };
}

/** Names are UTF-16: those that are no text cannot be in one. */
export function namedSevenZip(names: readonly Buffer[]): Named {
  const kept = names
    .map(untilNul)
    .filter((name) => name.length > 0 && name.equals(Buffer.from(name.toString())));
  const files = kept.map((name, at) => ({ name: name.toString(), content: contentOf(at) }));
  return { bytes: sevenZipBytes(files), trails: kept.map(nameFromBytes) };
}

function untilNul(name: Buffer): Buffer {
  const end = name.indexOf(0);
  return end < 0 ? name : name.subarray(0, end);
}
