import { open } from 'node:fs/promises';
import type { Analyzer, Outcome, Subject } from '../../../src/analyze/analyzer.ts';
import { FileSource, MemorySource, type ByteSource } from '../../../src/bytes/index.ts';

/** An artifact of no particular type. */
export function subject(size: number | null, source: ByteSource | null): Subject {
  return {
    artifact: { id: 0, parent: null, trail: ['artifact'] },
    type: {
      mime: 'application/octet-stream',
      description: 'data',
      by: 'unknown',
      container: null,
      density: 'unknown',
      claimed: null,
      contradiction: null,
      renamed_from: null,
      second: null,
    },
    head: Buffer.alloc(0),
    size,
    source,
    isPiece: false,
    signal: new AbortController().signal,
  };
}

/** As the pipeline does it with what is small. */
export async function examineBytes(analyzer: Analyzer, bytes: Buffer): Promise<Outcome> {
  const examination = analyzer.examine(subject(bytes.length, new MemorySource(bytes)));
  if (examination === null) throw new Error('not examined');
  await examination.write(bytes);
  return examination.end();
}

/** As the pipeline does it with a file. `meanwhile` happens between the pass and the end. */
export async function examineFile(
  analyzer: Analyzer,
  path: string,
  meanwhile: () => Promise<void> = async () => {},
): Promise<Outcome> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const source = new FileSource(handle, size);
    const examination = analyzer.examine(subject(size, source));
    if (examination === null) throw new Error('not examined');
    for await (const chunk of source.stream()) await examination.write(chunk);
    await meanwhile();
    return await examination.end();
  } finally {
    await handle.close();
  }
}

/** As the pipeline does it with a member of an archive: the chunk's buffer is used again at once. */
export async function examineStream(analyzer: Analyzer, chunks: Iterable<Buffer>): Promise<Outcome> {
  const examination = analyzer.examine(subject(null, null));
  if (examination === null) throw new Error('not examined');
  const reused = Buffer.alloc(1024 * 1024);
  for (const chunk of chunks) {
    chunk.copy(reused);
    await examination.write(reused.subarray(0, chunk.length));
    reused.fill(0xee);
  }
  return examination.end();
}
