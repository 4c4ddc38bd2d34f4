/** Ids of records of the dir stream ([MS-OVBA] 2.3.4.2). */
const RECORD = {
  codePage: 0x03,
  version: 0x09,
  streamName: 0x1a,
  streamNameUnicode: 0x32,
  moduleOffset: 0x31,
  moduleEnd: 0x2b,
} as const;
/** The version's record says 4 and holds 6 ([MS-OVBA] 2.3.4.2.1.11). */
const VERSION_BYTES = 6;
const WINDOWS_1252 = 1252;

/** Where the compressed source of each module begins, in bytes, by the lower-case name of its stream. */
export type ModuleOffsets = ReadonlyMap<string, number>;

/** Reads the decompressed dir stream as far as it makes sense. What it does not name is for a search to find. */
export function moduleOffsets(dir: Buffer): ModuleOffsets {
  const offsets = new Map<string, number>();
  let codePage = WINDOWS_1252;
  let names: string[] = [];
  for (let at = 0; at + 6 <= dir.length;) {
    const id = dir.readUInt16LE(at);
    const size = id === RECORD.version ? VERSION_BYTES : dir.readUInt32LE(at + 2);
    const data = dir.subarray(at + 6, at + 6 + size);
    if (data.length < size) break;
    at += 6 + size;
    if (id === RECORD.codePage && size >= 2) codePage = data.readUInt16LE(0);
    else if (id === RECORD.streamName) names.push(decoded(data, codePage));
    else if (id === RECORD.streamNameUnicode) names.push(data.toString('utf16le'));
    else if (id === RECORD.moduleOffset && size >= 4) {
      for (const name of names) offsets.set(name.toLowerCase(), data.readUInt32LE(0));
    } else if (id === RECORD.moduleEnd) names = [];
  }
  return offsets;
}

function decoded(bytes: Buffer, codePage: number): string {
  try {
    return new TextDecoder(`windows-${codePage}`).decode(bytes);
  } catch {
    // A code page that nobody knows: the Unicode name beside it stands.
    return bytes.toString('latin1');
  }
}
