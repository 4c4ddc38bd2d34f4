import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const page = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The cells of a line that begins so. */
function cellsOf(path: string, beginning: string): readonly string[] {
  const found = page(path)
    .split('\n')
    .find((line) => line.replaceAll(/\s+/g, ' ').startsWith(`| ${beginning} |`));
  return (
    found
      ?.split('|')
      .map((cell) => cell.trim())
      .slice(1, -1) ?? []
  );
}

/** The rows of the table in docs/formats.md whose heading begins so. */
function matrix(heading: string): readonly (readonly string[])[] {
  const lines = page('docs/formats.md').split('\n');
  const begin = lines.findIndex((line) => line.startsWith(heading));
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith('|'));
  return lines.slice(begin + 2, end).map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

/** How it compares: the lines of the README's table, each with the figures of the page that it names. */
const MEASURED: Readonly<Record<string, () => readonly string[]>> = {
  'a marker inside, 67 kinds of containers': () => inContainers(1),
  'the same within a tar.gz': () => inContainers(2).slice(1),
  '1,131 files in order, called encrypted': () => {
    const [, files, ours, , ...others] = cellsOf('docs/detection.md', '**all**');
    return [
      Number(files).toLocaleString('en'),
      ours ?? '',
      '6.5',
      others[0] ?? '',
      '7.2',
      ...others.slice(1),
    ];
  },
  'encrypted: 20 % of a file’s 4 KB blocks': () => encrypted('20 % of 4 KB blocks', '20 %', '4'),
  'encrypted: ciphertext as base64': () => encrypted('base64 of ciphertext', '64'),
  'encrypted: one-byte exclusive or': () => encrypted('xor with one byte'),
  'CPU, starter rules, no archives: 705 files': () => {
    const [, cpu] = /### 0 %[\s\S]*?median of 5: CPU ([\d.]+) x/.exec(page('docs/performance.md')) ?? [];
    const [, files] = /### 0 % .*: (\d+) files/.exec(page('docs/performance.md')) ?? [];
    return [files ?? '', cpu ?? '', '1', '256'];
  },
  'CPU, with one plain rule instead': () => {
    const [, from, to] = /CPU ([\d.]+) to ([\d.]+) x and wall/.exec(page('docs/performance.md')) ?? [];
    return [from ?? '', to ?? ''];
  },
  'CPU a file of 4 KB, client and clamd': () => {
    const row = page('docs/performance.md')
      .split('\n')
      .find((line) => line.startsWith('| 5000 × 4 KB | `clamdscan --stream`'));
    return ['4', row?.split('|').at(-2)?.trim() ?? '', '1'];
  },
  'peak memory of all processes, clamd aside': () => {
    const peak = cellsOf('docs/performance.md', 'backuplens scan')[4];
    return [peak?.split(' / ')[0] ?? ''];
  },
};

/** Column 1: as it is, 2: in a tar.gz. */
function inContainers(column: 1 | 2): readonly string[] {
  const ours = matrix('| id | marker inside');
  const others = matrix('| id | ClamAV |');
  const missed = (at: number) => String(others.filter((row) => row[at]?.includes('missed')).length);
  expect(others.length).toBe(ours.length);
  const found = String(ours.filter((row) => row[column]?.startsWith('found')).length);
  return [String(ours.length), found, missed(column), '7', missed(column + 2)];
}

function encrypted(variant: string, ...named: readonly string[]): readonly string[] {
  const [, , ours, above, more, chi] = cellsOf('docs/detection.md', variant);
  return [...named, ours ?? '', '6.5', above ?? '', '7.2', more ?? '', chi ?? ''];
}

function figuresOf(text: string): readonly string[] {
  return (text.match(/\d[\d.,]*(?: %)?/g) ?? []).map((figure) => figure.replace(/[.,]$/, ''));
}

describe('how BackupLens compares, in the README', () => {
  const section = /## How it compares\n([\s\S]*?)\n## /.exec(page('README.md'))?.[1] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );

  test('has a source for every line', () => {
    expect(rows.map(([what]) => what)).toEqual(Object.keys(MEASURED));
  });

  test.each(rows)(
    '%s: every figure stands in the page that is named',
    (what = '', ours = '', others = '', where = '') => {
      const figures = figuresOf(`${what} ${ours} ${others.replaceAll('tar.gz', '')}`);
      expect(where).toMatch(/^\[.+\]\(docs\/\w+\.md\)$/);
      expect(figures.toSorted()).toEqual([...(MEASURED[what]?.() ?? [])].toSorted());
    },
  );
});

test('docs/architecture.md has every room of the source', () => {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const drawn =
    /## Who may know whom[\s\S]*?```mermaid([\s\S]*?)```/.exec(page('docs/architecture.md'))?.[1] ?? '';
  expect(rooms.map(({ name }) => name).filter((name) => !new RegExp(`\\b${name}\\b`).test(drawn))).toEqual(
    [],
  );
});
