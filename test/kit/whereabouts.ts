import { createDecipheriv, createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from './pipeline-service.ts';

/** Where one content was found. */
export interface Place {
  readonly kind: 'incoming' | 'claimed' | 'approved' | 'review' | 'quarantine' | 'trash';
  readonly path: string;
}

/** Written from docs/quarantine.md, without a line of the program: what it says must be enough. */
function contentOf(container: string): Buffer {
  const bytes = readFileSync(container);
  const magic = 'BACKUPLENS-QUARANTINE\n';
  if (bytes.toString('latin1', 0, magic.length) !== magic) throw new Error(`${container} is no container`);
  const length = Number(bytes.toString('latin1', 24, 32));
  const header: {
    readonly size: number;
    readonly sha256: string;
    readonly cipher: { readonly key: string; readonly iv: string; readonly zero_blocks: number };
  } = JSON.parse(bytes.toString('latin1', 33, 33 + length));
  const end = 33 + length + header.size;
  const whole = createHash('sha256').update(bytes.subarray(0, end)).digest();
  if (!whole.equals(bytes.subarray(end))) throw new Error(`${container} is damaged`);
  const { key, iv, zero_blocks: zeroBlocks } = header.cipher;
  const decipher = createDecipheriv('aes-256-ctr', Buffer.from(key, 'hex'), Buffer.from(iv, 'hex'));
  const sealed = bytes.subarray(33 + length, end);
  const content = decipher.update(sealed);
  const step = zeroBlocks === 0 ? Infinity : zeroBlocks;
  for (let at = 0; at + step <= sealed.length; at += step) {
    if (sealed.subarray(at, at + zeroBlocks).every((byte) => byte === 0))
      content.fill(0, at, at + zeroBlocks);
  }
  if (sha256(content) !== header.sha256) throw new Error(`${container} holds another content than it says`);
  return content;
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Every place of every content in the folders of an installation, by its SHA-256. Drafts and records are no places. */
export function whereabouts(at: Installation, trash: string): Map<string, Place[]> {
  const found = new Map<string, Place[]>();
  const add = (content: Buffer, kind: Place['kind'], path: string): void => {
    const hash = sha256(content);
    found.set(hash, [...(found.get(hash) ?? []), { kind, path }]);
  };
  for (const path of filesBelow(at.incoming)) {
    add(readFileSync(path), path.includes('/.backuplens-claim-') ? 'claimed' : 'incoming', path);
  }
  for (const path of filesBelow(trash)) add(readFileSync(path), 'trash', path);
  for (const path of filesBelow(at.approved)) {
    if (!/(^|\/)\.backuplens[^/]*$/.test(path)) add(readFileSync(path), 'approved', path);
  }
  for (const id of namesIn(at.review)) {
    const path = join(at.review, id, 'content');
    if (!id.startsWith('.') && existsSync(path)) add(readFileSync(path), 'review', path);
  }
  for (const name of namesIn(at.quarantine)) {
    const path = join(at.quarantine, name);
    if (name.endsWith('.blq')) add(contentOf(path), 'quarantine', path);
  }
  return found;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function filesBelow(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (stats.isDirectory()) return filesBelow(path);
    return stats.isFile() ? [path] : [];
  });
}
