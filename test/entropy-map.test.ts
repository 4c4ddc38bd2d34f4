// needs: python3 ent jq librsvg2-bin
import { execFileSync, spawn } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli } from './kit/cli.ts';
import { programPath } from './kit/program.ts';

const ROOT = join(import.meta.dirname, '..');
const PROGRAM = join(ROOT, 'bin/entropy-map');

interface Map {
  readonly file: string;
  readonly mime_type: string;
  readonly file_type: string;
  readonly statistics: Record<'min' | 'max' | 'median' | 'mean' | 'samples', number>;
  readonly suggested_threshold: number;
  readonly pipeline_threshold: Record<'threshold' | 'above_threshold' | 'percentage', number>;
  readonly histogram: readonly { readonly range: string; readonly count: number }[];
  readonly error?: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entropy-map-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function json(...args: readonly string[]): Promise<Map> {
  const { stdout } = await cli(['entropy', '--json', ...args]);
  return JSON.parse(stdout) as Map;
}

function noise(length: number): Buffer {
  return createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Written from the contract and not from our code: lines or blocks, Shannon, nearest rank, bins from the minimum. */
const REFERENCE = `
import json, math, sys
from collections import Counter
data = open(sys.argv[1], 'rb').read()
if sys.argv[2] == 'text':
    rows = data.split(b'\\n')
    rows = [row[:-1] if row.endswith(b'\\r') else row for row in rows]
    rows = [row for row in rows if row]
else:
    rows = [data[at:at + 1024] for at in range(0, len(data), 1024)]
def entropy(row):
    return -math.fsum(n / len(row) * math.log2(n / len(row)) for n in Counter(row).values()) + 0.0
all = sorted(entropy(row) for row in rows)
rank = lambda share: all[max(1, math.ceil(share * len(all))) - 1]
bins = max(1, math.ceil((all[-1] - all[0]) / 0.5))
counts = [0] * bins
for bits in all:
    counts[min(bins - 1, int((bits - all[0]) / 0.5))] += 1
print(json.dumps({
    'samples': len(all), 'min': all[0], 'max': all[-1], 'median': rank(0.5), 'mean': math.fsum(all) / len(all),
    'suggested': rank(0.9 if sys.argv[2] == 'text' else 0.95), 'above': sum(bits > 6.5 for bits in all), 'counts': counts,
}))
`;

interface Reference {
  readonly samples: number;
  readonly min: number;
  readonly max: number;
  readonly median: number;
  readonly mean: number;
  readonly suggested: number;
  readonly above: number;
  readonly counts: readonly number[];
}

function reference(path: string, kind: string): Reference {
  return JSON.parse(
    execFileSync('python3', ['-c', REFERENCE, path, kind], { encoding: 'utf8' }),
  ) as Reference;
}

/** What the program and the independent computation say of a file, in the same form. */
async function compared(path: string, kind: 'text' | 'binary'): Promise<{ got: unknown; expected: unknown }> {
  const map = await json(path);
  const { counts, samples, above, ...figures } = reference(path, kind);
  const { min } = figures;
  return {
    got: map,
    expected: {
      file: path,
      mime_type: expect.any(String) as string,
      file_type: kind,
      statistics: {
        min: near(min),
        max: near(figures.max),
        median: near(figures.median),
        mean: near(figures.mean),
        samples,
      },
      suggested_threshold: near(figures.suggested),
      pipeline_threshold: {
        threshold: 6.5,
        above_threshold: above,
        percentage: near((above / samples) * 100),
      },
      histogram: counts.map((count, bin) => ({
        range: `${(min + bin / 2).toFixed(2)}-${Math.min(8, min + (bin + 1) / 2).toFixed(2)}`,
        count,
      })),
    },
  };
}

function near(value: number): number {
  return expect.closeTo(value, 9) as number;
}

/** Blocks of 0, 1, 2 … 8 bits per byte, each exact: the values are borders of bins. */
function stepped(): Buffer {
  return Buffer.concat(
    Array.from({ length: 9 }, (_, bits) =>
      Buffer.from(Array.from({ length: 1024 }, (_value, at) => at % 2 ** bits)),
    ),
  );
}

/** The program as it is installed, from a folder. */
function installed(args: readonly string[], cwd: string): string {
  return execFileSync(PROGRAM, args, { cwd, encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
}

describe('the figures', () => {
  const lines = Array.from({ length: 3000 }, (_, at) => 'the quick brown fox 0123456789'.slice(0, at % 31));
  test.each([
    ['LF', () => lines.join('\n') + '\n'],
    ['CR LF', () => lines.join('\r\n') + '\r\n'],
    ['no line break at the end', () => lines.join('\n') + '\nlast'],
    ['CR at the end of the file', () => lines.join('\n') + '\nlast\r'],
    ['CR within lines', () => 'a\rb\n\r\nc\r\r\nd\n\r\r\n'.repeat(50)],
    ['one letter only', () => 'aaaa\naa\na\n'.repeat(20)],
    ['one line', () => 'only one line, and no end'],
    ['lines longer than a chunk', () => `${'ab c'.repeat(200_000)}\n${'x'.repeat(700_000)}\r\nshort\n`],
    ['UTF-8', () => 'Größe 尺寸 размер\n'.repeat(100)],
  ])('of text with %s are those of an independent computation', async (name, content) => {
    const { got, expected } = await compared(file(`${name}.txt`, content()), 'text');
    expect(got).toEqual(expected);
  });

  test.each([
    ['a program', () => readFileSync('/bin/ls')],
    ['noise', () => noise(300_000)],
    ['noise and a byte', () => noise(1024 * 300 + 1)],
    ['zeros and noise', () => Buffer.concat([Buffer.alloc(100_000), noise(50_001)])],
    ['one block of zeros', () => Buffer.alloc(1024)],
    ['half-bit steps exactly on the borders of bins', stepped],
  ])('of %s are those of an independent computation', async (name, content) => {
    const { got, expected } = await compared(file(`${name}.bin`, content()), 'binary');
    expect(got).toEqual(expected);
  });

  test('of one block are those of ent', async () => {
    const path = file('block.bin', noise(1024));
    const ent = execFileSync('ent', ['-t', path], { encoding: 'utf8' }).split('\n')[1]?.split(',')[2];
    expect((await json(path)).statistics.max).toBeCloseTo(Number(ent), 5);
  });

  test('of a file in one chunk and in many are the same', async () => {
    const text = `${'line of text\r\n'.repeat(60_000)}end`;
    const map = await json(file('many.txt', text));
    expect(map.statistics).toMatchObject({ samples: 60_001 });
  });
});

describe('what cannot be analyzed', () => {
  test('an empty file has no samples, and no figure that is not a number', async () => {
    const path = file('empty', '');
    const run = await cli(['entropy', path]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('No samples: the file is empty');
    const map = await json(path);
    expect(map.statistics).toEqual({ min: 0, max: 0, median: 0, mean: 0, samples: 0 });
    expect(map.histogram).toEqual([]);
  });

  test('a file of empty lines has no samples', async () => {
    expect((await cli(['entropy', file('blank.txt', '\n\r\n\n')])).stdout).toContain('every line is empty');
  });

  test('missing, a folder, a FIFO: a message and exit code 1, and the others are analyzed', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const good = file('good.txt', 'good\n');
    const run = await cli(['entropy', join(folder, 'missing'), folder, fifo, good]);
    expect(run.code).toBe(1);
    expect(run.stderr.split('\n')).toEqual([
      `backuplens: ${join(folder, 'missing')}: no such file or folder`,
      `backuplens: ${folder}: it is a folder`,
      `backuplens: ${fifo}: it is no regular file`,
      '',
    ]);
    expect(run.stdout).toContain(`File:        ${good}`);
  });

  test('what the system refuses to open is a message and exit code 1', async () => {
    // Permission would not stop root: a link to itself stops everybody.
    const path = join(folder, 'loop');
    symlinkSync(path, path);
    const run = await cli(['entropy', path]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toBe(`backuplens: ${path}: too many levels of links, or a link\n`);
  });

  test('a file of the system that says it is empty, and is not, is not called empty', async () => {
    const run = await cli(['entropy', '/proc/version']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toBe('backuplens: /proc/version: it holds more than it says\n');
  });

  test('in JSON it has its own object with the error', async () => {
    const good = file('good.txt', 'good\n');
    const run = await cli(['entropy', '--json', good, join(folder, 'missing')]);
    expect(run.code).toBe(1);
    const [first, second] = JSON.parse(run.stdout) as Map[];
    expect(first).toMatchObject({ file: good, file_type: 'text' });
    expect(first).not.toHaveProperty('error');
    expect(second).toEqual({ file: join(folder, 'missing'), error: 'no such file or folder' });
  });

  test('no file, an unknown option and a threshold beyond 8 are wrong usage', async () => {
    for (const args of [
      [],
      ['--jsno', 'x'],
      ['--threshold', '9', 'x'],
      ['--threshold', '-1', 'x'],
      ['--threshold', 'NaN', 'x'],
    ]) {
      expect(await cli(['entropy', ...args])).toMatchObject({ code: 2, stdout: '' });
    }
  });
});

describe('the output', () => {
  test('for people is this', async () => {
    const path = file('shown.txt', 'aaaa\nabab\nabcd\nabcdabcd\nabcdefgh\n');
    const { stdout } = await cli(['entropy', path]);
    expect(stdout.replace(path, 'shown.txt')).toBe(
      [
        'File:        shown.txt',
        'MIME type:   text/plain',
        'File type:   Text (a sample a line)',
        'Samples:     5 in 33 B',
        '',
        'Entropy (bits per byte, 0 to 8)',
        'Min:         0.0000',
        'Max:         3.0000',
        'Median:      2.0000',
        'Mean:        1.6000',
        '',
        'Along the file (first byte to last)',
        '  ▁▁▁▁ ▂▂▂▂ ▃▃▃▃ ▃▃▃▃▃▃▃▃ ▄▄▄▄▄▄▄▄ ',
        '',
        'Distribution',
        '  0.00-0.50 | ████████████████████                     1 (20.00%)',
        '  0.50-1.00 |                                          0 (0.00%)',
        '  1.00-1.50 | ████████████████████                     1 (20.00%)',
        '  1.50-2.00 |                                          0 (0.00%)',
        '  2.00-2.50 | ████████████████████████████████████████ 2 (40.00%)',
        '  2.50-3.00 | ████████████████████                     1 (20.00%)',
        '',
        'Suggested threshold: 3.0000 (90th percentile: what lies above is unusual here)',
        'Pipeline threshold: 6.5 (0 of 5 samples above it: 0.00%)',
        '',
      ].join('\n'),
    );
  });

  test('in JSON has exactly the keys of the contract', async () => {
    const map = await json(file('keys.bin', noise(5000)));
    expect(Object.keys(map)).toEqual([
      'file',
      'mime_type',
      'file_type',
      'statistics',
      'suggested_threshold',
      'pipeline_threshold',
      'histogram',
    ]);
    expect(Object.keys(map.statistics)).toEqual(['min', 'max', 'median', 'mean', 'samples']);
    expect(Object.keys(map.pipeline_threshold)).toEqual(['threshold', 'above_threshold', 'percentage']);
  });

  test('is an object for one file, a list for several, and jq reads both', async () => {
    const path = file('one.txt', 'one\n');
    const one = execFileSync('jq', ['-r', '.file_type'], {
      input: (await cli(['entropy', '--json', path])).stdout,
    });
    const two = execFileSync('jq', ['-r', '.[1].file_type'], {
      input: (await cli(['entropy', '--json', path, path])).stdout,
    });
    expect([one.toString(), two.toString()]).toEqual(['text\n', 'text\n']);
  });

  test('the threshold can be another one', async () => {
    const map = await json('--threshold', '1.5', file('other.txt', 'aaaa\nabcd\n'));
    expect(map.pipeline_threshold).toEqual({ threshold: 1.5, above_threshold: 1, percentage: 50 });
  });

  test('a hostile name reaches no terminal raw, and JSON whole', async () => {
    const name = 'a\u001b[2J\n\u202egpj.txt';
    const path = file(name, 'text\n');
    const run = await cli(['entropy', path]);
    // oxlint-disable-next-line no-control-regex
    expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(run.stdout).toContain(String.raw`a\x1b[2J\n\u{202e}gpj.txt`);
    expect((await json(path)).file).toBe(path);
    const missing = await cli(['entropy', `${path}x`]);
    expect(missing.stderr).toContain(String.raw`\x1b[2J\n\u{202e}`);
  });

  test('a reader that goes away ends it without a word', async () => {
    const path = file('pipe.txt', 'text\n');
    const child = spawn('sh', [
      '-c',
      '"$0" "$1" entropy $(yes "$2" | head -n 300) | head -n 1',
      process.execPath,
      programPath('cli/main'),
      path,
    ]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    expect(said).toBe('');
  });
});

describe('the picture', () => {
  test('is an SVG that a renderer takes, with axes, threshold and the name escaped', async () => {
    const path = file('a<b>&"c.bin', Buffer.concat([Buffer.alloc(200_000), noise(200_000)]));
    const svg = join(folder, 'map.svg');
    expect(await cli(['entropy', '--svg', svg, path])).toMatchObject({ code: 0, stderr: '' });
    const text = readFileSync(svg, 'utf8');
    expect(text).toContain('a&lt;b&gt;&amp;&quot;c.bin');
    expect(text).toContain('threshold 6.5');
    expect(text).toContain('bits per byte');
    expect(text).toContain('offset in the file');
    expect(text).toContain('prefers-color-scheme: dark');
    const png = execFileSync('rsvg-convert', [svg]);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['one byte', Buffer.from([200])],
    ['one line', Buffer.from('line')],
  ])('of a file that is %s is an SVG too', async (name, content) => {
    const svg = join(folder, `${name}.svg`);
    expect(await cli(['entropy', '--svg', svg, file(`${name}.x`, content)])).toMatchObject({ code: 0 });
    expect(execFileSync('rsvg-convert', [svg]).length).toBeGreaterThan(1000);
    expect(readFileSync(svg, 'utf8')).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('is never written over the file that it shows, not even through a link', async () => {
    const path = file('kept.bin', noise(2000));
    const link = join(folder, 'link.svg');
    symlinkSync(path, link);
    expect(await cli(['entropy', '--svg', link, path])).toMatchObject({ code: 2 });
    expect(statSync(path).size).toBe(2000);
  });

  test('is of one file', async () => {
    const path = file('two.bin', noise(2000));
    const run = await cli(['entropy', '--svg', join(folder, 'two.svg'), path, path]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
  });

  test('that cannot be written is an error', async () => {
    const run = await cli([
      'entropy',
      '--svg',
      join(folder, 'no/such/folder.svg'),
      file('x.bin', noise(2000)),
    ]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('cannot write');
  });
});

/** What a terminal of so many columns gets, standard error included; `script` gives the program one. */
function shown(args: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(
    'script',
    [
      '-qec',
      `stty cols ${columns}; exec "$PROGRAM" ${args.map((_, at) => `"$ARG${at}"`).join(' ')}`,
      '/dev/null',
    ],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: '/usr/bin:/bin',
        PROGRAM,
        ...Object.fromEntries(args.map((arg, at) => [`ARG${at}`, arg])),
        ...env,
      },
    },
  ).replaceAll('\r\n', '\n');
}

describe('on a terminal', () => {
  test('of 40 columns no line is longer', () => {
    const paths = [
      file('a rather long name of a file that is text.txt', `${'some words and more\n'.repeat(2000)}a\n`),
      file('narrow.bin', Buffer.concat([Buffer.alloc(300_000), noise(300_000), readFileSync('/bin/ls')])),
      file('narrow-empty.bin', ''),
    ];
    const lines = shown(['--quiet', ...paths], 40).split('\n');
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('File:'))).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('Suggested threshold:'))).toHaveLength(2);
  });

  test('a long file shows a bar with its share, which is gone at the end', () => {
    const path = file('long.bin', '');
    truncateSync(path, 768 * 2 ** 20);
    const all = shown([path], 100);
    expect(all.split('\r\u001b[2K')).toContainEqual(expect.stringMatching(/^\[=* *\] +\d+% 0\/1 file/));
    // The last thing that was done to the line of progress is to erase it.
    expect(all.slice(0, all.indexOf('File:')).endsWith('\r\u001b[2K')).toBe(true);
    expect(shown(['--quiet', path], 100)).not.toContain('\u001b');
  });

  test('there is no colour, with NO_COLOR or without', () => {
    const path = file('plain.bin', noise(5000));
    // oxlint-disable-next-line no-control-regex
    const colour = /\u001b\[[\d;]*m/;
    expect(shown([path], 80)).not.toMatch(colour);
    expect(shown([path], 80, { NO_COLOR: '1' })).not.toMatch(colour);
    expect(shown(['--quiet', path], 80, { NO_COLOR: '1' })).toBe(installed([path], '/'));
  });
});

describe('./bin/entropy-map', () => {
  test('is the same program from any folder, also through a link of another name', async () => {
    const path = file('same.txt', 'same\n');
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    symlinkSync(PROGRAM, join(inside, 'em'));
    expect(installed([path], inside)).toBe((await cli(['entropy', path])).stdout);
    expect(installed(['../same.txt'], inside)).toContain('File:        ../same.txt');
    expect(execFileSync(join(inside, 'em'), ['--json', path], { encoding: 'utf8' })).toContain(
      '"file_type":"text"',
    );
  });

  test('has --help and --version', () => {
    expect(installed(['--help'], '/')).toMatch(/^Usage: entropy-map \[options\] <file\.\.\.>/);
    expect(installed(['--version'], '/')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
