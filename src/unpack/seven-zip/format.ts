import type { Format } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { unpackArchive } from './unpack.ts';

export interface SevenZipFormat extends Pick<Format, 'id' | 'doc' | 'sparse'> {
  /** 7-Zip's name of the format; null: it finds out, and opens what is inside a disk image in one step. */
  readonly type: string | null;
}

/** A format that 7-Zip opens, in a thread of its own. */
export function sevenZipFormat({ type, ...format }: SevenZipFormat): Format {
  return {
    ...format,
    access: 'random',
    async unpack({ source }, sink, context) {
      if (source === null) throw new Damaged('not a readable file');
      await unpackArchive(source, type, sink, context);
    },
  };
}
