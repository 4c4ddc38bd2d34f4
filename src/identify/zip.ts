import { known, type Known } from './known.ts';
import type { View } from './view.ts';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
/** Signature, sizes, comment length: a directory end without its comment (APPNOTE 4.3.16). */
const END_BYTES = 22;
const ZIP64_LOCATOR_BYTES = 20;
const MAX_NAMES = 512;
const MAX_NAME_BYTES = 512;
/** A member of unknown length is looked past for the next header; not for ever. */
const MAX_SEARCHES = 64;

interface DirectoryEnd {
  /** It ends where the file does. */
  readonly exact: boolean;
  /** Of the central directory within the file; null when it is out of sight or its offset needs zip64. */
  readonly directory: number | null;
  readonly entries: number;
}

/**
 * The directory end at the end of the view, when it really is one: its directory is where it says, or it ends
 * exactly where the file does. Bytes `PK\5\6` alone are found inside every program that reads zip.
 */
export function directoryEnd(view: View): DirectoryEnd | null {
  const { end } = view;
  if (end === null || view.size === null) return null;
  const start = view.size - end.length;
  let at = end.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  for (let tries = 0; at >= 0 && tries < 8; tries++) {
    if (at + END_BYTES <= end.length) {
      const entries = end.readUInt16LE(at + 10);
      const size = end.readUInt32LE(at + 12);
      const exact = at + END_BYTES + end.readUInt16LE(at + 20) === end.length;
      const zip64 = at >= ZIP64_LOCATOR_BYTES && end.readUInt32LE(at - ZIP64_LOCATOR_BYTES) === 0x07064b50;
      if (zip64) return { directory: null, entries, exact };
      // Counted back from here, so that bytes in front (a self-extracting program) do not matter.
      const directory = start + at - size;
      const first = entries > 0 && size >= 46 ? view.at(directory, 4) : null;
      if (first?.readUInt32LE(0) === CENTRAL) return { directory, entries, exact };
      if (exact && first === null && entries > 0 && size >= 46 && directory >= 0) {
        return { directory: null, entries, exact };
      }
      if (exact && entries === 0 && size === 0) return { directory: null, entries, exact };
    }
    at = at === 0 ? -1 : end.lastIndexOf('PK\x05\x06', at - 1, 'latin1');
  }
  return null;
}

interface ZipNames {
  readonly names: ReadonlySet<string>;
  /** What the first member `mimetype` says, where it is stored as OpenDocument and EPUB demand. */
  readonly mimetype: string | null;
}

function memberNames(view: View): ZipNames {
  const names = new Set<string>();
  const mimetype = readLocalHeaders(view, names);
  readDirectory(view, names);
  return { names, mimetype };
}

function readLocalHeaders({ head }: View, names: Set<string>): string | null {
  let mimetype: string | null = null;
  let at = head.indexOf('PK\x03\x04', 0, 'latin1');
  for (let searches = 0; at >= 0 && at + 30 <= head.length && names.size < MAX_NAMES;) {
    if (head.readUInt32LE(at) !== LOCAL) return mimetype;
    const streamed = (head.readUInt16LE(at + 6) & 8) !== 0;
    const method = head.readUInt16LE(at + 8);
    const packed = head.readUInt32LE(at + 18);
    const nameEnd = at + 30 + head.readUInt16LE(at + 26);
    const body = nameEnd + head.readUInt16LE(at + 28);
    const name = head.toString('latin1', at + 30, Math.min(nameEnd, at + 30 + MAX_NAME_BYTES));
    if (name === 'mimetype' && names.size === 0 && method === 0) {
      mimetype = head.toString('latin1', body, Math.min(head.length, body + Math.min(packed, 100))).trim();
    }
    names.add(name);
    if (streamed && packed === 0) {
      if (++searches > MAX_SEARCHES) return mimetype;
      at = head.indexOf('PK\x03\x04', body, 'latin1');
    } else {
      at = body + packed;
    }
  }
  return mimetype;
}

function readDirectory(view: View, names: Set<string>): void {
  let at = directoryEnd(view)?.directory ?? null;
  while (at !== null && names.size < MAX_NAMES) {
    const header = view.at(at, 46);
    if (header === null || header.readUInt32LE(0) !== CENTRAL) return;
    const nameLength = header.readUInt16LE(28);
    const name = view.at(at + 46, Math.min(nameLength, MAX_NAME_BYTES));
    if (name === null) return;
    names.add(name.toString('latin1'));
    at += 46 + nameLength + header.readUInt16LE(30) + header.readUInt16LE(32);
  }
}

const OOXML: readonly (readonly [folder: string, mime: string, withMacros: string])[] = [
  [
    'word/',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.ms-word.document.macroenabled.12',
  ],
  [
    'xl/',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/vnd.ms-excel.sheet.macroenabled.12',
  ],
  [
    'ppt/',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'application/vnd.ms-powerpoint.presentation.macroenabled.12',
  ],
  ['visio/', 'application/vnd.ms-visio.drawing.main+xml', 'application/vnd.ms-visio.drawing.main+xml'],
];

const DECLARED =
  /^application\/(?:vnd\.oasis\.opendocument\.[a-z-]{1,40}|epub\+zip|vnd\.sun\.xml\.[a-z.]{1,40})$/;

/** What kind of zip it is, by the names of its members as far as they are in sight. */
export function zipKind(view: View): Known {
  const { names, mimetype } = memberNames(view);
  const some = (test: (name: string) => boolean): boolean => [...names].some(test);
  if (mimetype !== null && DECLARED.test(mimetype)) {
    return known(mimetype, { container: 'zip', density: 'compressed' });
  }
  if (names.has('[Content_Types].xml')) {
    const kind = OOXML.find(([folder]) => some((name) => name.startsWith(folder)));
    if (kind === undefined) return known('application/x-ooxml');
    return known(some((name) => name.endsWith('vbaProject.bin')) ? kind[2] : kind[1]);
  }
  if (names.has('AndroidManifest.xml')) return known('application/vnd.android.package-archive');
  if (some((name) => name.startsWith('WEB-INF/'))) {
    return known('application/java-archive', { description: 'Java web archive (WAR)' });
  }
  if (names.has('META-INF/MANIFEST.MF')) return known('application/java-archive');
  return known('application/zip');
}
