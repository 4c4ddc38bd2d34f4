import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackupLensError, DEFAULT_POLICY } from '../domain/index.ts';
import { loadPolicy } from './policy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function load(content: string | Uint8Array): ReturnType<typeof loadPolicy> {
  const path = join(folder, 'scoring.yaml');
  writeFileSync(path, content);
  return loadPolicy(path, { shown: 'p.yaml' });
}

function problems(content: string | Uint8Array): string[] {
  try {
    load(content);
    return [];
  } catch (error) {
    if (!(error instanceof BackupLensError) || error.code !== 'BL_POLICY') throw error;
    return error.message.split('\n');
  }
}

const SPECIFICATION = `
weights:
  mime_mismatch: 30
  clamav_infected: 200
  yara_match: 120
  high_entropy: 40
thresholds:
  auto_approve: 50
  manual_review: 100
`;

describe('what is valid', () => {
  test('the specification’s four weights and thresholds alone mean the defaults', () => {
    const { policy } = load(SPECIFICATION);
    const { sha256, strict, ...rest } = policy;
    expect(rest).toEqual(DEFAULT_POLICY);
    expect(strict).toBe(false);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([100, 101])('a third threshold of %i says the same as the second', (quarantine) => {
    expect(problems(`${SPECIFICATION}  quarantine: ${quarantine}\n`)).toEqual([]);
  });

  test('equal policies have equal hashes, however they are written; different ones do not', () => {
    const one = load('weights: {yara_match: 100, high_entropy: 40}\n').policy.sha256;
    expect(load('# a comment\nweights:\n  yara_match: 100\n').policy.sha256).toBe(one);
    expect(load('weights: {yara_match: 101}\n').policy.sha256).not.toBe(one);
  });

  test('a gap’s word stands for root and nested; a mapping for what it names', () => {
    const { policy } = load('gaps:\n  opaque: quarantine\n  corrupt: {nested: review}\n');
    expect(policy.gaps.opaque).toEqual({ root: 'quarantine', nested: 'quarantine' });
    expect(policy.gaps.corrupt).toEqual({ root: 'review', nested: 'review' });
    expect(policy.gaps.encrypted).toEqual(DEFAULT_POLICY.gaps.encrypted);
  });

  test('each value knows the line that set it', () => {
    const { originOf } = load(
      'weights:\n  yara_match: 100\ngaps:\n  opaque: review\n  corrupt: {root: review}\n',
    );
    expect(originOf('weights.yara_match')).toBe('file p.yaml:2');
    expect(originOf('weights.high_entropy')).toBe('default');
    expect(originOf('gaps.opaque.nested')).toBe('file p.yaml:4');
    expect(originOf('gaps.corrupt.root')).toBe('file p.yaml:5');
    expect(originOf('gaps.corrupt.nested')).toBe('default');
    expect(originOf('accept')).toBe('default');
  });

  test('an accepted gap’s date lasts to the end of its day, its time is told in UTC', () => {
    const { policy } = load(
      'accept:\n  - {reason: encrypted, path: "a/**", until: 2027-01-31, why: x}\n' +
        '  - {reason: corrupt, format: zip, until: "2027-01-31T01:00:00+02:00", why: y}\n',
    );
    expect(policy.accept).toEqual([
      { reason: 'encrypted', format: null, path: 'a/**', until: '2027-01-31T23:59:59.999Z', why: 'x' },
      { reason: 'corrupt', format: 'zip', path: '**', until: '2027-01-30T23:00:00.000Z', why: 'y' },
    ]);
  });

  test('a rule may be called like a built-in property', () => {
    expect(load('yara: {weights: {constructor: 0}}\n').policy.yara_weights).toEqual({ constructor: 0 });
  });

  test('strictness is the caller’s, and no part of the hash', () => {
    const path = join(folder, 'strict.yaml');
    writeFileSync(path, SPECIFICATION);
    expect(loadPolicy(path, { strict: true }).policy).toEqual({ ...loadPolicy(path).policy, strict: true });
  });
});

const POINTS = 'expected an integer from 0 to 1000000';
const WORD = 'expected tolerate, review or quarantine';

describe('what is not', () => {
  test.each<[string, string, string[]]>([
    [
      'a misspelt weight',
      'weights:\n  yara_mach: 1\n',
      ['2:3: weights.yara_mach: unknown key; did you mean yara_match?'],
    ],
    [
      'a capital, a hyphen',
      'weights: {Yara-Match: 1}\n',
      ['1:11: weights.Yara-Match: unknown key; did you mean yara_match?'],
    ],
    [
      'an unknown section',
      'other: 1\n',
      [
        '1:1: other: unknown key; expected one of weights, thresholds, gaps, yara, accept, release_provisional',
      ],
    ],
    ['a fraction', 'weights:\n  yara_match: 1.5\n', [`2:15: weights.yara_match: ${POINTS}, got 1.5`]],
    ['a negative weight', 'weights: {yara_match: -1}\n', [`1:23: weights.yara_match: ${POINTS}, got -1`]],
    ['a text', 'weights: {yara_match: "120"}\n', [`1:23: weights.yara_match: ${POINTS}, got "120"`]],
    ['no number', 'weights: {yara_match: .nan}\n', [`1:23: weights.yara_match: ${POINTS}, got NaN`]],
    [
      'an absurd weight',
      'weights: {yara_match: 1e9}\n',
      [`1:23: weights.yara_match: ${POINTS}, got 1000000000`],
    ],
    [
      'nothing for a weight',
      'weights:\n  yara_match:\n',
      [`2:3: weights.yara_match: ${POINTS}, got nothing`],
    ],
    [
      'an empty section',
      'weights:\n',
      ['1:1: weights: expected a mapping of finding kinds to points, got nothing'],
    ],
    [
      'a list as the file',
      '- weights\n',
      [
        '1:1: expected a mapping with weights, thresholds, gaps, yara, accept or release_provisional, got ["weights"]',
      ],
    ],
    [
      'thresholds out of order',
      'thresholds:\n  auto_approve: 100\n  manual_review: 50\n',
      [
        '3:18: thresholds.manual_review: thresholds are out of order: expected auto_approve (100) below manual_review (50)',
      ],
    ],
    [
      'a threshold above the other’s default',
      'thresholds: {auto_approve: 100}\n',
      [
        '1:28: thresholds.auto_approve: thresholds are out of order: expected auto_approve (100) below manual_review (100)',
      ],
    ],
    [
      'a third threshold that contradicts',
      'thresholds: {quarantine: 150}\n',
      [
        '1:26: thresholds.quarantine: contradicts manual_review: 100, above which everything is quarantined; expected 100 or 101, got 150',
      ],
    ],
    [
      'infection that would be approved',
      'weights: {clamav_infected: 50}\n',
      [
        '1:28: weights.clamav_infected: an infected file would be approved: expected clamav_infected (50) above auto_approve (50)',
      ],
    ],
    [
      'infection that other thresholds would approve',
      'thresholds: {auto_approve: 200, manual_review: 300}\n',
      [
        '1:28: thresholds.auto_approve: an infected file would be approved: expected clamav_infected (200) above auto_approve (200)',
      ],
    ],
    [
      'a failed engine tolerated',
      'gaps: {engine_failed: tolerate}\n',
      ['1:23: gaps.engine_failed: an engine that failed cannot be tolerated: expected review or quarantine'],
    ],
    [
      'a failed engine tolerated inside',
      'gaps:\n  engine_failed: {root: review, nested: tolerate}\n',
      [
        '2:41: gaps.engine_failed.nested: an engine that failed cannot be tolerated: expected review or quarantine',
      ],
    ],
    ['a word that is none', 'gaps: {encrypted: ignore}\n', [`1:19: gaps.encrypted: ${WORD}, got "ignore"`]],
    ['a list for a word', 'gaps: {encrypted: [review]}\n', [`1:19: gaps.encrypted: ${WORD}, got ["review"]`]],
    [
      'a misspelt part',
      'gaps: {opaque: {rot: review}}\n',
      ['1:17: gaps.opaque.rot: unknown key; did you mean root?'],
    ],
    [
      'a share above one',
      'gaps: {max_uninspected_share: 5}\n',
      ['1:31: gaps.max_uninspected_share: expected a share from 0 to 1, such as 0.05, got 5'],
    ],
    ['a YARA weight that is none', 'yara: {weights: {R: x}}\n', [`1:21: yara.weights.R: ${POINTS}, got "x"`]],
    [
      'a rule that no table can name',
      'yara: {weights: {__proto__: 0}}\n',
      ['1:29: yara.weights.__proto__: this name cannot be given a weight; use its namespace or tag'],
    ],
    [
      'an accepted gap without a place or a reason why',
      'accept:\n  - reason: encrypted\n',
      [
        '2:5: accept[0].why: expected the reason, in words, got nothing',
        '2:5: accept[0]: expected a path or a format; for every gap of a reason use gaps',
      ],
    ],
    [
      'a date that is none',
      'accept: [{reason: corrupt, path: a, why: b, until: 2027-02-31}]\n',
      [
        '1:52: accept[0].until: expected a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z, got "2027-02-31"',
      ],
    ],
    [
      'a key that stands twice',
      'weights:\n  yara_match: 1\n  yara_match: 2\n',
      ['3:3: weights.yara_match: stands here for the second time'],
    ],
    ['an anchor', 'weights: &w\n  yara_match: 1\n', ['2:3: anchors (&w) are not accepted']],
    ['an alias', 'weights: *w\n', ['1:10: aliases (*w) are not accepted: write the value out']],
    ['a tag', 'weights: {yara_match: !!int "1"}\n', ['1:29: tags (tag:yaml.org,2002:int) are not accepted']],
    ['a directive', '%YAML 1.1\n---\nweights: {}\n', ['1:1: directives (%YAML) are not accepted']],
    [
      'a broken bracket',
      'weights: [1\nthresholds: 2\n',
      [
        '2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    ['a tab', 'weights:\n\tyara_match: 1\n', ['2:1: not valid YAML: Tabs are not allowed as indentation']],
    ['an empty file', '', ['1:1: the file is empty; expected weights, thresholds, …']],
    ['only comments', '# nothing\n', ['1:1: the file is empty; expected weights, thresholds, …']],
  ])('%s: said with line and column', (_what, content, expected) => {
    expect(problems(content)).toEqual(expected.map((line) => `p.yaml:${line}`));
  });

  test('everything that is wrong is said at once, in the order of the file', () => {
    const found = problems('weights: {a: 1, yara_match: x}\nthresholds: {auto_approve: 500}\ngapz: {}\n');
    expect(found.map((line) => line.split(': ')[0])).toEqual([
      'p.yaml:1:11',
      'p.yaml:1:29',
      'p.yaml:2:28',
      'p.yaml:2:28',
      'p.yaml:3:1',
    ]);
  });

  test('bytes that are not UTF-8 are named with their place, also behind the sign for such bytes', () => {
    const bytes = Buffer.concat([Buffer.from('a: 1\nb: \uFFFD\u00E9 '), Buffer.from([0xff, 0x41])]);
    expect(problems(bytes)).toEqual(['p.yaml:2:7: not UTF-8']);
  });

  test.each([
    ['brackets', '['.repeat(400_000)],
    ['closed brackets', `a: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['dashes', '- '.repeat(5000)],
  ])('%s nested beyond reason are a message, not a crash', (_what, content) => {
    const found = problems(content);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^p\.yaml:1:\d+: nested too deeply$/);
  });

  test('a hundred thousand unknown keys cost seconds at most and fifty lines', () => {
    const started = performance.now();
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}:\n`).join('');
    expect(problems(keys)).toHaveLength(51);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('a megabyte is the limit', () => {
    expect(problems(`# ${'x'.repeat(1024 * 1024)}`)).toEqual([
      'p.yaml: cannot be read: larger than 1048576 bytes',
    ]);
  });

  test('a key with control characters is quoted', () => {
    expect(problems('"a\\e[31m": 1\n')[0]).toContain('"a\\u001b[31m": unknown key');
  });

  test('a folder, a FIFO and nothing at all cannot be read, and nothing waits', () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    mkdirSync(join(folder, 'folder'));
    const message = (name: string): string => {
      try {
        loadPolicy(join(folder, name), { shown: name });
        return 'loaded';
      } catch (error) {
        return error instanceof BackupLensError ? `${error.code} ${error.message}` : String(error);
      }
    };
    expect(message('fifo')).toBe('BL_POLICY fifo: cannot be read: not a regular file');
    expect(message('folder')).toBe('BL_POLICY folder: cannot be read: not a regular file');
    expect(message('none')).toBe('BL_POLICY none: cannot be read: no such file or folder');
  });
});
