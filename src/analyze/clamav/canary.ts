import { nameFromBytes } from '../../bytes/index.ts';
import type { ClamdConnection } from './connection.ts';
import { END_OF_STREAM, chunksOf } from './instream.ts';
import { isLimitAlert } from './outcome.ts';
import { type Verdict, awaitVerdict } from './verdict.ts';

/** Zeros in front of a canary, handed over again and again. */
const PADDING = Buffer.alloc(256 * 1024);
/** What may wait in the socket's queue at a time: parts of it are the same memory. */
const PADDING_PARTS = 16;

/**
 * The EICAR anti-malware test file (eicar.org): 68 harmless bytes that every scanner's database names. In pieces,
 * so that no scanner takes our source for it.
 */
export function eicarTestString(): Buffer {
  return Buffer.from(
    ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!', '$H+H*'].join(''),
    'latin1',
  );
}

export interface CanaryDeadlines {
  readonly stall_ms: number;
  readonly reply_ms: number;
}

/** What became of a canary. `missed`: clamd looked at it, or did not, and saw nothing. */
export type Sighting =
  | { readonly kind: 'found' }
  | { readonly kind: 'missed'; readonly detail: string }
  /** `late`: there was no answer at all in time. */
  | { readonly kind: 'failed'; readonly detail: string; readonly late: boolean };

/** Sends `canary` as the last bytes of a stream of `total` bytes (at least its own) and says whether it was found. */
export async function sendCanary(
  connection: ClamdConnection,
  canary: Buffer,
  total: number,
  { stall_ms, reply_ms }: CanaryDeadlines,
): Promise<Sighting> {
  let sent = await connection.send([connection.begin('INSTREAM')], stall_ms, false);
  for (let left = total - canary.length; sent && left > 0;) {
    const parts: Buffer[] = [];
    for (let n = 0; n < PADDING_PARTS && left > 0; n++) {
      const part = PADDING.subarray(0, left);
      parts.push(...chunksOf(part));
      left -= part.length;
    }
    sent = await connection.send(parts, stall_ms, false);
  }
  sent &&= await connection.send([...chunksOf(canary), END_OF_STREAM], stall_ms, true);
  return sightingOf(await awaitVerdict(connection, reply_ms));
}

function sightingOf(verdict: Verdict): Sighting {
  switch (verdict.kind) {
    case 'found':
      return isLimitAlert(verdict.signature)
        ? { kind: 'missed', detail: verdict.signature }
        : { kind: 'found' };
    case 'clean':
      return { kind: 'missed', detail: 'it said OK' };
    case 'error':
      return verdict.size_limit
        ? { kind: 'missed', detail: verdict.text }
        : { kind: 'failed', detail: verdict.text, late: false };
    case 'stale':
      return { kind: 'failed', detail: 'it hung up', late: false };
    case 'late':
    case 'gone':
    case 'odd':
      return { kind: 'failed', detail: verdict.detail, late: verdict.kind === 'late' };
    default:
      return verdict satisfies never;
  }
}

/** For reports: what a canary is, without its bytes. */
export function nameOfCanary(canary: Buffer): string {
  return canary.equals(eicarTestString()) ? 'EICAR' : JSON.stringify(nameFromBytes(canary.subarray(0, 20)));
}
