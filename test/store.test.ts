import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeConformance } from './kit/store/conformance.ts';
import { openTestStore } from './kit/store/open.ts';

storeConformance('SQLite', () => {
  const root = mkdtempSync(join(tmpdir(), 'store-'));
  return {
    open: async (clocks) => (await openTestStore(join(root, 'data'), clocks)).store,
    // SQLite has nothing but its files: what is committed is there, and the lock is the process's.
    crash: async (store) => store.close(),
    remove: async () => rmSync(root, { recursive: true, force: true }),
  };
});
