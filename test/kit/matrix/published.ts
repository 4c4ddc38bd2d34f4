import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLUMNS, type Row, type Table } from './row.ts';

const FILE = join(import.meta.dirname, 'results.json');

/** The table of the last `npm run matrix`, as committed; docs/formats.md is made from it. */
export function publishedTable(): Table {
  const table: Table = JSON.parse(readFileSync(FILE, 'utf8'));
  return table;
}

/** Without versions, paths and times: the same on every machine. */
export function publish(table: Table): void {
  writeFileSync(FILE, `${JSON.stringify(table, null, 2)}\n`);
}

/** What differs, one line a cell. */
export function differences(published: Row | undefined, now: Row | undefined): string[] {
  const [before, after] = [cells(published), cells(now)];
  return Object.entries(COLUMNS).flatMap(([column, title]) => {
    const [was, is] = [before.get(column) ?? 'nothing', after.get(column) ?? 'nothing'];
    return was === is ? [] : [`${title}: published ${was}, now ${is}`];
  });
}

function cells(row: Row | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(row ?? {}));
}
