// needs: python3
import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createReport } from '../src/report/index.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { finding, gap, result, typicalRun, writeReport, type Run } from './kit/sample-report.ts';

async function csv(run: Run): Promise<string> {
  const chunks: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await writeReport(createReport('csv', output), run);
  return chunks.join('');
}

/** Cells as another program reads them, strictly. */
function cells(text: string, delimiter = ','): string[][] {
  const reader = `import csv, json, sys, io
sys.stdin.reconfigure(encoding='utf-8', newline='')
csv.field_size_limit(1 << 30)
json.dump(list(csv.reader(sys.stdin, delimiter=sys.argv[1], strict=sys.argv[1] == ',')), sys.stdout)`;
  const { stdout, stderr } = spawnSync('python3', ['-c', reader, delimiter], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe('');
  const rows: string[][] = JSON.parse(stdout);
  return rows;
}

function records(text: string): Record<string, string>[] {
  const [heading = [], ...rows] = cells(text);
  return rows.map((row) => {
    expect(row).toHaveLength(heading.length);
    return Object.fromEntries(heading.map((column, at) => [column, row[at] ?? '']));
  });
}

const FORMULA = /^[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

const hostile: Run = {
  results: NASTY_NAMES.map(({ name }) =>
    result(name, {
      decision: 'quarantine',
      content_type: { mime: name, description: name, claimed: name },
      findings: [finding([name, name, name], { rule: name, engine: name, detail: name, accepted: name })],
      gaps: [gap([name, name], { by: name, detail: name, accepted: name })],
      disposition: { action: 'failed', location: name, id: name, detail: name },
    }),
  ),
  skipped: NASTY_NAMES.map(({ name }) => ({ path: name, reason: 'symlink' as const })),
  errors: NASTY_NAMES.map(({ name }) => ({ path: name, code: name, message: name })),
};

describe('csv', () => {
  test('has a row for each file with its decision, then one for each finding and gap, and at last the run', async () => {
    const rows = records(await csv(typicalRun()));
    const tar = rows.filter(({ path }) => path?.endsWith('nightly.tar.zst'));
    expect(tar.map(({ row, decision, kind, member }) => [row, decision, kind, member])).toEqual([
      ['file', 'quarantine', '', ''],
      ...Array.from({ length: 8 }, (_, at) => [
        'finding',
        'quarantine',
        'yara_match',
        `home/u${at}/README_DECRYPT.txt`,
      ]),
      ['gap', 'quarantine', 'encrypted', 'home/bob/secret.zip'],
      ['gap', 'quarantine', 'opaque', 'home/bob/keys/store.jks'],
      ['gap', 'quarantine', 'engine_unavailable', ''],
    ]);
    expect(rows.map(({ row }) => row).slice(-8)).toEqual([
      'skipped',
      'skipped',
      'skipped',
      'skipped',
      'error',
      'engine',
      'engine',
      'run',
    ]);
    expect(rows.find(({ row }) => row === 'engine')).toMatchObject({
      detail: expect.stringContaining('ClamAV did not look: connection refused'),
    });
    expect(rows.at(-1)).toMatchObject({
      decision: 'quarantine',
      provisional: 'true',
      detail: expect.stringContaining('1 errors'),
    });
  });

  test('ends every row with CR LF and has no other line break, whatever the names', async () => {
    const text = await csv(hostile);
    const lines = text.split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines.join('')).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
    expect(lines).toHaveLength(1 + NASTY_NAMES.length * 5 + 3);
  });

  test.each([',', ';', '\t'])('no cell is a formula where the separator is %j', async (delimiter) => {
    const found = cells(await csv(hostile), delimiter)
      .flat()
      .filter((cell) => FORMULA.test(cell));
    expect(found).toEqual([]);
  });

  test('different names stay different, and fit into a cell', async () => {
    const files = records(await csv(hostile)).filter(({ row }) => row === 'file');
    expect(new Set(files.map(({ path }) => path)).size).toBe(NASTY_NAMES.length);
    const deep = result('a', {
      findings: [finding(['a', ...Array<string>(15).fill('\u0001'.repeat(1024))])],
    });
    for (const row of cells(await csv({ results: [deep] }))) {
      for (const cell of row) expect(cell.length).toBeLessThan(32_768);
    }
  });

  test('counts what a report does not list', async () => {
    const many = result('a', { findings: Array.from({ length: 1200 }, () => finding(['a'])) });
    const rows = records(await csv({ results: [many] }));
    expect(rows.find(({ row }) => row === 'omitted')?.['detail']).toBe(
      '200 more findings and 0 more gaps than a report lists',
    );
  });
});
