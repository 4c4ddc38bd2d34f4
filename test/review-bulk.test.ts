import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerReviews, selectReviews } from '../src/pipeline/reviews/index.ts';
import { identityOf, sha256 } from './kit/dispose/store.ts';
import { forReview, hashOf, sighting } from './kit/store/makers.ts';
import { openTestStore, pass } from './kit/store/open.ts';

test('a bulk decision ends in time: what was not read once more is not decided, and stays open', async () => {
  const root = mkdtempSync(join(tmpdir(), 'backuplens-bulk-'));
  const { store, clocks } = await openTestStore(join(root, 'data'));
  try {
    // Takes no room, and longer to read than anybody waits.
    const files = { first: 'read in time', huge: null, last: 'comes too late' };
    for (const [name, content] of Object.entries(files)) {
      const path = join(root, name);
      writeFileSync(path, content ?? '');
      if (content === null) truncateSync(path, 2 ** 40);
      const file = await store.files.recordAt(
        sighting(path, { identity: identityOf(path) }),
        forReview({ sha256: content === null ? hashOf('a') : sha256(content) }),
      );
      await store.reviews.holdInPlace(file.id, null);
      // The oldest comes first.
      pass(clocks, 1000);
    }
    const selection = { action: 'approve', filter: {}, who: 'rita', limit: 10 } as const;
    const { digest, items } = await selectReviews(store, selection);
    expect(items).toHaveLength(3);
    const answer = { reason: 'checked', remember: false, until: null };
    const began = performance.now();
    const done = await answerReviews(store, selection, digest, answer, 1500);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(done?.decided).toBe(1);
    expect(done?.refused.map(({ code }) => code)).toEqual(['not_in_time', 'not_in_time']);
    const open = await store.reviews.list({ state: 'open', limit: 10 });
    expect(open.map(({ path }) => Buffer.from(path).toString())).toEqual([
      join(root, 'huge'),
      join(root, 'last'),
    ]);
  } finally {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  }
});
