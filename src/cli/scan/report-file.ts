import { createWriteStream, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { BackupLensError, inWords } from '../../domain/index.ts';

/** Opens the file that `--output` names; `identity` tells intake not to scan it. Throws BL_OUTPUT. */
export async function openOutput(
  path: string,
): Promise<{ stream: Writable; identity: Pick<BigIntStats, 'dev' | 'ino'>; close(): Promise<void> }> {
  try {
    const handle = await open(path, 'w', 0o600);
    const { dev, ino } = await handle.stat({ bigint: true });
    const stream = createWriteStream(path, { fd: handle });
    const ended = new Promise<void>((done) => stream.once('close', () => done()));
    const close = async (): Promise<void> => {
      stream.end();
      await ended;
    };
    return { stream, identity: { dev, ino }, close };
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `cannot write ${path}: ${inWords(cause)}`, {
      hint: '--output names the file that the report goes to',
      cause,
    });
  }
}
