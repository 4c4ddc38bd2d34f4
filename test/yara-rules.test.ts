import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadEngine, type CompileReport, type RuleSet } from '../src/analyze/yara/load-engine.ts';
import { readRuleFiles } from '../src/services/yara-scanner/rule-files.ts';
import { MARKER } from './kit/marker.ts';
import { BAD_SAMPLES, QUOTING_SAMPLES } from './kit/yara/samples.ts';

const ROOT = join(import.meta.dirname, '..');
const RULES = join(ROOT, 'yara-rules');

let rules: RuleSet & CompileReport;
beforeAll(async () => {
  const { files } = readRuleFiles([RULES]);
  const engine = await loadEngine();
  const { set, report } = engine.prepare(files);
  const options = { scanTimeoutMs: 10_000, maxMatchesPerPattern: 100, reads: report.reads };
  rules = { ...report, ...engine.load(set, options) };
});

const hits = (bytes: Buffer): string[] => rules.scan(bytes).map(({ rule }) => rule);

/** Files below a folder, up to 4 MiB each. */
function* filesBelow(folder: string, most: number): Generator<[string, Buffer], void, undefined> {
  let left = most;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.includes('/node_modules/') || path.includes('/.git/')) continue;
    if (statSync(path).size > 4 * 1024 * 1024) continue;
    if (left-- === 0) return;
    yield [path, readFileSync(path)];
  }
}

test('all rule files compile, and every rule says who made it, what it finds, how bad that is, and where to read more', () => {
  expect(rules.rejected).toEqual([]);
  expect(rules.rules).toBeGreaterThan(9);
  for (const { source } of readRuleFiles([RULES]).files) {
    for (const [rule] of source.matchAll(/^rule [^]*?^}/gm)) {
      for (const key of [
        'author = "BackupLens"',
        'description = "',
        'severity = "',
        'reference = "https://',
      ]) {
        expect(rule).toContain(key);
      }
    }
  }
});

test('the test marker is found wherever it is', () => {
  expect(hits(Buffer.from(`some text ${MARKER} more`))).toEqual(['BackupLens_Test_Marker']);
  expect(hits(Buffer.from(MARKER.toLowerCase()))).toEqual([]);
});

describe.each(Object.entries(BAD_SAMPLES))('%s', (rule, samples) => {
  test.each(samples.map((sample, index) => [index, sample] as const))('finds sample %d', (_index, sample) => {
    expect(hits(Buffer.from(sample))).toContain(rule);
  });
});

test.each(Object.entries(QUOTING_SAMPLES))(
  'text that only talks about it is not found: %s',
  (_name, text) => {
    expect(hits(Buffer.from(text))).toEqual([]);
  },
);

test('nothing of our own is found: sources, documents, the rules themselves', () => {
  let files = 0;
  for (const folder of ['src', 'docs', 'test', 'yara-rules', 'config', 'tools', 'lint']) {
    if (!existsSync(join(ROOT, folder))) continue;
    for (const [path, bytes] of filesBelow(join(ROOT, folder), 5000)) {
      files++;
      expect([path, hits(bytes)]).toEqual([path, []]);
    }
  }
  expect(files).toBeGreaterThan(50);
});

test.each([
  '/usr/share/doc',
  '/usr/share/perl',
  '/usr/lib/python3',
  '/usr/bin',
  '/etc',
  join(ROOT, 'node_modules/undici'),
])('nothing of an ordinary system is found: %s', (folder) => {
  if (!existsSync(folder)) return;
  const found: [string, string[]][] = [];
  for (const [path, bytes] of filesBelow(folder, 3000)) {
    const names = hits(bytes);
    if (names.length > 0) found.push([path, names]);
  }
  expect(found).toEqual([]);
});
