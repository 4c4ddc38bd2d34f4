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

test('of artifacts with the same findings a hundred are kept and the rest is counted', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 1000; at++) ledger.findings([finding(at, 'mime_mismatch', 'r')]);
  const { findings, omitted } = ledger.close(root);
  expect(findings).toHaveLength(100);
  expect(omitted.findings).toBe(900);
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

test('findings beyond what is kept of one file are a gap of their own, never silence', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 20_010; at++) ledger.findings([finding(at, 'yara_match', `rule ${at}`)]);
  const { gaps, omitted } = ledger.close(root);
  expect(gaps.map(({ reason, by }) => `${reason} by ${by}`)).toEqual(['budget_exceeded by report']);
  expect(omitted.findings).toBe(10);
});

test('an engine that is away is one line a file, with how many artifacts and bytes it did not see', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 0; at < 500; at++)
    ledger.gap({ ...gap(at, 'engine_unavailable', 'clamav'), stage: 'analyze' });
  const { gaps } = ledger.close(root);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]).toMatchObject({ trail: ['backup.tar'], artifacts: 500, bytes: 5000 });
});

test('a hundred trails of a gap reason are kept, and one line counts the rest without claiming a place', () => {
  const ledger = new Ledger('backup.tar');
  for (let at = 1; at <= 130; at++) ledger.gap(gap(at, 'encrypted'));
  const { gaps, omitted } = ledger.close(root);
  expect(gaps).toHaveLength(101);
  expect(gaps.at(-1)).toMatchObject({
    trail: ['backup.tar', '(more of the same)'],
    artifacts: 30,
    bytes: 300,
  });
  expect(omitted.gaps).toBe(30);
});

test('news tells each finding and gap once', () => {
  const ledger = new Ledger('backup.tar');
  expect(ledger.news()).toBeNull();
  ledger.findings([finding(1, 'yara_match', 'r')]);
  expect(ledger.news()?.findings).toHaveLength(1);
  expect(ledger.news()).toBeNull();
});
