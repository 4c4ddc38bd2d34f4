import { setTimeout as sleep } from 'node:timers/promises';
import { askClamd, clamdDatabase, type ClamdAddress } from '../../analyze/clamav/index.ts';
import type { Daemon, Database } from './updater.ts';

const ANSWER_MS = 5000;
/** What loading the official signatures takes on a slow machine; then the old ones are reported. */
const RELOAD_MS = 20_000;
const POLL_MS = 500;

/** clamd, over its own protocol. */
export function clamdDaemon(address: ClamdAddress): Daemon {
  const database = async (): Promise<Database> => clamdDatabase(address, ANSWER_MS);
  return {
    database,
    reload: async () => {
      const before = await database();
      const said = await askClamd(address, 'RELOAD', ANSWER_MS);
      if (said.failed !== null) throw new Error(said.failed);
      if (said.text !== 'RELOADING') throw new Error(`it answered RELOAD with ${JSON.stringify(said.text)}`);
      // Databases of one's own do not show in VERSION (FACTS): then this waits in vain, and no longer than that.
      const end = performance.now() + (before?.time == null ? 0 : RELOAD_MS);
      let now = await database();
      while (now?.version === before?.version && performance.now() < end) {
        await sleep(POLL_MS);
        now = await database();
      }
      return now;
    },
  };
}
