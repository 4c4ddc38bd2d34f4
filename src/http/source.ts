import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../domain/index.ts';
import { HttpError } from './http-error.ts';

/**
 * Refuses what a browser was led to send: on loopback, a request to another name than a loopback one (a page of somebody
 * else's whose name was rebound to 127.0.0.1 sends another Host), and everywhere a page of another origin.
 */
export function assertSource(request: FastifyRequest, host: string): void {
  if (isLoopback(host) && !isLoopback(nameOf(request.headers.host))) {
    throw new HttpError(403, 'not the name of this service', 'not_allowed');
  }
  if (isForeign(request)) throw new HttpError(403, 'not from another origin', 'not_allowed');
}

/** Browsers say where a request comes from; programs say nothing. */
function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== headers.host;
}

/** Without its port. */
function nameOf(host = ''): string {
  return host.replace(/:\d{1,5}$/, '').replace(/^\[|\]$/g, '');
}

/** The token that a request brings; null: it brings none. Nothing but the header counts: URLs end in logs. */
export function tokenOf({ headers: { authorization } }: FastifyRequest): string | null {
  return authorization === undefined ? null : (/^Bearer (\S{1,1024})$/i.exec(authorization)?.[1] ?? '');
}
