import { ByteReader } from '../byte-reader.ts';
import { decrypted, openKey, type EncryptionHeader, type Key } from '../android-cipher.ts';
import type { Unpacker } from '../format.ts';
import { Damaged, NeedsPassword, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { inflated } from '../zlib-pump.ts';

const MAGIC = 'ANDROID BACKUP';
/** Lines of the header are figures and at most 192 hexadecimal digits. */
const MAX_LINE_BYTES = 1024;
const NEWEST_VERSION = 5;
/** Android writes 10000; each round costs us as much as it costs the phone. */
const MAX_ROUNDS = 1_000_000;

export const unpacker: Unpacker = {
  doc: {
    name: 'Android backup (.ab)',
    description:
      'What `adb backup` writes: a tar archive, compressed with zlib, and with AES-256 when it has a password.',
    recognised: '`ANDROID BACKUP` and a line break at 0.',
    limits: [`At most ${MAX_ROUNDS} rounds of key derivation.`],
    references: [
      'Android, BackupManagerService.java: https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/backup/',
    ],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    if ((await line(reader)) !== MAGIC) throw new Damaged('no Android backup');
    const version = Number(await line(reader));
    const compressed = await line(reader);
    const encryption = await line(reader);
    if (!(version >= 1 && version <= NEWEST_VERSION))
      throw new Unsupported('an Android backup of another version');
    let body = reader;
    if (encryption !== 'none') {
      if (encryption !== 'AES-256') throw new Unsupported('an Android backup with another encryption');
      const header = await encryptionHeader(reader);
      const key = await keyFor(header, context.passwords);
      if (key === null) throw new NeedsPassword(`needs a password; ${context.passwords.length} were tried`);
      sink.measure(`members_opened_with_password_${key.index}`, 1);
      body = new ByteReader(decrypted(reader, key));
    }
    const content = compressed === '1' ? inflated(body) : body.rest();
    await wholeStream({ name: 'backup.tar', content, reader: body }, sink, context);
  },
};

async function keyFor(
  header: EncryptionHeader,
  passwords: readonly string[],
): Promise<(Key & { readonly index: number }) | null> {
  for (const [index, password] of passwords.entries()) {
    const key = await openKey(header, password);
    if (key !== null) return { ...key, index };
  }
  return null;
}

async function encryptionHeader(reader: ByteReader): Promise<EncryptionHeader> {
  const salt = Buffer.from(await line(reader), 'hex');
  await line(reader); // The salt of a check sum that is not needed: the key's own lengths tell.
  const rounds = Number(await line(reader));
  const iv = Buffer.from(await line(reader), 'hex');
  const blob = Buffer.from(await line(reader), 'hex');
  if (
    !Number.isInteger(rounds) ||
    rounds < 1 ||
    iv.length !== 16 ||
    blob.length === 0 ||
    blob.length % 16 !== 0
  )
    throw new Damaged('the encryption header makes no sense');
  if (rounds > MAX_ROUNDS)
    throw new Unsupported(`${rounds} rounds of key derivation; at most ${MAX_ROUNDS} are made`);
  return { salt, rounds, iv, blob };
}

async function line(reader: ByteReader): Promise<string> {
  const start = await reader.peek(MAX_LINE_BYTES);
  const end = start.indexOf(0x0a);
  if (end < 0) throw new Damaged('cut off in the header');
  return (await reader.exactly(end + 1)).toString('latin1', 0, end);
}
