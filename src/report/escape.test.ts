import { describe, expect, it } from 'vitest';
import { NASTY_NAMES } from '../../test/kit/nasty-names.ts';
import { forHtml, forJson, forMarkdown, forTerminal, forUri } from './escape.ts';
import { shorten, width } from './width.ts';

/** What must never reach a terminal: control, format, surrogate, private, separators, fillers. */
const RAW = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

/** What the names try for which `fails` is true. */
function offenders(fails: (name: string) => boolean): string[] {
  return NASTY_NAMES.filter(({ name }) => fails(name)).map(({ what }) => what);
}

describe('forTerminal', () => {
  it('shows every nasty name bounded and without a raw character', () => {
    expect(offenders((name) => RAW.test(forTerminal(name)))).toEqual([]);
    expect(offenders((name) => forTerminal(name).length > 40_000)).toEqual([]);
  });

  it('shows different names differently', () => {
    expect(new Set(NASTY_NAMES.map(({ name }) => forTerminal(name))).size).toBe(NASTY_NAMES.length);
  });

  it('keeps the text apart that already looks like an escape', () => {
    const pairs = [
      ['\n', '\\n'],
      ['\u001b', '\\x1b'],
      ['\u202e', '\\u{202e}'],
      ['\\n', '\\x5cn'],
      ['\u0080', '\\x80'],
      [' ', '\\x20'],
    ] as const;
    for (const [a, b] of pairs) expect(forTerminal(a)).not.toBe(forTerminal(b));
  });

  it('leaves ordinary names as they are', () => {
    for (const name of [
      'nightly.tar.zst',
      'C:\\Users\\Bob',
      'Übersicht 2026.pdf',
      '請求書.zip',
      'caf\\xE9',
    ]) {
      expect(forTerminal(name)).toBe(name);
    }
  });

  it('writes the escapes that the documentation names', () => {
    expect(forTerminal('a\nb\u001b[2J\u202e\u0085')).toBe('a\\nb\\x1b[2J\\u{202e}\\u{85}');
  });

  it('costs little on a long run of anything', () => {
    const started = performance.now();
    for (const unit of [' ', '\u0301', '\\', '\u001b', 'x']) forTerminal(unit.repeat(4_000_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

/** Markdown with all that is escaped in it taken out. */
function inert(name: string): string {
  return forMarkdown(name).replace(/\\[\\`*{}[\]<>|~&@_:.#+=-]|(?<=^\d+)\\/g, 'x');
}

describe('the other sinks', () => {
  it('HTML holds no live markup', () => {
    const live = /[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/;
    expect(offenders((name) => live.test(forHtml(name)) || RAW.test(forHtml(name)))).toEqual([]);
  });

  it('Markdown holds nothing that begins something', () => {
    const live = /[`*{}[\]<>|~&@]|:\/\/|www\.|^[-+=#]|^\d+[.)]/i;
    expect(offenders((name) => live.test(inert(name)) || RAW.test(inert(name)))).toEqual([]);
  });

  it('JSON is one line without anything invisible, and gives every name back', () => {
    // oxlint-disable-next-line no-control-regex
    const raw = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]|\p{Cs}/u;
    expect(offenders((name) => raw.test(forJson({ name, [name]: [name] })))).toEqual([]);
    for (const { name } of NASTY_NAMES) expect(JSON.parse(forJson([name]))).toEqual([name.toWellFormed()]);
  });

  it('a URI never reads as a scheme', () => {
    const path = /^(?:[A-Za-z0-9._~!*'()/-]|%[0-9A-F]{2})*$/;
    expect(offenders((name) => !path.test(forUri(name)))).toEqual([]);
  });

  it('a URI holds the bytes of a name that is not UTF-8', () => {
    const bytes = Buffer.from([0x61, 0x2f, 0x63, 0x61, 0x66, 0xe9]);
    expect(forUri('a/caf\\xE9', bytes.toString('base64'))).toBe('a/caf%E9');
  });
});

describe('shorten', () => {
  it('fits the columns', () => {
    for (const columns of [1, 8, 20, 79]) {
      expect(offenders((name) => width(shorten(forTerminal(name), columns)) > columns)).toEqual([]);
    }
  });

  it('cuts no escape in two and no wide character in half', () => {
    expect(shorten(forTerminal('\u001b'.repeat(9)), 12)).toBe('\\x1b…\\x1b');
    expect(shorten('請求書バックアップ', 9)).toBe('請…アップ');
  });
});
