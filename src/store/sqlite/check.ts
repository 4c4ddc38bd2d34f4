import type { DatabaseSync } from 'node:sqlite';

/** More than this says nothing that the first ones do not. */
const MAX_PROBLEMS = 20;

/** What SQLite finds wrong with every page and index of the database; none when it is whole. */
export function problemsOf(database: DatabaseSync): readonly string[] {
  try {
    const rows = database.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all();
    const lines = rows.map((row) => String(row['integrity_check']));
    return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
