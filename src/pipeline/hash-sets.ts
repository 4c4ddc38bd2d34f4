import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTable, type HashSetsEndpoint, type SetFolder } from '../analyze/hash-sets/index.ts';
import type { Scratch } from '../bytes/index.ts';
import type { HashSetsState } from '../domain/index.ts';

/** The lists in force: what is said of them, and where scan workers find them. */
export interface HashSets {
  readonly state: HashSetsState;
  readonly endpoint: HashSetsEndpoint;
}

/** Tables that are kept: a worker may still have to open the one before the newest. */
const KEPT = 2;

/** The tables of one run, one for each time that the lists were read. They go with the scratch folder. */
export class HashTables {
  /** Scan workers must be able to read it. */
  readonly folder: string;
  readonly #made: string[] = [];
  #next = 1;

  constructor(scratch: Scratch) {
    this.folder = scratch.subfolderSync('hash-sets');
  }

  /** Reads the lists as they are now. null: there is no folder of them. Throws BL_CONFIG; the table before then stays. */
  async read(folders: readonly SetFolder[]): Promise<HashSets | null> {
    if (folders.length === 0) return null;
    const table = join(this.folder, String(this.#next++));
    try {
      const { state } = await buildTable(folders, table);
      this.#made.push(table);
      if (this.#made.length > KEPT) await rm(this.#made.shift() ?? table, { recursive: true, force: true });
      return { state, endpoint: { table, sha256: state.sha256 } };
    } catch (error) {
      await rm(table, { recursive: true, force: true });
      throw error;
    }
  }
}
