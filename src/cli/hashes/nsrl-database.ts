import { DatabaseSync } from 'node:sqlite';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { isSha256, type KnownHash } from './known-hash.ts';

/** The first bytes of every SQLite database (https://www.sqlite.org/fileformat.html, 1.3). */
export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

/**
 * The files in a database of the NSRL (RDSv3), one after another in the order in which they lie there: table FILE with the columns
 * sha256 and file_name. Read only. A row that says no SHA-256 is a string. Throws BL_USAGE for another database.
 */
export function* nsrlDatabase(path: string): Generator<KnownHash | string, void, undefined> {
  // Neither its triggers nor its views can do anything: nothing of it is trusted, and nothing is written.
  const database = open(path);
  try {
    const rows = database.prepare('SELECT sha256, file_name FROM FILE').iterate();
    let before = '';
    for (const { sha256, file_name: name } of rows) {
      if (typeof sha256 !== 'string' || !isSha256(sha256)) {
        yield 'a row without a SHA-256';
        continue;
      }
      // One line for each product that holds it.
      if (sha256 === before) continue;
      before = sha256;
      yield { sha256, name: typeof name === 'string' ? name : '', malicious: null };
    }
  } catch (error) {
    throw new BackupLensError('BL_USAGE', `this database is not read to its end: ${inWords(error)}`, {
      hint: 'an RDSv3 database of the NSRL has a table FILE with the columns sha256 and file_name',
      cause: error,
    });
  } finally {
    database.close();
  }
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, enableForeignKeyConstraints: false });
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cell_size_check = ON');
  return database;
}
