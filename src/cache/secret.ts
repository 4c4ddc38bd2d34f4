import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { errorCode, openFile, unlessMissing, writeDurably, type Folder } from '../bytes/index.ts';

const NAME = 'key';
const SECRET_BYTES = 32;
const OTHERS = BigInt(constants.S_IRWXG | constants.S_IRWXO);

/**
 * What the entries of one trust domain are sealed with: a file of mode 0600 in a folder that is theirs alone, made where
 * there is none. Throws, in words, where others could have read it.
 */
export async function secretIn(folder: Folder): Promise<Buffer> {
  const known = await read(folder);
  if (known !== null) return known;
  const draft = `${NAME}.${process.pid}`;
  await unlessMissing(unlink(folder.at(draft)));
  await writeDurably(folder, draft, randomBytes(SECRET_BYTES).toString('hex'), 0o600);
  try {
    // Two that start at once agree on the first one's.
    await link(folder.at(draft), folder.at(NAME));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(folder.at(draft));
  }
  await folder.sync();
  const made = await read(folder);
  if (made === null) throw new Error('the key of the cache was removed while it was made');
  return made;
}

async function read(folder: Folder): Promise<Buffer | null> {
  const handle = await unlessMissing(openFile(folder, NAME));
  if (handle === null) return null;
  try {
    const stats = await handle.stat({ bigint: true });
    const path = folder.pathOf(NAME).toString();
    if (!stats.isFile()) throw new Error(`${path} is no file`);
    if ((stats.mode & OTHERS) !== 0n) throw new Error(`${path} can be read by others (chmod 600)`);
    if (process.geteuid !== undefined && stats.uid !== BigInt(process.geteuid())) {
      throw new Error(`${path} belongs to somebody else`);
    }
    const text = Buffer.alloc(2 * SECRET_BYTES + 1);
    const { bytesRead } = await handle.read(text, 0, text.length, 0);
    const hex = text.toString('latin1', 0, bytesRead);
    if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`${path} is no key of ours`);
    return Buffer.from(hex, 'hex');
  } finally {
    await handle.close();
  }
}
