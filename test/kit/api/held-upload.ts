import { connect, type Socket } from 'node:net';

const HEAD = '--B\r\nContent-Disposition: form-data; name="file"; filename="held.bin"\r\n\r\n';

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** An upload that has begun and goes on only when it is told to. */
export interface HeldUpload {
  send(bytes: number): void;
  /** As a client that goes away without a word. */
  breakOff(): void;
  /** The status of the answer, once there is one; null: the connection ended without. */
  readonly answer: Promise<number | null>;
}

/** Its length is not said beforehand: nobody can refuse it for that. */
export function holdUpload(url: string, token: string, bytes = 1000): HeldUpload {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/v1/scans HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n` +
      'Content-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n\r\n' +
      chunk(HEAD + 'x'.repeat(bytes)),
  );
  const answer = new Promise<number | null>((resolve) => {
    socket.once('data', (text: Buffer) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3}) /.exec(text.toString('latin1'))?.[1]));
    });
    socket.once('close', () => resolve(null));
    socket.on('error', () => undefined);
  });
  return {
    send: (more) => void socket.write(chunk('x'.repeat(more))),
    breakOff: () => void socket.destroy(),
    answer,
  };
}
