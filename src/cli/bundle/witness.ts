import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One name: what a run that was ended has left is replaced by the next. */
const NAME = 'backuplens-witness.hdb';
const TEXT_BYTES = 32;

/**
 * A text that was drawn just now, and its signature among clamd's databases: when clamd finds it, it has loaded what lies there
 * now. RELOAD is answered before that, and VERSION does not show databases of one's own.
 */
export class Witness {
  readonly text: string;
  readonly #path: string;

  private constructor(text: string, path: string) {
    this.text = text;
    this.#path = path;
  }

  /** null: nothing can be written there. */
  static async place(folder: string): Promise<Witness | null> {
    const text = randomBytes(TEXT_BYTES).toString('hex');
    const md5 = createHash('md5').update(text).digest('hex'); // As .hdb files have it; nothing is trusted to it.
    const path = join(folder, NAME);
    try {
      await writeFile(path, `${md5}:${text.length}:BackupLens.Witness\n`, { mode: 0o644 });
      return new Witness(text, path);
    } catch {
      return null;
    }
  }

  /** clamd forgets it with its next RELOAD. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
