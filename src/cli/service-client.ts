import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { openFile, openManagedFolder, readWhole, unlessMissing } from '../bytes/index.ts';
import { ownTokenIfAny, proofOf } from '../config/tokens/index.ts';
import {
  OPERATIONS,
  problem,
  runningService,
  RUNNING_SERVICE_FILE,
  type Operation,
  type Problem,
} from '../contracts/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { operatingSystemUser } from './os-user.ts';

const MAX_NOTE_BYTES = 4096;
/** Whether it is there shows at once; what it is asked to do may mean copying a large file. */
const GREET_MS = 5000;
const ASK_MS = 30 * 60_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** What the service says to one request. */
export type Said<Body> =
  { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly problem: Problem };

/** The service that has the store, as somebody at this machine talks to it. */
export interface ServiceClient {
  ask<Schema extends z.ZodType>(
    operation: Operation,
    answer: Schema,
    about: { readonly id: string; readonly body: Readonly<Record<string, unknown>> },
  ): Promise<Said<z.output<Schema>>>;
}

/**
 * The service that runs on this data folder; null: none says that it does, or none answers there. The token goes to nobody who
 * does not prove that they know it: the port may be somebody else's by now. Throws BL_STORE_LOCKED when it is there and may
 * not be asked by this user.
 */
export async function findService(dataDir: string): Promise<ServiceClient | null> {
  const url = await noteIn(dataDir);
  if (url === null) return null;
  const token = await ownTokenIfAny(dataDir);
  const nonce = randomBytes(32).toString('hex');
  let proof: string | null;
  try {
    const headers = { 'backuplens-nonce': nonce };
    const reply = await fetch(url + OPERATIONS.health.path, {
      headers,
      signal: AbortSignal.timeout(GREET_MS),
      redirect: 'error',
    });
    proof = reply.headers.get('backuplens-proof');
    await reply.body?.cancel();
  } catch {
    // It was killed, and what it said of itself is still there.
    return null;
  }
  if (token === null) {
    throw new BackupLensError(
      'BL_STORE_LOCKED',
      `a service answers at ${url}, and its token in DATA_DIR cannot be read`,
      {
        hint: 'run this as the user of the service, or use its API with a token of your own',
      },
    );
  }
  return proof !== null && isEqual(proof, proofOf(token, nonce)) ? clientOf(url, token) : null;
}

async function noteIn(dataDir: string): Promise<string | null> {
  const folder = await openManagedFolder(dataDir, 'null');
  if (folder === null) return null;
  try {
    const handle = await unlessMissing(openFile(folder, RUNNING_SERVICE_FILE));
    if (handle === null) return null;
    try {
      return runningService.parse(JSON.parse((await readWhole(handle, MAX_NOTE_BYTES)).toString())).url;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  } finally {
    await folder.close();
  }
}

function clientOf(url: string, token: string): ServiceClient {
  return {
    ask: async ({ method, path }, answer, { id, body }) => {
      let status: number;
      let text: string;
      try {
        const request: RequestInit = {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'backuplens-user': operatingSystemUser(),
            'content-type': 'application/json',
          },
          body: JSON.stringify(body),
          redirect: 'error',
          signal: AbortSignal.timeout(ASK_MS),
        };
        const reply = await fetch(url + path.replace('{id}', id), request);
        status = reply.status;
        text = await bounded(reply);
      } catch (cause) {
        throw new BackupLensError(
          'BL_STORE_LOCKED',
          `the service at ${url} did not answer: ${inWords(cause)}`,
          {
            hint: 'its log says more; `show` tells whether it was done',
            cause,
          },
        );
      }
      const parsed: unknown = JSON.parse(text);
      return status < 300
        ? { ok: true, body: answer.parse(parsed) }
        : { ok: false, problem: problem.parse(parsed) };
    },
  };
}

async function bounded(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of reply.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
