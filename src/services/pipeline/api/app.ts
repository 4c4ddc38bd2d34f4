import { asciiJson } from '../../../bytes/index.ts';
import { BackupLensError, type ErrorCode } from '../../../domain/index.ts';
import {
  createServer,
  HttpError,
  keepPace,
  PROBLEM,
  signIn,
  takeJson,
  type Pace,
  type Server,
} from '../../../http/index.ts';
import type { Log } from '../../../observe/index.ts';
import { addBulk } from './bulk-routes.ts';
import { addEvents } from './event-routes.ts';
import { EventStream } from './event-stream.ts';
import type { Keyring } from './keyring.ts';
import { addQuarantine } from './quarantine-routes.ts';
import { addReviews } from './review-routes.ts';
import { addScans } from './scan-routes.ts';
import type { Served } from './served.ts';
import { addService } from './service-routes.ts';

export interface AppOptions {
  readonly served: Served;
  readonly keyring: Keyring;
  /** Where it listens. */
  readonly host: string;
  readonly log: Log;
}

/** A reason of 1,000 characters, four bytes each and escaped, fits many times. */
const MAX_BODY_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
/** 5 GiB at the slowest pace take half as long. */
const LONGEST_UPLOAD_MS = 24 * 60 * 60 * 1000;
const PACE: Pace = { idleMs: 20_000, bytesPerSecond: 16 * 1024, graceMs: 30_000 };

/** Nothing that is answered here is a page: a browser that is led to it neither runs nor frames nor keeps it. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The API (docs/api.md). Its operations are listed in contracts/api/operations.ts. */
export async function createApp({ served, keyring, host, log }: AppOptions): Promise<Server> {
  const app = createServer({
    bodyLimitBytes: MAX_BODY_BYTES,
    requestTimeoutMs: LONGEST_UPLOAD_MS,
    headersTimeoutMs: HEADERS_TIMEOUT_MS,
    errors: PROBLEM,
    answersOptions: true,
    meaning: (error) => meaningOf(error, log),
    log,
  });
  // Names in answers are whatever somebody chose: what is invisible or turns text around is escaped, which loses nothing.
  app.setReplySerializer((answer) => asciiJson(answer));
  keepPace(app, PACE, log);
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
  signIn(app, { host, keys: keyring.keys, anonymous: async () => !(await keyring.isSet()), log });
  takeJson(app);
  const events = new EventStream(served.store.journal, log);
  addService(app, served, events, keyring.own);
  await addScans(app, served);
  addReviews(app, served);
  addBulk(app, served);
  addQuarantine(app, served);
  addEvents(app, events, async (authorization) => isWelcome(keyring, authorization));
  return app;
}

/** Of one who listens for hours: the token may have been revoked meanwhile, or one may have been set. */
async function isWelcome(keyring: Keyring, authorization: string | undefined): Promise<boolean> {
  if (authorization === undefined) return !(await keyring.isSet());
  const token = authorization.replace(/^Bearer /i, '');
  return (await keyring.keys()).whose(token, new Date()) !== null;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  BL_USAGE: 400,
  BL_DISPOSITION: 409,
  BL_STORE: 503,
  BL_CONFIG: 503,
};

/** Our folders are nobody's business: where the words may name one, the log has them. */
function meaningOf(error: Error, log: Log): HttpError | null {
  if (!(error instanceof BackupLensError)) return null;
  const status = STATUS[error.code];
  if (status === undefined) return null;
  const words = error.code === 'BL_USAGE' ? error.message : error.placeless;
  if (words === null)
    log.warn('a request could not be fulfilled', { code: error.code, untrusted: { error } });
  return new HttpError(
    status,
    words ?? 'it could not be done now: the log of the service says why',
    error.code.toLowerCase(),
  );
}

/** Where it answers, for whoever is on this machine. */
export function localUrl(app: Server): string {
  const bound = app.server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('it does not listen on TCP');
  const host = ['0.0.0.0', '::'].includes(bound.address) ? '127.0.0.1' : bound.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
}
