import { describe, expect, it } from 'vitest';
import { NASTY_NAMES } from '../../test/kit/nasty-names.ts';
import { width } from '../report/index.ts';
import { progressLine } from './progress.ts';
import type { ProgressState } from './progress.ts';

const HALF: ProgressState = {
  filesDone: 1234,
  filesKnown: 5678,
  totalKnown: true,
  bytesDone: 5 * 2 ** 30,
  bytesKnown: 10 * 2 ** 30,
  current: 'incoming/nightly.tar.zst',
};

describe('the line of progress', () => {
  it('tells share, figures, rate and the time that is left once the total is known', () => {
    expect(progressLine(HALF, 100_000, 120)).toBe(
      '[==========          ] 50% 1,234/5,678 files · 5.0 GiB · 51 MiB/s · 1 min 40 s left · incoming/nightly.tar.zst',
    );
  });

  it('promises nothing while files are still being met', () => {
    expect(progressLine({ ...HALF, totalKnown: false }, 100_000, 120)).toBe(
      '1,234 of at least 5,678 files · 5.0 GiB · 51 MiB/s · incoming/nightly.tar.zst',
    );
  });

  it('tells no rate in the first second', () => {
    expect(progressLine(HALF, 500, 120)).not.toMatch(/\/s|left/);
  });

  it('never wraps and never lets a name through raw', () => {
    for (const columns of [10, 40, 70, 80, 200]) {
      const lines = NASTY_NAMES.map(({ name }) => progressLine({ ...HALF, current: name }, 60_000, columns));
      expect(lines.filter((line) => width(line) >= columns || /\p{C}/u.test(line))).toEqual([]);
    }
  });

  it('is sound when there is nothing, and when more was done than was known', () => {
    const none = { ...HALF, filesDone: 0, filesKnown: 0, bytesDone: 0, bytesKnown: 0, current: null };
    expect(progressLine(none, 5000, 80)).toBe('[                    ]  0% 0/0 files · 0 B · 0 B/s');
    expect(progressLine({ ...HALF, bytesDone: 20 * 2 ** 30 }, 5000, 80)).toContain('100%');
  });
});
