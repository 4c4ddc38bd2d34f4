import type { OutwardEvent } from '../../../outward/index.ts';
import type { Store } from '../../../store/index.ts';
import { idOf, type Describer } from './describe.ts';

/** That it lives, and what tells a silence from rest (ATTACKS E1). */
export async function signOfLife(store: Store, describer: Describer): Promise<OutwardEvent> {
  const counts = await store.counts();
  const head = await store.journal.head();
  const time = new Date().toISOString();
  return describer.event({
    id: idOf('heartbeat', await store.instanceId(), head.hash, time),
    type: 'heartbeat',
    severity: 'info',
    time,
    summary: 'The service is alive',
    journal: head,
    figures: {
      last_file_seen: counts.last_accepted,
      last_decision: counts.last_decided,
      last_canary_ok: counts.last_canary_ok,
      oldest_waiting: counts.oldest_waiting,
      oldest_provisional: counts.oldest_provisional,
      waiting: counts.files.waiting,
      open_reviews: counts.open_reviews,
      quarantined: counts.quarantined,
    },
  });
}
