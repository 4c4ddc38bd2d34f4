import { programVersion } from '../../../config/start/index.ts';
import type { Log } from '../../../observe/index.ts';
import { openSinks } from '../../../outward/index.ts';
import type { Store } from '../../../store/index.ts';
import type { ServiceSettings } from '../settings.ts';
import { assertOutside } from './assert-outside.ts';
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
  if (eventsFile.value !== null) await assertOutside('EVENTS_FILE', eventsFile.value, settings);
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
