import { proofOf } from '../../../config/tokens/index.ts';
import { OPERATIONS, openapi } from '../../../contracts/index.ts';
import { addOperation, SENT, type Server } from '../../../http/index.ts';
import { METRICS_TYPE } from '../../../observe/index.ts';
import type { EventStream } from './event-stream.ts';
import type { Served } from './served.ts';

/** Whether it lives, works, and how it stands. */
export function addService(app: Server, served: Served, events: EventStream, own: string): void {
  const { version, store } = served;
  const description = openapi(version);
  addOperation(app, OPERATIONS.health, async ({ request, reply }) => {
    const { 'backuplens-nonce': nonce } = request.headers;
    // Commands on this machine send the token of DATA_DIR to nobody else.
    if (typeof nonce === 'string' && /^[0-9a-f]{64}$/.test(nonce))
      void reply.header('backuplens-proof', proofOf(own, nonce));
    return { status: 'healthy' as const, version };
  });
  addOperation(app, OPERATIONS.ready, async ({ reply }) => {
    const { ready, engines, sinks, ...rest } = await served.ready();
    if (!ready) void reply.code(503);
    const status = ready ? ('ready' as const) : ('not_ready' as const);
    return { status, engines: { ...engines }, sinks: { ...sinks }, ...rest };
  });
  addOperation(app, OPERATIONS.metrics, async ({ reply }) => {
    void reply.type(METRICS_TYPE).send(await served.metrics());
    return SENT;
  });
  addOperation(app, OPERATIONS.openapi, async () => description);
  addOperation(app, OPERATIONS.stats, async () => {
    const { last_accepted: last_file_seen, last_decided: last_decision, ...counts } = await store.counts();
    const { hash: journal_head } = await store.journal.head();
    const { engines, sinks } = await served.ready();
    const instance_id = await store.instanceId();
    const body = { version, instance_id, ...counts, last_file_seen, last_decision, journal_head };
    return { ...body, engines: { ...engines }, sinks: { ...sinks }, event_clients: events.clients };
  });
}
