import { expect, test } from 'vitest';
import { crashRun } from './kit/crash/crash-run.ts';

test(
  'killed at twenty moments, every file is in exactly one recorded place, whole, and nothing is done twice',
  { timeout: 600_000 },
  async () => {
    const told: string[] = [];
    const result = await crashRun({ files: 100, kills: 20, seed: 20, tell: (line) => told.push(line) });
    if (result.wrong.length > 0) console.log(told.join('\n'));
    expect(result.wrong).toEqual([]);
    expect(result.kills).toBe(20);
    expect(result.files).toBeGreaterThanOrEqual(100);
    expect(result.places.quarantine).toBeGreaterThan(0);
    expect(result.places.approved).toBeGreaterThan(0);
  },
);
