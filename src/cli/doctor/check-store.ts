import type { EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { withReader } from '../store-session.ts';
import { ok, warn } from './check.ts';

type Settings = Pick<
  EffectiveConfig,
  'dataDir' | 'incomingDir' | 'quarantineDir' | 'reviewDir' | 'approvedDir' | 'restoreRoots'
>;

/** The store: whether it can be read, and whether anything in it waits for a person. What is broken is thrown. */
export async function checkStore(config: Settings): Promise<readonly HealthCheck[]> {
  const folders = {
    dataDir: config.dataDir.value,
    incomingDir: config.incomingDir.value,
    quarantineDir: config.quarantineDir.value,
    reviewDir: config.reviewDir.value,
    approvedDir: config.approvedDir.value,
    restoreRoots: config.restoreRoots.value,
  };
  return withReader(
    folders,
    async (store) => {
      const counts = await store.counts();
      const facts = {
        path: folders.dataDir,
        waiting: counts.files.waiting,
        open_reviews: counts.open_reviews,
        unfinished: counts.unfinished_dispositions,
        pending: counts.files.disposition_pending,
      };
      const stuck = counts.files.disposition_pending;
      return [
        stuck > 0
          ? warn(
              'store',
              `${stuck} decided files could not be moved`,
              '`backuplens status`; make room, or give the right to move them',
              facts,
            )
          : ok('store', `the store in ${folders.dataDir} can be read`, facts),
      ];
    },
    () => [ok('store', `there is no store in ${folders.dataDir} yet`, { path: folders.dataDir })],
  );
}
