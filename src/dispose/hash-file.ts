import { createHash } from 'node:crypto';
import { FileSource, openFile, type Folder } from '../bytes/index.ts';

/** SHA-256 of a file, as lower-case hex. Throws what opening and reading do. */
export async function hashFile(folder: Folder, name: Buffer | string): Promise<string> {
  const handle = await openFile(folder, name);
  try {
    const hash = createHash('sha256');
    const { size } = await handle.stat();
    for await (const chunk of new FileSource(handle, size).stream()) hash.update(chunk);
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}
