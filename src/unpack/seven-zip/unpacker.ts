import type { ByteSource } from '../../bytes/index.ts';
import type { FormatDoc, FormatSink, UnpackContext, Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { unpackArchive } from './unpack.ts';

export interface SevenZipFormat {
  readonly doc: FormatDoc;
  /** 7-Zip's name of the format; null: it finds out, and opens what is inside a disk image in one step. */
  readonly type: string | null;
  /** Looks first for what 7-Zip would pass over or misname: a gap goes to the sink, Unsupported ends it. */
  readonly before?: (source: ByteSource, sink: FormatSink, context: UnpackContext) => Promise<void>;
}

/** A format that 7-Zip opens, in a thread of its own. */
export function sevenZipUnpacker({ doc, type, before }: SevenZipFormat): Unpacker {
  return {
    doc,
    async unpack({ source }, sink, context) {
      if (source === null) throw new Damaged('not a readable file');
      await before?.(source, sink, context);
      await unpackArchive(source, type, sink, context);
    },
  };
}

/** A copy of the first bytes, zeros where the source is shorter. */
export async function headOf(source: ByteSource, length: number): Promise<Buffer> {
  const head = Buffer.alloc(length);
  await source.readAt(head, 0);
  return head;
}
