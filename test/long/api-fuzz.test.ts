import { expect, test } from 'vitest';
import { fuzzApi } from '../kit/api/fuzz.ts';
import { serve } from '../kit/api/installation.ts';

// npm run fuzz: FUZZ_MINUTES (5), with a new seed or that of FUZZ_SEED.
const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 5);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

test(
  `the API under requests of seed ${SEED}`,
  async () => {
    const served = await serve();
    try {
      const { id, file, scan } = await served.held('held.txt');
      const token = await served.token('fuzz', 'admin');
      await served.service.until(
        async () => (await served.api.as(token).call('stats')).status === 200,
        'the token',
      );
      const { requests, statuses, wrong } = await fuzzApi({
        url: served.api.url,
        token,
        seed: SEED,
        most: Infinity,
        forMs: MINUTES * 60_000,
        ids: [id, file, scan],
        secrets: [served.at.root, import.meta.dirname],
      });
      console.log(`FUZZ_SEED=${SEED}: ${requests} requests: ${JSON.stringify(statuses)}`);
      expect(wrong).toEqual([]);
    } finally {
      await served.end();
    }
  },
  MINUTES * 60_000 + 120_000,
);
