import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { deflateSync } from 'node:zlib';

const ROUNDS = 1000;

function head(encryption: string): Buffer {
  return Buffer.from(`ANDROID BACKUP\n5\n1\n${encryption}\n`);
}

function cipher(key: Buffer, iv: Buffer, plain: Buffer): Buffer {
  const aes = createCipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([aes.update(plain), aes.final()]);
}

/** What `adb backup` writes of a tar archive, version 5; with a password as BackupPasswordManager.java does it. */
export function androidBackupBytes(tar: Buffer, password: string | null): Buffer {
  const content = deflateSync(tar);
  if (password === null) return Buffer.concat([head('none'), content]);
  const [salt, sumSalt] = [Buffer.alloc(64, 1), Buffer.alloc(64, 2)];
  const [userIv, iv, key] = [Buffer.alloc(16, 3), Buffer.alloc(16, 4), Buffer.alloc(32, 5)];
  const derived = pbkdf2Sync(password, salt, ROUNDS, 32, 'sha1');
  // Nobody here checks the sum itself.
  const sum = Buffer.alloc(32, 6);
  const blob = Buffer.concat([iv, key, sum].flatMap((part) => [Buffer.from([part.length]), part]));
  const lines = [salt, sumSalt, ROUNDS, userIv, cipher(derived, userIv, blob)];
  const text = lines.map((line) => (typeof line === 'number' ? line : line.toString('hex').toUpperCase()));
  return Buffer.concat([
    head('AES-256'),
    Buffer.from(text.map((line) => `${line}\n`).join('')),
    cipher(key, iv, content),
  ]);
}
