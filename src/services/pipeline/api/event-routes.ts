import { OPERATIONS } from '../../../contracts/index.ts';
import { addOperation, HttpError, SENT, type Server } from '../../../http/index.ts';
import type { EventStream } from './event-stream.ts';

/** Node sends these as they are: the reply is no longer Fastify's. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Of nginx: what is buffered comes late.
  'x-accel-buffering': 'no',
};

/** What happens, to whoever listens. `welcome`: whether a request's token still counts. */
export function addEvents(
  app: Server,
  events: EventStream,
  welcome: (authorization: string | undefined) => Promise<boolean>,
): void {
  app.addHook('preClose', async () => events.end());
  addOperation(app, OPERATIONS.events, async ({ query, request, reply }) => {
    const { 'last-event-id': given, authorization } = request.headers;
    if (given !== undefined && !/^\d{1,15}$/.test(String(given))) {
      throw new HttpError(400, 'Last-Event-ID is none of ours');
    }
    const last = given === undefined ? (query.after ?? null) : Number(given);
    events.assertRoom();
    reply.hijack();
    reply.raw.writeHead(200, HEADERS);
    try {
      await events.follow(reply.raw, last, async () => welcome(authorization));
    } catch (error) {
      // Its headers are sent: all that can be said is that it is over.
      reply.raw.destroy();
      throw error;
    }
    return SENT;
  });
}
