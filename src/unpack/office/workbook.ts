import { ByteReader } from '../byte-reader.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import type { CompoundFile } from '../ole/compound-file.ts';
import { pathOf, type OleStream } from '../ole/directory.ts';
import { NeedsPassword, Trouble } from '../trouble.ts';
import { handOn } from './hand-on.ts';
import { Candidates } from '../candidates.ts';
import { WELL_KNOWN } from './passwords.ts';
import { workbookCipher, type RecordCipher } from './workbook-key.ts';

const FILE_PASS = 0x2f;
const BOUND_SHEET = 0x85;
/** Records that stay readable in an encrypted workbook ([MS-XLS] 2.2.10). */
const IN_THE_CLEAR: ReadonlySet<number> = new Set([0x809, FILE_PASS, 0x194, 0x195, 0xe1, 0x196, 0x138]);
/** FilePass stands right behind the first record ([MS-XLS] 2.1.7.20.3); a few more are looked at. */
const RECORDS_BEFORE = 4;
const START_BYTES = 8 * 1024;
const PIECE_BYTES = 16 * 1024;

/** Hands on an encrypted workbook decrypted, where a well-known or a given password opens it; else a gap. */
export async function openWorkbook(
  file: CompoundFile,
  stream: OleStream,
  sink: FormatSink,
  { passwords, signal }: UnpackContext,
): Promise<void> {
  const filePass = findFilePass(await file.start(stream, START_BYTES));
  if (filePass === null) return;
  try {
    const candidates = new Candidates(WELL_KNOWN, passwords);
    const cipher = workbookCipher(filePass, candidates);
    if (cipher === null) throw new NeedsPassword(`${candidates.length} passwords tried`);
    candidates.tell(sink);
    const content = decrypted(new ByteReader(file.content(stream)), cipher, signal);
    await handOn(sink, { name: `${pathOf(stream)}/(decrypted)`, size: stream.size, content });
  } catch (error) {
    if (!(error instanceof Trouble) || error.member !== null || error.reason === 'budget_exceeded')
      throw error;
    const detail = `the workbook is encrypted: ${error.message}`;
    sink.gap('encrypted', detail, { member: pathOf(stream), bytes: stream.size });
  }
}

function findFilePass(start: Buffer): Buffer | null {
  for (let at = 0, count = 0; at + 4 <= start.length && count <= RECORDS_BEFORE; count++) {
    const end = at + 4 + start.readUInt16LE(at + 2);
    if (start.readUInt16LE(at) === FILE_PASS) return start.subarray(at + 4, end);
    at = end;
  }
  return null;
}

/** Only what records hold is encrypted, not their heads. */
async function* decrypted(
  reader: ByteReader,
  cipher: RecordCipher,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let position = 0;
  let length = 0;
  let left = 0;
  let clear = 0;
  const head: number[] = [];
  for (;;) {
    signal.throwIfAborted();
    const bytes = await reader.exactly(PIECE_BYTES);
    if (bytes.length === 0) return;
    for (let i = 0; i < bytes.length; i++, position++) {
      const byte = bytes[i] ?? 0;
      if (left === 0) {
        head.push(byte);
        if (head.length < 4) continue;
        const [a = 0, b = 0, c = 0, d = 0] = head.splice(0);
        const kind = a + b * 256;
        length = c + d * 256;
        left = length;
        // Of a sheet's record, the place where the sheet begins.
        clear = IN_THE_CLEAR.has(kind) ? left : kind === BOUND_SHEET ? 4 : 0;
        continue;
      }
      left--;
      if (clear > 0) clear--;
      else bytes[i] = cipher(byte, position, length);
    }
    yield bytes;
  }
}
