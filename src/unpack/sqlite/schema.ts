import { TextDecoder } from 'node:util';
import { Trouble } from '../trouble.ts';
import type { Cell } from './cells.ts';
import type { PageFile } from './page-file.ts';
import { headerBytes, valuesOf, wholeNumber } from './record.ts';

/** The page of the table that lists all others: https://www.sqlite.org/fileformat2.html, 2.6. */
export const SCHEMA_ROOT = 1;
/** Tables and indexes that are gone through, at about 1 KiB each. */
const MAX_TREES = 100_000;
const NAME_CHARACTERS = 200;

/** A table or index. */
export interface NamedTree {
  readonly name: string;
  readonly root: number;
}

/** What the first table lists. */
export class Schema {
  readonly trees: NamedTree[] = [];
  readonly #names: TextDecoder;

  constructor({ encoding }: PageFile) {
    this.#names = new TextDecoder(encoding);
  }

  /** One row: type, name, table, root page, statement. Views and the like have no page. */
  read(cell: Cell, damaged: (detail: string) => void): void {
    try {
      const { local, size } = cell;
      const values = valuesOf(local.subarray(0, headerBytes(cell)), size);
      const [, name, , root] = values;
      if (name === undefined || root === undefined || root.end > local.length) {
        damaged('lists a table in a way that is not understood');
        return;
      }
      const number = wholeNumber(cell, root);
      if (number === null || number === 0) return;
      if (this.trees.length >= MAX_TREES) damaged(`lists more than ${MAX_TREES} tables`);
      else this.trees.push({ name: this.#nameIn(local.subarray(name.start, name.end)), root: number });
    } catch (error) {
      // A record that is not to be read is told of where its values are looked at.
      if (!(error instanceof Trouble)) throw error;
    }
  }

  /** It is no path, so it must not look like one. */
  #nameIn(bytes: Buffer): string {
    const text = this.#names.decode(bytes.subarray(0, 4 * NAME_CHARACTERS));
    return text.slice(0, NAME_CHARACTERS).replaceAll(/[/\\]/g, '_');
  }
}
