import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { programVersion } from '../../../config/start/index.ts';
import { managedFolderOf } from '../../../dispose/index.ts';
import { BackupLensError } from '../../../domain/index.ts';
import type { Log } from '../../../observe/index.ts';
import { openSinks } from '../../../outward/index.ts';
import type { Store } from '../../../store/index.ts';
import type { ServiceSettings } from '../settings.ts';
import { Outbox } from './outbox.ts';

/** Throws BL_CONFIG for a receiver that cannot be meant. */
export async function outboxOf(
  settings: ServiceSettings,
  store: Store,
  log: Log,
  undo: (() => Promise<unknown>)[],
): Promise<Outbox> {
  const { config, outward } = settings;
  const { eventsFile, privacyOutbound, eventsPerMinute, eventsRetryMax, eventsHeartbeat } = config;
  if (eventsFile.value !== null) await assertOutside(eventsFile.value, settings);
  const sinks = await openSinks(outward, { standing: async (group) => store.reviews.standing(group) });
  undo.unshift(async () => Promise.all(sinks.map(async (sink) => sink.close())));
  return Outbox.open({
    store,
    log,
    version: programVersion(),
    sinks,
    privacy: privacyOutbound.value,
    per_minute: eventsPerMinute.value,
    retry_max: eventsRetryMax.value,
    heartbeat: eventsHeartbeat.value,
  });
}

/** What we write there would be scanned, or lie among what was. */
async function assertOutside(path: string, { config, incoming }: ServiceSettings): Promise<void> {
  const { quarantineDir, reviewDir, approvedDir } = config;
  const folder = await realpath(dirname(path), { encoding: 'buffer' }).catch(() =>
    Buffer.from(dirname(path)),
  );
  const inside = await managedFolderOf(folder, {
    INCOMING_DIR: incoming.toString(),
    QUARANTINE_DIR: quarantineDir.value,
    REVIEW_DIR: reviewDir.value,
    APPROVED_DIR: approvedDir.value,
  });
  if (inside === null) return;
  throw new BackupLensError('BL_CONFIG', `EVENTS_FILE lies in ${inside}: ${path}`, {
    hint: 'name a file elsewhere, such as in DATA_DIR',
  });
}
