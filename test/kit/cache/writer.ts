/**
 * Writes batches of entries into a cache until it is ended, and says after each how many are kept. With a step as third
 * argument it ends itself there (SIGKILL), in its third batch.
 */
import { VerdictCache } from '../../../src/cache/index.ts';
import { entriesOf, optionsIn } from './entries.ts';

const [folder = '', step = '', who = 'a', rounds = '1000000'] = process.argv.slice(2);
let batch = 0;
const cache = await VerdictCache.open({
  ...optionsIn(folder),
  onStep: (at) => {
    if (at === step && batch === 2) process.kill(process.pid, 'SIGKILL');
  },
});
for (; batch < Number(rounds); batch++) {
  cache.keep(entriesOf(`${who}${batch}`));
  process.stdout.write(`${batch + 1} ${cache.state.not_kept}\n`);
}
await cache.close();
