import type { ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { PageFile } from '../sqlite/page-file.ts';
import { Rows } from '../sqlite/rows.ts';
import { SCHEMA_ROOT, Schema } from '../sqlite/schema.ts';
import { cellsOf } from '../sqlite/tree.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'SQLite database',
    description:
      'Values of tables and indexes that a look at the pages does not show whole: all that go on over several pages, every BLOB of 64 bytes and more, and text that holds control characters or encoded data.',
    recognised: '`SQLite format 3\\x00` at 0',
    limits: ['100,000 tables and indexes', '20 levels of a tree'],
    references: ['Database file format: https://www.sqlite.org/fileformat2.html'],
    limitations: [
      'Other values, free pages and what no table reaches are only seen as the bytes of the file.',
      'A write-ahead log or rollback journal beside it is a file of its own, and not applied to it.',
      'Columns are numbered, not named.',
      'A database encrypted as a whole (SQLCipher) cannot be told from noise.',
    ],
  },
  async unpack({ source }, sink, { signal }) {
    if (source === null) throw new Damaged('not a readable file');
    const file = await PageFile.open(source);
    const missing = (file.declared - file.pages) * file.pageBytes;
    if (missing > 0) {
      const detail = `${file.declared} pages declared, ${file.pages} are there`;
      sink.gap('corrupt', detail, { bytes: missing });
    }
    const rows = new Rows(file, sink);
    const schema = new Schema(file);
    const trees = (function* () {
      yield { name: 'sqlite_schema', root: SCHEMA_ROOT };
      // By now the first has been read, and with it what else there is.
      yield* schema.trees;
    })();
    for (const { name, root } of trees) {
      for await (const cell of cellsOf(root, file, signal, (detail) => rows.damaged(name, detail))) {
        if (root === SCHEMA_ROOT) schema.read(cell, (detail) => rows.damaged(name, detail));
        await rows.row(name, cell);
      }
    }
    await behindTheEnd(source, file, sink);
  },
};

async function behindTheEnd(source: ByteSource, file: PageFile, sink: FormatSink): Promise<void> {
  const reader = new ByteReader(source.stream(file.pages * file.pageBytes));
  if (file.pages < file.declared || !(await reader.skipZeros())) return;
  await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
}
