import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BEGIN = '<!-- compared: begin (npm run generate) -->';
const END = '<!-- compared: end -->';

/** README.md, with its comparison made anew from the pages that hold the measurements. */
export function readmePage(): string {
  const readme = page('README.md');
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} before ${END}`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n<!-- prettier-ignore -->\n${table().join('\n')}\n\n${readme.slice(end)}`;
}

/** Every figure is read from the page that stands last; one that is not there is an error. */
function table(): readonly string[] {
  const { kinds, missed, notOut, missedInTar, notOutInTar } = containers();
  const found = `found in ${kinds}`;
  const order = cells('docs/detection.md', '**all**');
  const [, files, ours, , above, more, chi] = order;
  const delivered = firstScan('delivered');
  const plain = firstScan('small');
  const [, small] = matchIn(
    'docs/performance.md',
    /\| 5000 × 4 KB \| on disk \| `clamdscan --stream` .*\| ([\d.]+) \|\n/,
  );
  const again = cells('docs/performance.md', '100,000');
  const peaks = page('docs/performance.md').matchAll(/^\| backuplens scan, first\s+\|.*\|\s*(\d+)\s*\|$/gm);
  const peak = Math.max(...[...peaks].map(([, mib]) => Number(mib)));
  const rows: readonly (readonly [what: string, ours: string, others: string, where: string])[] = [
    [
      `a marker inside, ${kinds} kinds of containers`,
      found,
      `ClamAV: missed in ${missed}; \`7z x\`: not out of ${notOut}`,
      'formats',
    ],
    [
      'the same within a tar.gz',
      found,
      `ClamAV: missed in ${missedInTar}; \`7z x\`, one step: not out of ${notOutInTar}`,
      'formats',
    ],
    [
      `${Number(files).toLocaleString('en')} files in order, called encrypted`,
      String(ours),
      `entropy above 6.5: ${above}; above 7.2: ${more}; chi-square: ${chi}`,
      'detection',
    ],
    encrypted('20 % of 4 KB blocks', 'encrypted: 20 % of a file’s 4 KB blocks'),
    encrypted('base64 of ciphertext', 'encrypted: ciphertext as base64'),
    encrypted('xor with one byte', 'encrypted: one-byte exclusive or'),
    [
      `CPU of a first scan, ${delivered.files} mixed files, delivered rules`,
      `${delivered.cpu} ×`,
      '1 × is `clamdscan`, `yara` and `sha256sum` one after the other',
      'performance',
    ],
    [
      'CPU, with 14 plain rules instead',
      `${plain.cpu} ×`,
      'the same three; here `yara` has next to nothing to do',
      'performance',
    ],
    [
      'CPU of a second scan, 100,000 unchanged files',
      `1/${again[5]} of the first`,
      `${again[6]} × \`find\`; the others scan everything again`,
      'performance',
    ],
    ['CPU a file of 4 KB, client and clamd', `${small} ×`, '1 × is `clamdscan --stream`', 'performance'],
    [
      'peak memory of all processes, clamd aside',
      `${peak} MiB`,
      'the highest of all corpora, rules and signatures that were measured',
      'performance',
    ],
  ];
  const lines = rows.map((row) => {
    if (/undefined|NaN/.test(row.join(' '))) throw new Error(`no figure for the README: ${row.join(' | ')}`);
    const [what, mine, others, where] = row;
    return `| ${what} | ${mine} | ${others} | [${where}.md](docs/${where}.md) |`;
  });
  return ['| what | BackupLens | beside it | measured in |', '| --- | --- | --- | --- |', ...lines];
}

/** Of the mixed corpus without archives, with one of the sets of signatures and rules. */
function firstScan(set: string): { readonly files: string | undefined; readonly cpu: string | undefined } {
  const heading = new RegExp(`### mixed files: (\\d+) files.*; ${set} set[\\s\\S]*?CPU \\*\\*([\\d.]+) ×`);
  const [, files, cpu] = matchIn('docs/performance.md', heading);
  return { files, cpu };
}

/** Of the matrix: how many kinds there are, all of which we find, and what others do not. */
function containers() {
  const ours = matrix('| id | marker inside');
  const others = matrix('| id | ClamAV |');
  const kinds = ours.filter(
    (row) => row[1]?.startsWith('found') === true && row[2]?.startsWith('found') === true,
  ).length;
  if (kinds !== ours.length || kinds !== others.length || kinds === 0) {
    throw new Error(
      'the matrix of docs/formats.md does not say that everything is found: the README has to be rewritten',
    );
  }
  const missed = (at: number) => others.filter((row) => row[at]?.includes('missed') === true).length;
  return { kinds, missed: missed(1), missedInTar: missed(2), notOut: missed(3), notOutInTar: missed(4) };
}

function encrypted(variant: string, what: string): readonly [string, string, string, string] {
  const [, , ours, above, more, chi] = cells('docs/detection.md', variant);
  return [
    what,
    `${ours} found`,
    `entropy above 6.5: ${above}; above 7.2: ${more}; chi-square: ${chi}`,
    'detection',
  ];
}

function page(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function matchIn(path: string, pattern: RegExp): readonly string[] {
  return pattern.exec(page(path)) ?? [];
}

/** The cells of the first line that begins so. */
function cells(path: string, beginning: string): readonly string[] {
  const line = page(path)
    .split('\n')
    .find((text) => text.replaceAll(/\s+/g, ' ').startsWith(`| ${beginning} |`));
  return line === undefined ? [] : cellsOf(line);
}

/** The rows of the table of docs/formats.md whose heading begins so. */
function matrix(heading: string): readonly (readonly string[])[] {
  const lines = page('docs/formats.md').split('\n');
  const begin = lines.findIndex((line) => line.startsWith(heading));
  if (begin < 0) return [];
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith('|'));
  return lines.slice(begin + 2, end).map(cellsOf);
}

function cellsOf(line: string): readonly string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
