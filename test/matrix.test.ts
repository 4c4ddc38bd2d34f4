// needs: clamav-daemon clamdscan 7zip

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMATS } from '../src/unpack/index.ts';
import { MAKERS } from './kit/archives/makers.ts';
import { differences, publishedTable } from './kit/matrix/published.ts';
import { emptyCells, type Row, type Table } from './kit/matrix/row.ts';
import { runMatrix } from './kit/matrix/run.ts';
import { missingTools } from './kit/matrix/samples.ts';

// Every format of the registry, through the program as a user runs it: no marker may pass in silence.

const PUBLISHED = publishedTable();

let folder: string;
let now: Table = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'matrix-'));
  now = await runMatrix(folder);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rowOf(id: string): Row {
  const row = now[id];
  if (row === undefined) throw new Error(`${id} has no row: give it one in test/kit/archives/makers/`);
  return row;
}

test('every format is in the published table, and nothing else is', () => {
  const ids = FORMATS.map(({ id }) => id).toSorted();
  expect(Object.keys(PUBLISHED).toSorted(), 'run: npm run matrix').toEqual(ids);
  expect(Object.keys(MAKERS).toSorted()).toEqual(ids);
});

const ROWS = FORMATS.map(({ id }) => {
  const missing = missingTools(id);
  const note = missing.length === 0 ? '' : ` (untested: ${missing.join(', ')} is not installed)`;
  return { id, able: missing.length === 0, note };
});

describe.each(ROWS)('$id $note', ({ id, able }) => {
  test.runIf(able)('has no empty cell, and its marker passes in none in silence', () => {
    expect(emptyCells(rowOf(id))).toEqual([]);
  });

  test.runIf(able)(
    'locked is a gap, over budget is a gap, and a listed password opens (or it is said that none does)',
    async () => {
      const { locked, opened, bytes, depth } = rowOf(id);
      const format = FORMATS.find((one) => one.id === id);
      const says = (await format?.load())?.unpacker.doc.limitations.join() ?? '';
      // What a text holds is searched for, and is no level of nesting of its own.
      const deep =
        format?.searches === true
          ? /^(?:found|gap:budget_exceeded)$/
          : /^(?:gap:budget_exceeded|untested: .+)$/;
      const opens = /encrypt/i.test(says)
        ? /^(?:found|gap:encrypted|n\/a: .+|untested: .+)$/
        : /^(?:found|n\/a: .+|untested: .+)$/;
      expect([locked, opened, bytes, depth]).toEqual([
        expect.stringMatching(/^(?:gap:encrypted|n\/a: .+|untested: .+)$/),
        expect.stringMatching(opens),
        expect.stringMatching(/^(?:(?:found \+ )?gap:budget_exceeded|untested: .+)$/),
        expect.stringMatching(deep),
      ]);
    },
  );

  test.runIf(able)('cut off, it is said to be cut, whatever was still found in it', () => {
    const { half, tail } = rowOf(id);
    const maker = MAKERS[id];
    const untold = maker !== undefined && 'cut' in maker ? /^(?:found$|n\/a: )/ : /^untested: /;
    for (const cell of [half, tail]) {
      expect(untold.test(cell) ? 'gap:untold' : cell).toMatch(/^(?:found \+ )?gap:/);
    }
  });

  test.runIf(able)('is as published (if it may differ, run: npm run matrix)', () => {
    expect(differences(PUBLISHED[id], rowOf(id))).toEqual([]);
  });
});
