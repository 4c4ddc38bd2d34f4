import { expect, test } from 'vitest';
import type { Finding, Gap } from '../domain/index.ts';
import { Ledger } from './ledger.ts';

const root = { id: 0, parent: null, trail: ['backup.tar'] } as const;
const finding = (artifact: number, kind: Finding['kind'], rule: string): Finding => ({
  kind,
  rule,
  engine: 'test',
  artifact,
  trail: ['backup.tar', `member ${artifact}`],
  sha256: null,
  detail: '',
  offset: null,
  evidence: {},
});
const gap = (artifact: number, reason: Gap['reason'], by = 'zip'): Gap => ({
  stage: 'unpack',
  by,
  reason,
  artifact,
  trail: ['backup.tar', `member ${artifact}`],
  sha256: null,
  format: 'zip',
  detail: 'locked',
  bytes: 10,
  artifacts: 1,
});

test('of artifacts with the same findings a hundred are kept; the others are counted, and one stands for them', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 1000; at++) {
    ledger.findings([{ ...finding(at, 'mime_mismatch', 'r'), sha256: at.toString(16).padStart(64, '0') }]);
  }
  const { findings, omitted } = ledger.close(root);
  expect(findings).toHaveLength(101);
  expect(omitted.findings).toBe(900);
  // Without a hash: no baseline can take it for something that was judged.
  expect(findings.at(-1)).toMatchObject({ sha256: null, trail: ['backup.tar', '(more of the same)'] });
});

test('an infection is kept however many harmless findings came before it', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 1000; at++) ledger.findings([finding(at, 'mime_mismatch', 'r')]);
  ledger.findings([finding(1001, 'clamav_infected', 'Eicar')]);
  ledger.findings([finding(1002, 'mime_mismatch', 'r'), finding(1002, 'high_entropy', 'shannon')]);
  const { findings } = ledger.close(root);
  expect(findings.map(({ kind }) => kind)).toContain('clamav_infected');
  expect(findings.filter(({ artifact }) => artifact === 1002)).toHaveLength(2);
});

test('what weighs more than all that was kept is kept, however much there was before it', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 25_000; at++) ledger.findings([finding(at, 'mime_mismatch', `claims-${at}`)]);
  ledger.findings([finding(30_000, 'yara_match', 'Marker')]);
  ledger.findings([finding(30_001, 'yara_match', 'Marker'), finding(30_001, 'high_entropy', 'shannon')]);
  ledger.findings([finding(30_002, 'clamav_infected', 'Eicar')]);
  const { findings, omitted } = ledger.close(root);
  const late = findings.filter(({ artifact }) => artifact >= 30_000);
  expect(late.map(({ artifact, kind }) => `${artifact} ${kind}`)).toEqual([
    '30000 yara_match',
    '30001 yara_match',
    '30001 high_entropy',
    '30002 clamav_infected',
  ]);
  expect(omitted.findings).toBe(5000);
});

test('an engine that is away is one line a file, with how many artifacts and bytes it did not see', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 0; at < 500; at++)
    ledger.gap({ ...gap(at, 'engine_unavailable', 'clamav'), stage: 'analyze' });
  const { gaps } = ledger.close(root);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]).toMatchObject({ trail: ['backup.tar'], artifacts: 500, bytes: 5000 });
});

test('a thousand trails of a gap are kept, and one line counts the rest without a place or a hash', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 1030; at++) ledger.gap({ ...gap(at, 'encrypted'), sha256: 'a'.repeat(64) });
  const { gaps, omitted } = ledger.close(root);
  expect(gaps).toHaveLength(1001);
  expect(gaps.at(-1)).toMatchObject({
    trail: ['backup.tar', '(more of the same)'],
    sha256: null,
    artifacts: 30,
    bytes: 300,
  });
  expect(omitted.gaps).toBe(30);
});

test('gaps of different formats are never lumped together', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 1500; at++)
    ledger.gap({ ...gap(at, 'encrypted'), format: at % 2 === 0 ? 'zip' : '7z' });
  expect(ledger.close(root).gaps).toHaveLength(1500);
});

test('an engine that failed is told member by member', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 3; at++) ledger.gap({ ...gap(at, 'engine_failed', 'yara'), stage: 'analyze' });
  expect(ledger.close(root).gaps.map(({ trail }) => trail[1])).toEqual(['member 1', 'member 2', 'member 3']);
});

test('news tells each finding and gap once', () => {
  const ledger = new Ledger('backup.tar');
  expect(ledger.news()).toBeNull();
  ledger.findings([finding(1, 'yara_match', 'r')]);
  expect(ledger.news()?.findings).toHaveLength(1);
  expect(ledger.news()).toBeNull();
});

test('which password opened a member is told, of the first hundred; nothing else that was measured of members', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 0; at < 200; at++) {
    const member = { artifact: at + 1, engine: 'zip', trail: ['backup.tar', `${at}.zip`], value: 1 } as const;
    ledger.measurement({ ...member, name: 'members_opened_with_password_2' });
    ledger.measurement({ ...member, name: 'links' });
  }
  const { measurements } = ledger.close(root);
  expect(measurements).toHaveLength(100);
  expect(measurements[0]).toMatchObject({
    name: 'members_opened_with_password_2',
    trail: ['backup.tar', '0.zip'],
  });
});

test('large data that nobody looked into count as seen raw only; what was looked into and small ones do not', () => {
  const ledger = new Ledger('backup.tar');
  ledger.artifact(64 * 1024, true);
  ledger.artifact(64 * 1024 - 1, true);
  ledger.artifact(1_000_000, false);
  const { coverage } = ledger.close(root);
  expect(coverage).toMatchObject({ artifacts: 3, raw_only: { artifacts: 1, bytes: 65_536 } });
});
