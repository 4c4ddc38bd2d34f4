import { Damaged } from '../trouble.ts';

/** [MS-OXRTFCP] 2.1.3.1.1 and 2.1.3.1.2: what the dictionary holds to begin with. */
const INITIAL = Buffer.from(
  String.raw`{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
    '\r\n' +
    String.raw`\par \pard\plain\f0\fs20\b\i\u\tab\tx`,
  'latin1',
);
const DICTIONARY_BYTES = 4096;
const HEADER_BYTES = 16;
const COMPRESSED = 0x75465a4c;
const STORED = 0x414c454d;

/** The text of PidTagRtfCompressed. It is at most nine times as large as its bytes. */
export function rtfText(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES) throw new Damaged('cut off in the RTF header');
  const kind = bytes.readUInt32LE(8);
  if (kind === STORED) return bytes.subarray(HEADER_BYTES);
  if (kind !== COMPRESSED) throw new Damaged('neither compressed nor stored RTF');
  const dictionary = Buffer.alloc(DICTIONARY_BYTES);
  INITIAL.copy(dictionary);
  const out: number[] = [];
  let write = INITIAL.length;
  const put = (byte: number): void => {
    out.push(byte);
    dictionary[write] = byte;
    write = (write + 1) % DICTIONARY_BYTES;
  };
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const control = bytes[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < bytes.length; bit++) {
      if ((control & (1 << bit)) === 0) {
        put(bytes[at++] ?? 0);
        continue;
      }
      const token = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      at += 2;
      const offset = token >> 4;
      if (offset === write) return Buffer.from(out);
      for (let i = 0; i < (token & 15) + 2; i++) put(dictionary[(offset + i) % DICTIONARY_BYTES] ?? 0);
    }
  }
  throw new Damaged('compressed RTF without its end');
}
