import type { FastifyInstance } from 'fastify';

/** Enough for an answer to reach whoever is still sending. */
const LINGER_MS = 5000;

/**
 * A request may be answered before all of its body is there: what still comes is thrown away for a while, because
 * closing at once would take the answer away from whoever has not read it; then the connection is closed. Without it
 * such a connection stands still until its body counts as too slow, and holds up a shutdown.
 */
export function lingerAfterAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw: request }) => {
    if (request.complete || request.destroyed) return;
    const late = setTimeout(() => request.socket.destroy(), LINGER_MS);
    request.once('close', () => clearTimeout(late));
    request.unpipe();
    request.resume();
  });
}
