import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { joinSockets } from './joined-sockets.ts';

/** A TCP line to a port of this machine on which everything that is answered arrives late, or does not arrive. */
export interface SlowLine {
  readonly port: number;
  /** From now on nothing passes; connections are taken all the same. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function slowLine(to: number, delayMs: number): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    joinSockets(near, far, sockets);
    near.on('data', (bytes) => {
      if (!frozen) far.write(bytes);
    });
    far.on('data', (bytes) => {
      setTimeout(() => {
        if (!frozen) near.write(bytes);
      }, delayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    freeze: () => void (frozen = true),
    thaw: () => void (frozen = false),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
