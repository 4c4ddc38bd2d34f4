import { JoinedSource, type ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { rarVolume, volumeNames, type RarVolume } from '../rar/volume.ts';
import { unpackArchive, unpackVolumes } from '../seven-zip/unpack.ts';
import { Damaged, Unsupported } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'RAR',
    description: 'RAR 1.5 to 5, also encrypted, and in volumes that lie together.',
    recognised: '`Rar!\\x1A\\x07` at 0',
    limits: [],
    references: [
      'RAR 5.0 archive format: https://www.rarlab.com/technote.htm',
      'UnRAR: https://www.rarlab.com/rar_add.htm',
    ],
    limitations: [
      'A volume without the others is a gap',
      'What stands behind the end of a volume whose headers are encrypted is seen raw',
      'Compressed, solid and encrypted RAR are 7-Zip’s and not tested here: no free program makes them',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    if (source instanceof JoinedSource) {
      await unpackParts(source, sink, context);
      return;
    }
    const volume = await rarVolume(source);
    if (volume?.several === true) {
      const which =
        volume.number === 0 ? 'a later volume of several' : `part ${volume.number} of several volumes`;
      sink.gap('unsupported_format', `${which}: the others are not at hand`);
    }
    await unpackArchive(source, null, sink, context);
  },
};

async function unpackParts(parts: JoinedSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const volumes: RarVolume[] = [];
  for (const [index, part] of parts.parts.entries()) {
    const volume = await rarVolume(part);
    // By their names they belong together. What does not is looked at by itself, whatever it is.
    const fits = volume?.several === true && (volume.number === 0 || volume.number === index + 1);
    const goesOn = index === parts.parts.length - 1 || volume?.more !== false;
    if (!fits || volume === null || !goesOn) {
      await oneByOne(parts, sink);
      throw new Unsupported(
        `part ${index + 1} is not that part of a RAR archive in volumes, as its name says`,
      );
    }
    volumes.push(volume);
  }
  const [first] = volumes;
  if (first === undefined) throw new Damaged('no volumes');
  await unpackVolumes(parts, { names: volumeNames(volumes.length, first) }, sink, context);
  for (const [index, { end }] of volumes.entries()) {
    const part = parts.parts[index];
    if (part !== undefined && end !== null) await behindTheEnd(part, end, index + 1, sink);
  }
}

async function oneByOne({ parts }: JoinedSource, sink: FormatSink): Promise<void> {
  for (const [index, part] of parts.entries()) {
    await sink.member({ name: `(part ${index + 1})`, size: part.size, content: part.stream(), source: part });
  }
}

async function behindTheEnd(part: ByteSource, end: number, number: number, sink: FormatSink): Promise<void> {
  const reader = new ByteReader(part.stream(end));
  if (!(await reader.skipZeros())) return;
  const name = `(data after the end of part ${number})`;
  await sink.member({ name, size: null, content: reader.rest() });
}
