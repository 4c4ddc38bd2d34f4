/** Scans every file of a folder with our client alone, so many at a time: `clamav-client.ts SOCKET FOLDER LANES`. */
import { closeSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clamavAnalyzer, eicarTestString } from '../src/analyze/clamav/index.ts';
import { subjectOf } from '../test/kit/clamd/stream-through.ts';

const [socket = '', folder = '', lanes = '4'] = process.argv.slice(2);
const CHUNK_BYTES = 256 * 1024;

const analyzer = clamavAnalyzer({ address: { kind: 'unix', path: socket }, canary: eicarTestString() });
const names = readdirSync(folder);
let inspected = 0;
let missed = 0;

// Files are read as clamdscan reads them, in place: what is measured is how bytes come to clamd.
async function lane(): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const file = openSync(join(folder, name), 'r');
    try {
      const { size } = fstatSync(file);
      const examination = analyzer.examine(subjectOf(Buffer.alloc(0), size));
      if (examination === null) continue;
      for (;;) {
        const read = readSync(file, buffer, 0, buffer.length, null);
        if (read === 0) break;
        await examination.write(buffer.subarray(0, read));
      }
      const outcome = await examination.end();
      inspected += outcome.inspected_bytes;
      missed += outcome.misses.length;
    } finally {
      closeSync(file);
    }
  }
}

await Promise.all(Array.from({ length: Number(lanes) }, lane));
await analyzer.close();
if (missed > 0) throw new Error(`${missed} files were not examined; ${inspected} bytes were`);
