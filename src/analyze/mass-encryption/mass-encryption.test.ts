import { describe, expect, test } from 'vitest';
import { FolderCounter, MassCounter } from './index.ts';

const CLEAN: readonly never[] = [];
const suspected = (appended: string | null = null, ending: string | null = null, rule = 'noise-throughout') =>
  [{ kind: 'encryption_suspected', rule, evidence: { appended, ending } }] as const;

function counted(files: number, hits: number, findings = suspected()): MassCounter {
  const counter = new MassCounter();
  for (let at = 0; at < files; at++) counter.add(at < hits ? findings : CLEAN);
  return counter;
}

describe('mass_encryption', () => {
  test('a file or two that look encrypted are no attack, in a small whole and in a large one', () => {
    expect(counted(100_000, 10).mass()).toBeNull();
    expect(counted(6, 2).mass()).toBeNull();
    expect(counted(0, 0).mass()).toBeNull();
  });

  test('1 % of 5,000 files is one, and says how many', () => {
    const mass = counted(5000, 50).mass();
    expect(mass).toMatchObject({
      rule: 'share-of-files',
      evidence: { files: 5000, suspected: 50, share: 0.01 },
    });
    expect(mass?.detail).toBe('50 of 5000 files (1 %) look encrypted');
  });

  test('an attack on 1 % of 5,000 files of which only a quarter can be seen is one; what any tree may hold is none', () => {
    expect(counted(5000, 12).mass()?.rule).toBe('share-of-files');
    expect(counted(5000, 9).mass()).toBeNull();
  });

  test('of what statistics alone accuse it takes more: all files of a kind that nobody knew may look so', () => {
    const odd = suspected(null, null, 'noise-in-strides');
    expect(counted(5000, 20, odd).mass()).toBeNull();
    expect(counted(5000, 25, odd).mass()).toMatchObject({ evidence: { suspected: 25 } });
    expect(counted(100, 5, odd).mass()).toBeNull();
    expect(counted(100, 8, odd).mass()).not.toBeNull();
  });

  test('many that were renamed alike are one whatever their share', () => {
    expect(counted(100_000, 12, suspected('.locked8')).mass()).toMatchObject({
      rule: 'renamed-alike',
      evidence: { ending: '.locked8', with_this_ending: 12 },
    });
    expect(counted(100_000, 3, suspected('.lockbit', '.lockbit')).mass()?.rule).toBe('renamed-alike');
    expect(counted(100_000, 3, suspected('.locked8')).mass()).toBeNull();
  });

  test('one attacked folder in a large tree is found and named', () => {
    const counter = new FolderCounter('/backup');
    for (let at = 0; at < 50_000; at++) counter.add(`/backup/a/${at % 100}/f${at}`, CLEAN);
    for (let at = 0; at < 100; at++) counter.add(`/backup/home/alice/f${at}`, at < 60 ? suspected() : CLEAN);
    for (let at = 0; at < 50_000; at++) counter.add(`/backup/z/f${at}`, CLEAN);
    const mass = counter.close();
    expect(mass?.detail).toBe('60 of 100 files (60 %) look encrypted in home/alice');
    expect(mass?.evidence['folders']).toEqual(['home/alice (60)', 'home (60)']);
  });

  test('an endless number of different endings costs no more memory than a few', () => {
    const counter = new MassCounter();
    for (let at = 0; at < 5000; at++) counter.add(suspected(`.x${at}`));
    expect(counter.mass()?.rule).toBe('share-of-files');
  });
});
