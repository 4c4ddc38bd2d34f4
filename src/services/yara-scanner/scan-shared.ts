import { identityOf, isSameFile, proofOf } from '../../analyze/yara/load-engine.ts';
import type { YaraFileProof } from '../../contracts/index.ts';
import { HttpError } from '../../http/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { bodyOf } from './scan-answers.ts';
import { partOf, type OpenedFile } from './scan-whole.ts';
import type { SharedWindow } from './window-request.ts';

/**
 * Scans a part of a file for somebody who has it open, too, and proves that it is the same. Throws 409 `another_file` when it
 * is not, and `changed` when it was written to meanwhile.
 */
export async function scanShared(
  pool: EnginePool,
  file: OpenedFile,
  { identity, offset, length, nonce }: SharedWindow,
): Promise<Buffer> {
  const { handle } = file;
  const before = await handle.stat({ bigint: true });
  if (!isSameFile(identityOf(before), identity)) {
    throw new HttpError(409, 'another file, or it has changed', 'another_file');
  }
  const proof = await proofOf(nonce, identity, async (position, most) => {
    const bytes = Buffer.allocUnsafe(most);
    return bytes.subarray(0, (await handle.read(bytes, 0, most, position)).bytesRead);
  });
  const body = bodyOf(await pool.scanWindow(partOf(file, before, offset, length)));
  if (!isSameFile(identityOf(await handle.stat({ bigint: true })), identity)) {
    throw new HttpError(409, 'it changes while it is read', 'changed');
  }
  const proven: YaraFileProof = { ...identity, proof };
  // The engine's JSON as it is: one more field before its last brace.
  return Buffer.concat([body.subarray(0, -1), Buffer.from(`,"file":${JSON.stringify(proven)}}`)]);
}
