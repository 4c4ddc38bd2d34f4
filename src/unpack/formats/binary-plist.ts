import { plistObject, plistTrailer, type PlistValue } from '../binary-plist.ts';
import type { Unpacker } from '../format.ts';
import { holdsData } from '../text-data/holds-data.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';

/** Smaller values hold nothing that does harm, and are in sight of every engine. */
const LEAST_BYTES = 64;
/** As much of a text is looked at to see whether data are encoded in it. */
const LOOKED_AT_BYTES = 4096;
/** Objects that stand before the one read last. Writers keep their order; a file in none would be read over and over. */
const MAX_BACKWARDS = 10_000;

export const unpacker: Unpacker = {
  doc: {
    name: 'Apple property list (binary)',
    description:
      'Settings, archived objects and manifests of macOS and iOS and their backups: data of 64 bytes and more, and texts in which data are encoded.',
    recognised: '`bplist0` at 0.',
    limits: [`${MAX_BACKWARDS} objects that stand before the one listed before them`],
    references: [
      'Apple, CFBinaryPList.c: https://github.com/apple-oss-distributions/CF/blob/main/CFBinaryPList.c',
    ],
    limitations: ['Other values, and bytes that no object has, are only seen as the bytes of the file.'],
  },
  async unpack({ source }, sink, { signal }) {
    if (source === null) throw new Damaged('not a readable file');
    const window = new Window(source);
    const objects = new Window(source);
    const table = await plistTrailer(window);
    let last = 0;
    let backwards = 0;
    for (let index = 0; index < table.objects; index++) {
      if ((index & 1023) === 0) signal.throwIfAborted();
      const entry = await window.slice(table.start + index * table.offsetBytes, table.offsetBytes);
      const at = entry.length < table.offsetBytes ? table.start : entry.readUIntBE(0, table.offsetBytes);
      if (at >= table.start) throw new Damaged(`object ${index} is outside of the file`);
      if (at < last && ++backwards > MAX_BACKWARDS) throw new Damaged('its objects are in no order');
      last = at;
      const value = await plistObject(objects, at);
      if (value === null || value.length < LEAST_BYTES) continue;
      if (value.start + value.length > table.start) throw new Damaged(`object ${index} has no end`);
      if (value.kind === 'data' || (await isEncoded(objects, value)))
        await sink.member({
          name: `object ${index}`,
          size: value.length,
          content: source.stream(value.start, value.start + value.length),
        });
    }
  },
};

async function isEncoded(objects: Window, { start, length }: PlistValue): Promise<boolean> {
  return holdsData(await objects.slice(start, Math.min(length, LOOKED_AT_BYTES)));
}
