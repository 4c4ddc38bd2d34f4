// npm run matrix: fills the whole table anew and writes results.json, from which docs/formats.md is made.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FORMATS } from '../../../src/unpack/index.ts';
import { differences, publish, publishedTable } from './published.ts';
import { COLUMNS, emptyCells } from './row.ts';
import { runMatrix } from './run.ts';
import { missingTools } from './samples.ts';

const missing = FORMATS.flatMap(({ id }) => missingTools(id).map((name) => `${name} (${id})`));
if (missing.length > 0) {
  console.error(`not installed: ${missing.join(', ')}`);
  console.error('hint: the table is of all formats: run tools/setup/test-packages.sh first');
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
try {
  const before = publishedTable();
  const table = await runMatrix(folder);
  const unmade = FORMATS.filter(({ id }) => table[id] === undefined);
  if (unmade.length > 0) throw new Error(`no row for ${unmade.map(({ id }) => id).join(', ')}`);
  publish(table);
  for (const id of new Set([...Object.keys(before), ...Object.keys(table)])) {
    const lines = before[id] === undefined ? ['new'] : differences(before[id], table[id]);
    for (const line of lines) console.log(`${id}: ${line}`);
    for (const column of table[id] === undefined ? [] : emptyCells(table[id])) {
      console.error(`${id}: ${COLUMNS[column]}: nothing was found, and no gap leads to it`);
    }
  }
  console.log(`${Object.keys(table).length} formats; now run: npm run generate`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
