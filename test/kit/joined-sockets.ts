import type { Socket } from 'node:net';

/** The two ends of a line of the tests' own: when one is gone, so is the other. `open` holds those that are not closed yet. */
export function joinSockets(near: Socket, far: Socket, open: Set<Socket>): void {
  for (const socket of [near, far]) {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      near.destroy();
      far.destroy();
    });
  }
}
