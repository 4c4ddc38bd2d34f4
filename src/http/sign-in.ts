import type { FastifyRequest } from 'fastify';
import type { Access } from '../contracts/index.ts';
import { mayAs } from '../contracts/plain/index.ts';
import type { Log } from '../observe/index.ts';
import { FailedLogins } from './failed-logins.ts';
import { HttpError } from './http-error.ts';
import type { Identity, Keys } from './keys.ts';
import type { Server } from './server.ts';
import { assertSource, tokenOf } from './source.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may make this request; a route without it is nobody's. */
    readonly access?: Access;
  }
}

export interface SignInOptions {
  /** Where the service listens. */
  readonly host: string;
  /** As they are now. */
  readonly keys: () => Promise<Keys>;
  /** No token is set: who brings none may do what is meant for everybody. */
  readonly anonymous: () => Promise<boolean>;
  readonly log: Log;
}

const ANONYMOUS: Identity = { name: 'anonymous', role: 'viewer', local: false };
const identities = new WeakMap<FastifyRequest, Identity>();

/** Who makes this request. */
export function identityOf(request: FastifyRequest): Identity {
  return identities.get(request) ?? ANONYMOUS;
}

/** Lets each request in that comes from where it may, with a token whose role is enough for it; before its body is read. */
export function signIn(app: Server, { host, keys, anonymous, log }: SignInOptions): void {
  const failures = new FailedLogins();
  app.addHook('onRequest', async (request) => {
    assertSource(request, host);
    // It tells which methods a path has, as /openapi.json does, and does nothing.
    if (request.method === 'OPTIONS') return;
    const access = request.is404 ? NOBODYS : (request.routeOptions.config.access ?? NOBODYS);
    if (access === 'open') return;
    const token = tokenOf(request);
    if (token === null) {
      if (access.anonymous && (await anonymous())) return;
      throw unknown('a token is wanted: Authorization: Bearer …');
    }
    const identity = (await keys()).whose(token, new Date());
    if (identity === null) {
      const wait = failures.failed(request.socket.remoteAddress ?? '');
      if (wait > 0) {
        const headers = { 'retry-after': String(wait) };
        throw new HttpError(429, 'too many wrong tokens', 'too_many', { headers });
      }
      log.warn('a wrong token', { untrusted: { address: request.socket.remoteAddress ?? '' } });
      throw unknown('this token is not known');
    }
    identities.set(request, identity);
    if (!request.is404 && !mayAs(identity.role, access.role)) {
      throw new HttpError(403, `this wants the role ${access.role}`, 'not_allowed');
    }
  });
}

/** Where there is nothing, who may look is told so. */
const NOBODYS: Exclude<Access, 'open'> = { role: 'admin', anonymous: true };

function unknown(words: string): HttpError {
  return new HttpError(401, words, 'no_token', { headers: { 'www-authenticate': 'Bearer' } });
}
