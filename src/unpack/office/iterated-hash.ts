import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { MAX_PASSWORD } from './passwords.ts';

/** Turns of the hash for all passwords of one file: about 6 s. Office makes 100,000 for one password. */
export const MAX_TURNS = 3_000_000;

/** What is left of them. */
export interface HashEffort {
  turnsLeft: number;
}

/** Between two looks at the signal. */
const TURNS = 20_000;

/**
 * A password's hash, hashed over and over ([MS-OFFCRYPTO] 2.3.4.7 and 2.3.4.11): about 2 µs a turn. Gives way to
 * others now and then; throws the signal's reason.
 */
export async function iteratedHash(
  algorithm: string,
  salt: Buffer,
  password: string,
  spinCount: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const text = Buffer.from(password.slice(0, MAX_PASSWORD), 'utf16le');
  let last = hash(algorithm, Buffer.concat([salt, text]), 'buffer');
  const turn = Buffer.alloc(4 + last.length);
  for (let i = 0; i < spinCount; i++) {
    if (i % TURNS === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    turn.writeUInt32LE(i);
    turn.set(last, 4);
    last = hash(algorithm, turn, 'buffer');
  }
  return last;
}
