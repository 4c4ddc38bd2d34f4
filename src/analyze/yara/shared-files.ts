import { isUtf8 } from 'node:buffer';
import { fstat, readlink } from 'node:fs';
import { promisify } from 'node:util';
import type { YaraFileProof, YaraSharedWindow } from '../../contracts/index.ts';
import { readAt } from './request-body.ts';
import { freshNonce, identityOf, isSameFile, proofOf } from './same-file.ts';

/** Files of one file system that a scanner does not find, in a row, before it is asked for none of them any more. */
const MANY_UNSEEN = 3;
/** More than anybody has mounted. */
const MAX_DEVICES = 1000;

/** What to ask, and what its answer has to prove. */
export interface SharedQuestion {
  readonly window: YaraSharedWindow;
  readonly proof: string;
  /** Of our file system: what its files have in common is whether the scanner sees them. */
  readonly dev: bigint;
}

/**
 * Which files a scanner elsewhere sees as we do: by the first files of each file system it is decided whether the others
 * are told by path or sent. That it does see one is proven anew for each request, since the scanner that answers next
 * may be another one.
 */
export class SharedFiles {
  readonly #unseen = new Map<bigint, number>();

  /** A part of an open file as a question by path; null: send it. */
  async question(fd: number, offset: number, length: number): Promise<SharedQuestion | null> {
    try {
      const stat = await statOf(fd, { bigint: true });
      const { dev } = stat;
      if ((this.#unseen.get(dev) ?? 0) >= MANY_UNSEEN) return null;
      const path = await pathOf(fd);
      if (path === null) return null;
      const identity = identityOf(stat);
      const nonce = freshNonce();
      const proof = await proofOf(nonce, identity, async (position, most) => readAt(fd, position, most));
      return { window: { path, offset, length, nonce, ...identity }, proof, dev };
    } catch {
      // No /proc, or no right to look there: what can be read is sent, and what cannot says so then.
      return null;
    }
  }

  /** Whether the scanner had opened the file that was asked for. */
  proven({ window, proof, dev }: SharedQuestion, file: YaraFileProof | null): boolean {
    const proven = file !== null && file.proof === proof && isSameFile(file, window);
    if (proven) this.#unseen.delete(dev);
    else this.unseen(dev);
    return proven;
  }

  unseen(dev: bigint): void {
    if (this.#unseen.size < MAX_DEVICES) this.#unseen.set(dev, (this.#unseen.get(dev) ?? 0) + 1);
  }
}

const statOf = promisify(fstat);
const linkOf = promisify(readlink);

/** Where the kernel says that it is now; null when it is nowhere, or its name cannot be told as text. */
async function pathOf(fd: number): Promise<string | null> {
  const path = await linkOf(`/proc/self/fd/${fd}`, { encoding: 'buffer' });
  // What was removed is called `… (deleted)`: under that name the scanner finds nothing, or another file.
  return path[0] === 0x2f && isUtf8(path) ? path.toString() : null;
}
