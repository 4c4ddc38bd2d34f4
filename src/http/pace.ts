import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../observe/index.ts';
import { rawAnswer, shapeOf } from './error-shape.ts';
import { HttpError } from './http-error.ts';
import type { Server } from './server.ts';

/** How slowly a body may arrive. Without it a thousand clients that send a byte a minute hold everything. */
export interface Pace {
  /** With nothing arriving. */
  readonly idleMs: number;
  /** On average, once `graceMs` have passed. */
  readonly bytesPerSecond: number;
  readonly graceMs: number;
}

interface Arriving {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly since: number;
  readonly from: number;
  seen: number;
  seenAt: number;
}

const TOO_SLOW = new HttpError(408, 'the body arrives too slowly');
const LOOK_MS = 500;

/** Ends requests whose bodies come too slowly, however long they may be: 408, and the connection is closed. */
export function keepPace(app: Server, { idleMs, bytesPerSecond, graceMs }: Pace, log?: Log): void {
  const arriving = new Set<Arriving>();
  app.addHook('onRequest', async ({ raw: request }) => {
    if (request.complete) return;
    const { socket } = request;
    const now = performance.now();
    const one = { request, socket, since: now, from: socket.bytesRead, seen: socket.bytesRead, seenAt: now };
    arriving.add(one);
    request.once('close', () => arriving.delete(one));
  });
  const look = setInterval(() => {
    const now = performance.now();
    for (const one of arriving) {
      const { request, socket, since, from } = one;
      if (request.complete) {
        arriving.delete(one);
        continue;
      }
      if (socket.bytesRead > one.seen) Object.assign(one, { seen: socket.bytesRead, seenAt: now });
      const took = now - since;
      const least = took > graceMs ? ((took - graceMs) / 1000) * bytesPerSecond : 0;
      if (now - one.seenAt < idleMs && socket.bytesRead - from >= least) continue;
      arriving.delete(one);
      log?.warn('a body arrived too slowly', {
        bytes: socket.bytesRead - from,
        duration_ms: Math.round(took),
      });
      // Whoever handles the request sees it aborted.
      socket.end(rawAnswer(shapeOf(app), TOO_SLOW), () => socket.destroy());
    }
  }, LOOK_MS);
  look.unref();
  app.addHook('onClose', async () => clearInterval(look));
}
