/** Reads one file as a scan does and lets it go past the statistics; without a file, only starts. For bench/entropy.ts. */
import { open } from 'node:fs/promises';
import { entropyAnalyzer } from '../../src/analyze/entropy/index.ts';
import { CHUNK_BYTES } from '../../src/bytes/index.ts';

const path = process.argv[2];
if (path !== undefined) {
  const handle = await open(path);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const head = Buffer.alloc(128 * 1024);
  await handle.read(head, 0, head.length, 0);
  const examination = entropyAnalyzer().examine({
    artifact: { id: 0, parent: null, trail: ['content'] },
    type: {
      mime: 'application/octet-stream',
      description: 'Unknown binary data',
      by: 'unknown',
      container: null,
      density: 'unknown',
      claimed: null,
      renamed_from: null,
      contradiction: null,
      second: null,
    },
    head,
    size: null,
    source: null,
    isPiece: false,
    signal: new AbortController().signal,
  });
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    await examination?.write(chunk.subarray(0, bytesRead));
  }
  await examination?.end();
  console.log(
    JSON.stringify(
      examination?.judge?.({ whole: false, damaged: false, locked: false, provenFrom: null }, ''),
    ),
  );
  await handle.close();
}
