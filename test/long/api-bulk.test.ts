import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { Api } from '../kit/api/client.ts';
import { newInstallation, startService } from '../kit/pipeline-service.ts';
import { forReview } from '../kit/store/makers.ts';
import { finding } from '../kit/sample-report.ts';

const ITEMS = Number(process.env['BULK_ITEMS'] ?? 10_000);
/** Of the items, one in so many is held for other reasons. */
const OTHER = 10;

test(`${ITEMS} held files are listed, filtered, previewed and approved together`, async () => {
  const at = newInstallation();
  const figures: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const done = await work();
    figures[name] = Math.round(performance.now() - began);
    return done;
  };
  mkdirSync(join(at.incoming, 'd'));
  const store = await openStore({
    dataDir: at.data,
    who: 'a test',
    what: 'a test',
    waitMs: 0,
    leftOver: async () => null,
  });
  await timed('made', async () => {
    for (let item = 0; item < ITEMS; item++) {
      const path = at.put(`d/${item}.bin`, `content of ${item}`);
      const { dev, ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      const rule = item % OTHER === 0 ? 'Other' : 'Noisy';
      const scan = forReview({
        sha256,
        size: Number(size),
        gaps: [],
        findings: [finding([`${item}.bin`], { rule, weight: 60 })],
      });
      const identity = { dev, ino, size, mtime_ns: mtimeNs, ctime_ns: ctimeNs };
      const share = Buffer.from('d');
      const file = await store.files.recordAt(
        { path: Buffer.from(path), identity, share, lane: 'fresh', never_settled: false },
        scan,
      );
      await store.reviews.holdInPlace(file.id, null);
    }
  });
  await store.close();
  const { REVIEW_DIR: _, ...env } = at.env;
  const service = await startService(env);
  try {
    const admin = new Api(service.address(), readFileSync(join(at.data, 'api-token'), 'utf8').trim());
    const { items: groups } = await timed('groups', async () => admin.ok('listReviewGroups'));
    expect(
      groups.map(({ reviews, rules }: { reviews: number; rules: string[] }) => [reviews, ...rules]),
    ).toEqual([
      [ITEMS - ITEMS / OTHER, 'yara_match:Noisy'],
      [ITEMS / OTHER, 'yara_match:Other'],
    ]);
    await timed('first page of 500', async () =>
      admin.ok('listReviews', { query: { state: 'open', limit: 500 } }),
    );
    await timed('filtered by rule, 500', async () =>
      admin.ok('listReviews', { query: { state: 'open', rule: 'Noisy', limit: 500 } }),
    );
    const listed = await timed('all pages', async () => {
      let count = 0;
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: Record<string, string | number> = {
          state: 'open',
          limit: 500,
          ...(cursor === '' ? {} : { cursor }),
        };
        const page: { items: unknown[]; next: string | null } = await admin.ok('listReviews', { query });
        count += page.items.length;
        cursor = page.next;
      }
      return count;
    });
    expect(listed).toBe(ITEMS);
    const ask = { action: 'approve', filter: { rule: 'Noisy' } };
    const shown = await timed('preview', async () => admin.ok('previewReviews', { body: ask }));
    expect(shown.count).toBe(ITEMS - ITEMS / OTHER);
    const body = { ...ask, digest: shown.digest, reason: 'a vendor update' };
    const deciding = timed('decided', async () => admin.ok('decideReviews', { body }));
    // Meanwhile it answers others.
    const waits: number[] = [];
    const over = { is: false };
    void deciding.finally(() => (over.is = true)).catch(() => undefined);
    while (!over.is) {
      const began = performance.now();
      await admin.ok('health');
      waits.push(performance.now() - began);
    }
    expect(await deciding).toEqual({ decided: ITEMS - ITEMS / OTHER, refused: [] });
    figures['longest wait of another request'] = Math.round(Math.max(...waits));
    await timed('carried out', async () =>
      service.until(
        async () => (await admin.ok('stats')).files.in_place === ITEMS - ITEMS / OTHER,
        'all of them',
      ),
    );
    figures['resident MB'] = Math.round(
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.process.pid}/status`, 'utf8'))?.[1]) / 1024,
    );
    console.log(`in ms: ${JSON.stringify(figures)}`);
  } finally {
    await service.kill();
    at.remove();
  }
}, 900_000);
