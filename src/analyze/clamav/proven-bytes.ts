import type { ClamdAddress } from './address.ts';
import { ConnectionPool } from './connection-pool.ts';
import { ProvenSize, SIZE_RUNGS } from './proven-size.ts';
import { SignOfLife } from './sign-of-life.ts';
import { DEFAULT_CLAMD_TIMEOUTS } from './timeouts.ts';

/** A canary of 100 MiB takes clamd a second; a busy one takes longer. */
const REPLY_MS = 20_000;
const STALL_MS = 10_000;

/**
 * How long a stream may be so that this clamd is seen to look at all of it, tried from small to large up to `most` bytes.
 * 0: nothing is proven, because `canary` is only found at the beginning of a file.
 */
export async function provenBytes(address: ClamdAddress, canary: Buffer, most: number): Promise<number> {
  const timeouts = { ...DEFAULT_CLAMD_TIMEOUTS, reply_ms: REPLY_MS, stall_ms: STALL_MS };
  const life = new SignOfLife(address, canary, timeouts);
  const pool = new ConnectionPool(address, timeouts, { canary: null, life, onReturn: () => undefined });
  const sizes = new ProvenSize(canary, pool, life, timeouts);
  try {
    for (const rung of SIZE_RUNGS.filter((bytes) => bytes <= most)) {
      if ((await sizes.prove(rung)) < rung) break;
    }
    return sizes.proven;
  } finally {
    pool.close();
  }
}
