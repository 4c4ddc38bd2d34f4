import { createHash } from 'node:crypto';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { treePage, type Cell } from '../sqlite/cells.ts';
import { logLayout, LoggedPages, transactionsOf, type LoggedPage } from '../sqlite/logged-pages.ts';
import { Rows } from '../sqlite/rows.ts';
import { Damaged, Trouble } from '../trouble.ts';

/** Records that were handed on, at about 100 bytes each: a page is logged again for every row that changes in it. */
const MAX_KNOWN = 200_000;

export const unpacker: Unpacker = {
  doc: {
    name: 'SQLite log',
    description:
      'Write-ahead logs and rollback journals, which SQLite applies when it opens the database beside them: values of the rows in their pages, as of a database.',
    recognised:
      '`\\x37\\x7F\\x06\\x82` or `\\x83` (log), `\\xD9\\xD5\\x05\\xF9\\x20\\xA1\\x63\\xD7` (journal) at 0',
    limits: [
      '1,000,000 pages a transaction',
      'Pages in which records go on are read four times as often as they were logged, and 64 MiB',
    ],
    references: ['Database file format, 3 and 4: https://www.sqlite.org/fileformat2.html'],
    limitations: [
      'Values of which a part lies in the database itself are only examined as far as the log holds them',
      'A log cut off between two pages cannot be told from a whole one',
      'Journals whose header was cleared (journal_mode=PERSIST) are searched for archives like any unknown data',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const layout = await logLayout(source);
    const pages = new LoggedPages(source, layout);
    const log = new LogReader(pages, sink, context);
    for await (const transaction of transactionsOf(source, layout, context.signal)) {
      for (const page of transaction) {
        if (!(await pages.set(page))) throw new Damaged('more pages than can be remembered');
      }
      for (const page of transaction) await log.page(page);
    }
    if ((source.size - layout.start) % layout.recordBytes !== 0 && layout.commits)
      throw new Damaged('cut off in a page');
  },
};

class LogReader {
  readonly #pages: LoggedPages;
  readonly #rows: Rows;
  readonly #context: UnpackContext;
  readonly #known = new Set<string>();

  constructor(pages: LoggedPages, sink: FormatSink, context: UnpackContext) {
    this.#pages = pages;
    // What is not in the log is in the database, where it is looked at.
    this.#rows = new Rows(pages, sink, () => sink.measure('values_that_go_on_in_the_database', 1));
    this.#context = context;
  }

  async page({ number, at }: LoggedPage): Promise<void> {
    this.#context.signal.throwIfAborted();
    const bytes = await this.#pages.at(at);
    if (bytes === null) return;
    let cells: readonly Cell[];
    try {
      ({ cells } = treePage(bytes, number, this.#pages));
    } catch (error) {
      // The rest of a long value: it is read from the page where it begins.
      if (!(error instanceof Trouble)) throw error;
      return;
    }
    for (const cell of cells) if (this.#isNew(cell)) await this.#rows.row(`page ${number}`, cell);
  }

  #isNew({ local, size, overflow }: Cell): boolean {
    // The row may be the same while the pages that it goes on in were written anew.
    const place = overflow === 0 ? null : this.#pages.placeOf(overflow);
    const key = createHash('sha256').update(local).update(`${size} ${overflow} ${place}`).digest('base64');
    if (this.#known.has(key)) return false;
    if (this.#known.size < MAX_KNOWN) this.#known.add(key);
    return true;
  }
}
