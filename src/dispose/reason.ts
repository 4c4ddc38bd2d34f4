import { BackupLensError, inWords } from '../domain/index.ts';

/** What went wrong, for people. Our own errors and SQLite's say it in their message, the system's by their code. */
export function reasonOf(error: unknown): string {
  const isSqlite = error instanceof Error && 'errcode' in error;
  return error instanceof BackupLensError || isSqlite ? error.message : inWords(error);
}
