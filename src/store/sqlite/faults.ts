import { BackupLensError, inWords } from '../../domain/index.ts';

/** Primary result codes of sqlite3.h. */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const MEND =
  '`backuplens store check` says more; `backuplens store restore FILE` brings a backup back, and `backuplens store rebuild` makes a new store from what is on disk';

const WORDS: ReadonlyMap<number, readonly [string, string]> = new Map([
  [PERM, ['permission denied', 'run as the user that DATA_DIR belongs to']],
  [BUSY, ['another process keeps it busy', 'see who has it open (`fuser`), and try again']],
  [LOCKED, ['another process keeps it busy', 'see who has it open (`fuser`), and try again']],
  [
    READONLY,
    [
      'it cannot be written',
      'run as the user that DATA_DIR belongs to, and see that its file system is not mounted read-only',
    ],
  ],
  [IOERR, ['the disk reports an error', 'see to the disk (`dmesg`), then `backuplens store check`']],
  [CORRUPT, ['it is damaged', MEND]],
  [FULL, ['no space is left', 'make room on the file system of DATA_DIR; nothing was changed']],
  [
    CANTOPEN,
    [
      'it cannot be opened',
      'run as the user that DATA_DIR belongs to, on a file system that is not read-only',
    ],
  ],
  [NOTADB, ['it is damaged: it is no database', MEND]],
]);

/** What SQLite said of the store, in our words and with the next step. */
export function faultOf(path: string, error: unknown): BackupLensError {
  if (error instanceof BackupLensError) return error;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
  const known = code === null ? undefined : WORDS.get(code);
  if (known === undefined) {
    return new BackupLensError('BL_STORE', `the store ${path}: ${inWords(error)}`, {
      hint: MEND,
      cause: error,
    });
  }
  const [why, hint] = known;
  return new BackupLensError('BL_STORE', `the store ${path}: ${why}`, { hint, cause: error });
}
