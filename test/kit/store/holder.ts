/* Opens the store of the given folder, takes a file to scan, says so, and stays until it is ended. */
import { openStore } from '../../../src/store/index.ts';
import { sighting } from './makers.ts';

const [dataDir = ''] = process.argv.slice(2);
const store = await openStore({
  dataDir,
  who: 'the holder',
  what: 'the holder',
  waitMs: 0,
  leftOver: async () => null,
});
await store.files.accept([sighting('/in/held')]);
await store.files.take({ lane: 'fresh', limit: 1, leaseMs: 60_000 });
process.stdout.write('ready\n');
setInterval(() => undefined, 60_000);
