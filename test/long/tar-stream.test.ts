import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const READER = join(import.meta.dirname, '../kit/archives/read-tar-stream.ts');
const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface Read {
  readonly bytes: number;
  readonly seconds: number;
  /** Resident memory, in MiB: at its highest up to the first tenth, and over all. */
  readonly early: number;
  readonly peak: number;
}

/** A tar that is made while it is read, in a process of its own. Its members are hashed. */
async function read(bytes: number, kind: 'noise' | 'zeros'): Promise<Read> {
  const child = spawn(process.execPath, [READER, String(bytes), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  expect(code).toBe(0);
  const result: Read = JSON.parse(said);
  // The figures are wanted even when all is well.
  console.log(`${kind} ${(result.bytes / GIB).toFixed(1)} GiB in ${result.seconds.toFixed(0)} s`, result);
  return result;
}

test('memory at 2 GB of a tar is that at 200 MB', async () => {
  const short = await read(200 * MIB, 'noise');
  const long = await read(2048 * MIB, 'noise');
  expect(long.bytes).toBeGreaterThan(2000 * MIB);
  expect(long.peak).toBeLessThan(short.peak + 40);
});

test(
  'the first 200 GB of a tar that would have 2 TB are read in steady memory',
  { timeout: 3_600_000 },
  async () => {
    const { bytes, early, peak } = await read(200 * GIB, 'zeros');
    expect(bytes).toBeGreaterThanOrEqual(200 * GIB);
    expect(peak).toBeLessThan(early + 40);
    expect(peak).toBeLessThan(350);
  },
);
