import { known, type Known } from './known.ts';
import type { View } from './view.ts';

const HEADER_BYTES = 512;
const ENTRY_BYTES = 128;
/** Directory entries that are read; the streams that tell the kind stand among the first. */
const MAX_ENTRIES = 64;

/** Streams that tell what a compound file is ([MS-DOC] 2.1, [MS-XLS] 2.1, [MS-PPT] 2.1, [MS-OXMSG] 2.2, [MS-OFFCRYPTO] 2.3). */
const STREAMS: readonly (readonly [RegExp, string])[] = [
  [/^EncryptedPackage$/i, 'application/x-ooxml-encrypted'],
  [/^WordDocument$/i, 'application/msword'],
  [/^(?:Workbook|Book)$/i, 'application/vnd.ms-excel'],
  [/^(?:PowerPoint Document|PP40|PP97_DUALSTORAGE)$/i, 'application/vnd.ms-powerpoint'],
  [/^__(?:properties_version1\.0|nameid_version1\.0)$/i, 'application/vnd.ms-outlook'],
  [/^VisioDocument$/i, 'application/vnd.visio'],
];

/** Windows Installer's class ids, packages, patches and transforms ({000C1084|6|2-0000-0000-C000-000000000046}). */
const MSI_CLASS = /^8[246]100c0000000000c000000000000046$/;

/** What kind of compound file it is, by the streams its directory names, as far as it is in sight. */
export function oleKind(view: View): Known {
  const sectorBytes = 2 ** view.u16(30);
  if (sectorBytes !== 512 && sectorBytes !== 4096) return known('application/x-ole-storage');
  const names: string[] = [];
  // Sectors of the directory mostly follow each other; following the chain would need the whole FAT.
  const start = (view.u32(48) + 1) * sectorBytes;
  for (let i = 0; i < MAX_ENTRIES; i++) {
    const entry = view.at(start + i * ENTRY_BYTES, ENTRY_BYTES);
    if (entry === null) break;
    const nameBytes = entry.readUInt16LE(64);
    const kind = entry.readUInt8(66);
    if (nameBytes < 2 || nameBytes > 64 || ![1, 2, 5].includes(kind)) continue;
    if (kind === 5 && MSI_CLASS.test(entry.toString('hex', 80, 96))) return known('application/x-msi');
    names.push(entry.toString('utf16le', 0, nameBytes - 2));
  }
  const mime = STREAMS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  return known(view.head.length > HEADER_BYTES && mime !== undefined ? mime : 'application/x-ole-storage');
}
