import { array, assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { nameFromBytes } from '../bytes/index.ts';
import { openLog, type Log, type LogLevel } from './log.ts';

function logged(
  level: LogLevel,
  work: (log: Log) => void,
): { lines: string[]; parsed: Record<string, unknown>[] } {
  let text = '';
  work(openLog({ name: 'program', level, to: { write: (line: string) => (text += line) } }));
  const lines = text.split('\n').slice(0, -1);
  return { lines, parsed: lines.map((line) => JSON.parse(line)) };
}

function all(log: Log): void {
  log.error('e');
  log.warn('w');
  log.info('i');
  log.debug('d');
}

function shown(file: string): unknown {
  return logged('info', (log) => log.info('x', { untrusted: { file } })).parsed[0];
}

function pathShown(name: Buffer | string): unknown {
  const line = JSON.stringify(shown(nameFromBytes(Buffer.from(name))));
  return JSON.parse(line).untrusted.file;
}

function messages(level: LogLevel): unknown[] {
  return logged(level, all).parsed.map(({ msg }) => msg);
}

test('a line is JSON: time, level, program, message, facts of ours and of others apart', () => {
  const { parsed } = logged('info', (log) =>
    log.child({ scan: 7 }).warn('not scanned', { bytes: 3, untrusted: { file: 'a.txt' } }),
  );
  expect(parsed).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      name: 'program',
      pid: process.pid,
      scan: 7,
      bytes: 3,
      untrusted: { file: 'a.txt' },
      msg: 'not scanned',
    },
  ]);
});

test('what is below the level is not written', () => {
  expect(messages('debug')).toEqual(['e', 'w', 'i', 'd']);
  expect(messages('warn')).toEqual(['e', 'w']);
  expect(messages('silent')).toEqual([]);
});

test('whatever others have chosen stays on one line of printable characters, bounded', () => {
  assert(
    property(array(string({ unit: 'binary', maxLength: 3000 }), { maxLength: 30 }), (texts) => {
      const { lines } = logged('info', (log) =>
        log.info('x', { untrusted: { one: texts[0], texts, error: new Error(texts[1]) } }),
      );
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]*$/u);
      expect(lines[0]?.length).toBeLessThan(22 * 1100 * 12);
    }),
  );
});

test('a byte of a name that is no text is written once, and no name can be taken for another', () => {
  expect(pathShown(Buffer.from('caf\xe9', 'latin1'))).toBe('caf\\xE9');
  expect(pathShown('caf\\xE9')).toBe('caf\\x5CxE9');
  expect(pathShown('a\\b')).toBe('a\\u{5c}b');
});

test('different names stay different in the log', () => {
  expect(shown('a\nb')).not.toEqual(shown('a\\nb'));
  expect(shown('a\u202eb')).not.toEqual(shown('a\\u{202e}b'));
});
