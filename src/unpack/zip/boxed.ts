import { FileSource } from '../../bytes/index.ts';
import type { FormatSink, Member, UnpackContext } from '../format.ts';
import { unpackArchive } from '../seven-zip/unpack.ts';
import { spool } from '../spool.ts';
import { Damaged, Trouble } from '../trouble.ts';
import { CENTRAL_BYTES, LOCAL_BYTES, SIGNATURE, type Reading } from './headers.ts';
import { END_BYTES } from './end-record.ts';
import { Unread } from './unread.ts';

const NAME = Buffer.from('m');
/** What the fields of a header without zip64 hold. */
const MAX_BYTES = 0xfffffffe;

/**
 * Unpacks a member whose method only 7-Zip reads: as an archive of its own with nothing else in it. `hand` gets its
 * content; throws Unread after that when it was damaged.
 */
export async function unpackBoxed(
  reading: Reading,
  packed: AsyncIterable<Buffer>,
  hand: (content: Member['content']) => Promise<void>,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  if (Math.max(reading.packed, reading.size) > MAX_BYTES)
    throw new Unread('unsupported_format', `method ${reading.method} over 4 GiB is not read here`);
  const { file, size, brokeOff } = await spool(boxed(reading, packed), context.scratch, context.signal);
  const failures: { readonly error: unknown }[] = [];
  const only: FormatSink = {
    ...silent,
    async member({ content }) {
      try {
        await hand(content);
      } catch (error) {
        failures.push({ error });
        throw error;
      }
    },
    measure: (name, value) => sink.measure(name, value),
  };
  try {
    await unpackArchive(new FileSource(file.handle, size), 'zip', only, context);
  } catch (error) {
    if (failures[0] !== undefined) throw failures[0].error;
    if (context.signal.aborted || !(error instanceof Trouble)) throw error;
    // The check sum of AE-2 is in its authentication code.
    if (reading.crc !== null || !(error instanceof Damaged && /crc/i.test(error.message)))
      throw new Unread(error.reason, error.message);
  } finally {
    await file.remove();
  }
  if (brokeOff !== null) throw brokeOff.error;
}

const silent: Omit<FormatSink, 'member' | 'measure'> = {
  gap: () => undefined,
  unsafe: () => undefined,
  link: () => undefined,
  device: () => undefined,
};

async function* boxed(
  reading: Reading,
  packed: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const local = Buffer.alloc(LOCAL_BYTES);
  local.writeUInt32LE(SIGNATURE.local, 0);
  local.writeUInt16LE(63, 4);
  local.writeUInt16LE(reading.endMark ? 2 : 0, 6);
  local.writeUInt16LE(reading.method, 8);
  local.writeUInt32LE(reading.crc ?? 0, 14);
  local.writeUInt32LE(reading.size, 22);
  local.writeUInt16LE(NAME.length, 26);
  // Their number is known beforehand but for what encryption adds: that is left off here.
  const length = plainBytes(reading);
  local.writeUInt32LE(length, 18);
  yield Buffer.concat([local, NAME]);
  yield* packed;
  const central = Buffer.alloc(CENTRAL_BYTES);
  central.writeUInt32LE(SIGNATURE.central, 0);
  local.copy(central, 6, 4, LOCAL_BYTES);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(SIGNATURE.end, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(CENTRAL_BYTES + NAME.length, 12);
  end.writeUInt32LE(LOCAL_BYTES + NAME.length + length, 16);
  yield Buffer.concat([central, NAME, end]);
}

function plainBytes({ encrypted, packed, aesKeyBytes }: Reading): number {
  if (!encrypted) return packed;
  return Math.max(0, packed - (aesKeyBytes === null ? 12 : aesKeyBytes / 2 + 12));
}
