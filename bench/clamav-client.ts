/** Scans every file of a folder with our client alone, so many at a time: `clamav-client.ts SOCKET FOLDER LANES`. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { clamavAnalyzer, eicarTestString } from '../src/analyze/clamav/index.ts';
import { subjectOf } from '../test/kit/clamd/stream-through.ts';

const [socket = '', folder = '', lanes = '4'] = process.argv.slice(2);
const CHUNK_BYTES = 256 * 1024;

const analyzer = clamavAnalyzer({ address: { kind: 'unix', path: socket }, canary: eicarTestString() });
const names = await readdir(folder);
let inspected = 0;
let missed = 0;

async function lane(): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const handle = await open(join(folder, name));
    try {
      const { size } = await handle.stat();
      const examination = analyzer.examine(subjectOf(Buffer.alloc(0), size));
      if (examination === null) continue;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length);
        if (bytesRead === 0) break;
        await examination.write(buffer.subarray(0, bytesRead));
      }
      const outcome = await examination.end();
      inspected += outcome.inspected_bytes;
      missed += outcome.misses.length;
    } finally {
      await handle.close();
    }
  }
}

await Promise.all(Array.from({ length: Number(lanes) }, lane));
await analyzer.close();
if (missed > 0) throw new Error(`${missed} files were not examined; ${inspected} bytes were`);
