import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BackupLensError } from '../domain/index.ts';
import { Progress } from './progress.ts';
import { Tty } from './tty.ts';
import type { TtyOptions } from './tty.ts';

/** Two ends that look like terminals, or like pipes, and what was written to them in order. */
function terminal(over: Partial<TtyOptions> & { isTTY?: boolean } = {}): { tty: Tty; seen: string[] } {
  const seen: string[] = [];
  const stream = (name: string): NodeJS.WriteStream => {
    const end = new PassThrough({ decodeStrings: false, encoding: 'utf8' });
    end.on('data', (chunk: string) => seen.push(`${name} ${chunk}`));
    // A terminal has more; Tty uses no more than this.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Object.assign(end, { isTTY: over.isTTY ?? true, columns: 80 }) as unknown as NodeJS.WriteStream;
  };
  const options = { quiet: false, verbose: false, noColor: false, ...over };
  return { tty: new Tty({ stdout: stream('out'), stderr: stream('err'), ...options }), seen };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('messages', () => {
  it('have a prefix, and hints on lines of their own', async () => {
    const { tty, seen } = terminal();
    expect(tty.error(new BackupLensError('BL_USAGE', 'no PATH was given', { hint: 'see --help' }))).toBe(2);
    await until(() => seen.length > 0);
    expect(seen.join('')).toBe('err backuplens: no PATH was given\nhint: see --help\n');
  });

  it('are escaped, whoever wrote them, and no line looks like a message of its own', async () => {
    const { tty, seen } = terminal();
    tty.error(
      new BackupLensError('BL_PATH_MISSING', 'a\u001b[2J\nbackuplens: all approved', { hint: '\u202e' }),
    );
    await until(() => seen.length > 0);
    expect(seen.join('')).toBe('err backuplens: a\\x1b[2J\n  backuplens: all approved\nhint: \\u{202e}\n');
  });

  it('say of a fault of ours how to report it, with the stack only when asked', async () => {
    for (const verbose of [false, true]) {
      const { tty, seen } = terminal({ verbose });
      expect(tty.error(new TypeError('x is not a function', { cause: new Error('below') }))).toBe(2);
      await until(() => seen.length > 0);
      const said = seen.join('');
      expect(said).toMatch(/^err backuplens: internal error: x is not a function\nhint: /);
      expect([said.includes('tty.test.ts'), said.includes('Error: below')]).toEqual([verbose, verbose]);
    }
  });

  it('do not mention a reader that went away', () => {
    const { tty, seen } = terminal();
    const cause = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect(tty.error(new BackupLensError('BL_OUTPUT', 'the report cannot be written', { cause }))).toBe(2);
    expect(seen).toEqual([]);
  });

  it('are kept to warnings and errors when quiet', async () => {
    const { tty, seen } = terminal({ quiet: true });
    tty.note('took a while');
    tty.warn('clamd is old');
    await until(() => seen.length > 0);
    expect(seen.join('')).toBe('err backuplens: warning: clamd is old\n');
  });
});

describe('colour and width', () => {
  it('are for terminals that want them', () => {
    expect([terminal().tty.color, terminal().tty.columns]).toEqual([true, 80]);
    expect(terminal({ noColor: true }).tty.color).toBe(false);
    const pipe = terminal({ isTTY: false }).tty;
    expect([pipe.color, pipe.columns, pipe.statusColumns]).toEqual([false, undefined, undefined]);
  });
});

describe('progress', () => {
  const state = {
    filesDone: 1,
    filesKnown: 2,
    totalKnown: false,
    bytesDone: 10,
    bytesKnown: 20,
    current: 'a',
  };

  it('is drawn, cleared before other output, and gone in the end', async () => {
    const { tty, seen } = terminal();
    const progress = new Progress(tty);
    progress.update(state);
    await until(() => seen.length > 0);
    tty.output().write('a row\n');
    await until(() => seen.includes('out a row\n'));
    expect(seen.slice(0, 3)).toEqual([
      'err \r\u001b[2K1 of at least 2 files · 10 B · a',
      'err \r\u001b[2K',
      'out a row\n',
    ]);
    progress.stop();
    expect(['err \r\u001b[2K', 'out a row\n']).toContain(seen.at(-1));
  });

  it('is silent in a pipe and when quiet', async () => {
    for (const over of [{ isTTY: false }, { quiet: true }]) {
      const { tty, seen } = terminal(over);
      const progress = new Progress(tty);
      progress.update(state);
      await new Promise((resolve) => setTimeout(resolve, 150));
      progress.stop();
      expect(seen).toEqual([]);
    }
  });
});
