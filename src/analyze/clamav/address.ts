import { BackupLensError } from '../../domain/index.ts';

/** Where a clamd listens. */
export type ClamdAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `sockaddr_un.sun_path` is 108 bytes with its NUL (unix(7)); longer paths are cut short silently. */
const MAX_SOCKET_PATH_BYTES = 107;

const TCP = /^(?:\[(?<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})$/;

/** From `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH` or `/PATH`. Throws BackupLensError BL_USAGE. */
export function parseClamdAddress(text: string): ClamdAddress {
  if (text.startsWith('unix:')) return unixAddress(text, text.slice('unix:'.length));
  if (text.startsWith('/')) return unixAddress(text, text);
  const groups = TCP.exec(text)?.groups;
  const host = groups?.['v6'] ?? groups?.['host'];
  const port = Number(groups?.['port']);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new BackupLensError('BL_USAGE', `${JSON.stringify(text)} is no address of a clamd`, {
      hint: 'write HOST:PORT, such as localhost:3310 or [::1]:3310, or unix:PATH',
    });
  }
  return { kind: 'tcp', host, port };
}

function unixAddress(text: string, path: string): ClamdAddress {
  if (path === '' || path.includes('\0')) {
    throw new BackupLensError('BL_USAGE', `${JSON.stringify(text)} names no socket`, {
      hint: 'write unix:PATH, such as unix:/var/run/clamav/clamd.ctl',
    });
  }
  const length = Buffer.byteLength(path);
  if (length > MAX_SOCKET_PATH_BYTES) {
    throw new BackupLensError('BL_USAGE', `the socket path ${JSON.stringify(path)} is ${length} bytes long`, {
      hint: `a Unix socket's path holds at most ${MAX_SOCKET_PATH_BYTES} bytes: link to it from a shorter one`,
    });
  }
  return { kind: 'unix', path };
}

/** As it stands in reports: `127.0.0.1:3310`, `[::1]:3310` or `unix:/run/clamav/clamd.ctl`. */
export function describeAddress(address: ClamdAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
