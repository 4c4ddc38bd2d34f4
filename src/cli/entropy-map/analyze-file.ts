import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { FileSource } from '../../bytes/index.ts';
import { HEAD_BYTES, TAIL_BYTES, type Identifier } from '../../identify/index.ts';
import { Bins, type Bin } from './bins.ts';
import { Course } from './course.ts';
import { BLOCK_BYTES, BlockSampler, LineSampler, type Take } from './samples.ts';
import { Statistics } from './statistics.ts';

/** What there is to say of one file's entropy. All entropies in bits per byte. */
export interface EntropyMap {
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly mime: string;
  readonly kind: 'text' | 'binary';
  readonly samples: number;
  /** null: there is no sample. */
  readonly statistics: {
    readonly min: number;
    readonly max: number;
    readonly median: number;
    readonly mean: number;
    /** Above it lies what is unusual for this file. */
    readonly suggested: number;
    readonly bins: readonly Bin[];
  } | null;
  readonly threshold: number;
  readonly above: number;
  readonly course: Course;
}

/** Text holds many short lines whose entropy varies; blocks of a binary file vary less. */
export const SUGGESTED_SHARE = { text: 0.9, binary: 0.95 } as const;

export interface AnalyzeOptions {
  readonly identifier: Identifier;
  /** Bits per byte. */
  readonly threshold: number;
  /** Hears of how far it is: bytes examined, of how many. */
  readonly progress: (done: number, all: number) => void;
}

/** Reads a regular file once, or twice when its histogram needs that. Throws what `open` and `read` throw. */
export async function analyzeFile(file: string, options: AnalyzeOptions): Promise<EntropyMap> {
  // Never waits for the writer of a FIFO.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await handle.stat({ bigint: true });
    if (before.isDirectory()) throw new Error('it is a folder');
    if (!before.isFile()) throw new Error('it is no regular file');
    const map = await mapOf(file, handle, Number(before.size), options);
    const after = await handle.stat({ bigint: true });
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
      throw new Error('it changed while it was read');
    }
    await mustEnd(handle, Number(after.size));
    return map;
  } finally {
    await handle.close();
  }
}

/** A file of /proc or /sys says that it is empty, and is not. */
async function mustEnd(handle: FileHandle, size: number): Promise<void> {
  const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size);
  if (bytesRead > 0) throw new Error('it holds more than it says');
}

async function mapOf(
  file: string,
  handle: FileHandle,
  size: number,
  { identifier, threshold, progress }: AnalyzeOptions,
): Promise<EntropyMap> {
  const source = new FileSource(handle, size);
  const type = identifier.identify({
    head: await read(source, 0, HEAD_BYTES),
    tail: size > HEAD_BYTES ? await read(source, Math.max(0, size - TAIL_BYTES), TAIL_BYTES) : null,
    size,
    name: basename(file),
  });
  const kind = type.by === 'text' || type.by === 'empty' || type.mime.startsWith('text/') ? 'text' : 'binary';
  const course = new Course(size, kind === 'text' ? 1 : BLOCK_BYTES);
  const statistics = new Statistics(threshold);
  await pass(source, kind, progress, (bits, start, end) => {
    statistics.add(bits);
    course.add(bits, start, end);
  });
  const bins =
    statistics.count === 0 ? null : (statistics.bins() ?? (await again(source, kind, statistics, progress)));
  return {
    file,
    size,
    mime: type.mime,
    kind,
    samples: statistics.count,
    statistics:
      bins === null
        ? null
        : {
            min: statistics.min,
            max: statistics.max,
            median: statistics.percentile(0.5),
            mean: statistics.mean,
            suggested: statistics.percentile(SUGGESTED_SHARE[kind]),
            bins: bins.upTo(statistics.max),
          },
    threshold,
    above: statistics.above,
    course,
  };
}

/** The bins begin at the minimum, and a million samples had gone by when it came: they are counted once more. */
async function again(
  source: FileSource,
  kind: EntropyMap['kind'],
  { min }: Statistics,
  progress: AnalyzeOptions['progress'],
): Promise<Bins> {
  const bins = new Bins(min);
  await pass(source, kind, progress, (bits) => bins.add(Math.max(min, bits)));
  return bins;
}

async function pass(
  source: FileSource,
  kind: EntropyMap['kind'],
  progress: AnalyzeOptions['progress'],
  take: Take,
): Promise<void> {
  const sampler = kind === 'text' ? new LineSampler(take) : new BlockSampler(take);
  let done = 0;
  for await (const chunk of source.stream()) {
    sampler.add(chunk);
    done += chunk.length;
    progress(done, source.size);
  }
  if (done < source.size) throw new Error('it changed while it was read');
  sampler.end();
}

async function read(source: FileSource, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(length, source.size - position));
  return buffer.subarray(0, await source.readAt(buffer, position));
}
