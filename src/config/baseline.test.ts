import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupLensError, type BaselineEntry, type JudgedGap, type WeighedFinding } from '../domain/index.ts';
import { BaselineCollector, loadBaseline, writeBaseline } from './baseline.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baseline-'));
  file = join(folder, 'baseline.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const SHA = 'a'.repeat(64);
const ENTRY: BaselineEntry = {
  sha256: SHA,
  kind: 'yara_match',
  rule: 'X',
  reason: null,
  by: null,
  who: 'ada',
  why: 'test marker',
  until: null,
};
const JUDGEMENT = { who: 'ada', why: 'known', until: '2027-01-01T00:00:00Z' };

const finding = (some: Partial<WeighedFinding>): WeighedFinding => ({
  kind: 'yara_match',
  engine: 'yara',
  rule: 'X',
  artifact: 0,
  trail: ['a'],
  sha256: SHA,
  detail: '',
  offset: null,
  evidence: {},
  weight: 120,
  accepted: null,
  ...some,
});
const gap = (some: Partial<JudgedGap>): JudgedGap => ({
  stage: 'unpack',
  by: 'zip',
  reason: 'encrypted',
  artifact: 0,
  trail: ['a'],
  sha256: SHA,
  format: null,
  detail: '',
  bytes: null,
  artifacts: 1,
  rule: 'review',
  accepted: null,
  ...some,
});

function problems(content: unknown): string[] {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  try {
    loadBaseline(file);
    return [];
  } catch (error) {
    if (!(error instanceof BackupLensError) || error.code !== 'BL_CONFIG') throw error;
    return error.message.replaceAll(`baseline ${file}: `, '').split('\n');
  }
}
const withEntry = (some: object): unknown => ({
  schema: 'backuplens.baseline/1',
  entries: [ENTRY, { ...ENTRY, ...some }],
});

test('what is written is read back, for its owner only and with nothing left over', () => {
  const gapEntry = { ...ENTRY, kind: null, rule: null, reason: 'encrypted', by: 'zip' } as const;
  writeBaseline(file, [ENTRY, gapEntry]);
  expect(loadBaseline(file)).toEqual([ENTRY, gapEntry]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['baseline.json']);
  rmSync(file);
  writeBaseline(file, []);
  expect(loadBaseline(file)).toEqual([]);
});

test('a file that is there is not overwritten', () => {
  writeFileSync(file, 'mine');
  expect(() => writeBaseline(file, [ENTRY])).toThrow(/exists already, and is not overwritten/);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('a folder that is not there is a message', () => {
  expect(() => writeBaseline(join(folder, 'none', 'b.json'), [])).toThrow(
    /cannot be written: no such file or folder/,
  );
});

test('more than can be read back is not written, and leaves nothing behind', () => {
  const large = Array.from({ length: 70_000 }, () => ({ ...ENTRY, why: 'x'.repeat(1000) }));
  expect(() => writeBaseline(file, large)).toThrow(/larger than the 67108864 bytes/);
  expect(readdirSync(folder)).toEqual([]);
});

describe('a wrong file', () => {
  test.each<[string, unknown, string[]]>([
    [
      'no JSON',
      '{',
      ["not valid JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)"],
    ],
    ['another schema', { schema: 'x', entries: [] }, ['schema: expected "backuplens.baseline/1"']],
    ['a list', [], ['schema: expected "backuplens.baseline/1"']],
    ['no entries', { schema: 'backuplens.baseline/1' }, ['entries: expected a list']],
    [
      'another key',
      { schema: 'backuplens.baseline/1', entries: [], more: 1 },
      ['"more": unknown key; expected one of schema, entries'],
    ],
    [
      'a hash in capitals',
      withEntry({ sha256: 'A'.repeat(64) }),
      ['entries[1].sha256: expected 64 lower-case hex digits'],
    ],
    ['an empty reason', withEntry({ why: '' }), ['entries[1].why: expected a text of 1 to 4096 characters']],
    [
      'a misspelt key',
      withEntry({ untill: null }),
      ['entries[1]: unknown key "untill"; did you mean until?'],
    ],
    [
      'a finding that is a gap too',
      withEntry({ reason: 'encrypted' }),
      ['entries[1]: expected kind and rule (a finding), or reason and by (a gap)'],
    ],
    [
      'an absent engine',
      withEntry({ kind: null, rule: null, reason: 'engine_off', by: 'clamav' }),
      [
        'entries[1].reason: expected one of timed_out, budget_exceeded, encrypted, opaque, corrupt, unsupported_format, unreadable, changed, never_settled, or null',
      ],
    ],
    [
      'a time that is none',
      withEntry({ until: 'soon' }),
      ['entries[1].until: expected a time such as 2027-01-31T00:00:00Z, or null'],
    ],
    [
      'a number for an entry',
      { schema: 'backuplens.baseline/1', entries: [5] },
      ['entries[0]: expected an object with sha256, kind and rule or reason and by, who, why and until'],
    ],
  ])('%s is named by entry and key', (_what, content, expected) => {
    expect(problems(content)).toEqual(expected);
  });

  test('a time that is over is fine, and what is null may be left out', () => {
    const { reason: _reason, by: _by, ...short } = { ...ENTRY, until: '2001-01-01T00:00:00Z' };
    expect(problems({ schema: 'backuplens.baseline/1', entries: [short] })).toEqual([]);
  });

  test('fifty lines are enough', () => {
    const entries = Array.from({ length: 1000 }, () => 5);
    expect(problems({ schema: 'backuplens.baseline/1', entries })).toHaveLength(51);
  });
});

test('entries are made of what nobody has judged and whose content is known, each once, in a fixed order', () => {
  const results = [
    {
      findings: [
        finding({}),
        finding({ offset: 7 }),
        finding({ rule: 'Known', accepted: 'accepted by bob: x' }),
      ],
      gaps: [gap({}), gap({ reason: 'engine_off', by: 'clamav' })],
    },
    { findings: [finding({ sha256: null }), finding({ rule: 'A' })], gaps: [] },
  ];
  const collect = (): BaselineCollector => new BaselineCollector(JUDGEMENT);
  const forwards = collect();
  for (const result of results) forwards.add(result);
  const entries = forwards.entries();
  expect(entries.map(({ kind, rule, reason, by }) => [kind, rule, reason, by])).toEqual([
    ['yara_match', 'A', null, null],
    ['yara_match', 'X', null, null],
    [null, null, 'encrypted', 'zip'],
  ]);
  expect(entries[0]).toMatchObject({ sha256: SHA, ...JUDGEMENT });
  expect(forwards.unbound).toBe(1);
  const backwards = collect();
  for (const result of results.toReversed()) backwards.add(result);
  expect(backwards.entries()).toEqual(entries);
});
