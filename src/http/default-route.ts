import { closeSync, openSync, readSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { BackupLensError, isLoopback } from '../domain/index.ts';

/** As a host to listen on: loopback and the interface with the default route, and no other. */
export const DEFAULT_ROUTE = 'default-route';

/** proc(5): one route a line after the heading; interface, destination, gateway …, separated by tabs. */
const ROUTES = '/proc/net/route';
/** Some hundred routes. The kernel lists the default route first. */
const MAX_BYTES = 65_536;

/**
 * Closes what arrives at another address than those of the interface with the default route, and loopback. In a container this
 * shuts the door to networks that are `internal`: who was meant to be asked there cannot ask back.
 *
 * Interfaces are looked at once: an engine attaches a container's networks before it starts.
 */
export function closeBesideDefaultRoute(server: HttpServer): void {
  const name = interfaceOfDefaultRoute();
  const addresses = new Set(networkInterfaces()[name]?.map(({ address }) => address));
  server.prependListener('connection', (socket: Socket) => {
    // Of a socket that listens on all addresses, IPv4 may be shown as IPv6 (RFC 4291, 2.5.5.2).
    const local = socket.localAddress?.replace(/^::ffff:(?=\d)/, '') ?? '';
    if (isIP(local) !== 0 && (isLoopback(local) || addresses.has(local))) return;
    socket.destroy();
  });
}

function interfaceOfDefaultRoute(): string {
  const routes = readRoutes().split('\n').slice(1);
  const found = routes.map((line) => line.split('\t')).find(([, destination]) => destination === '00000000');
  if (found?.[0] !== undefined) return found[0];
  throw new BackupLensError('BL_CONFIG', `HOST=${DEFAULT_ROUTE}, and there is no default route`, {
    hint: 'attach a network that is not internal, or set HOST to an address',
  });
}

function readRoutes(): string {
  const file = openSync(ROUTES, 'r');
  try {
    const bytes = Buffer.alloc(MAX_BYTES);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
