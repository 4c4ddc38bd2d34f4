import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { asciiJson, isSignedFor, keyId, signFor, type TrustedKeys } from '../../bytes/index.ts';

/** Where the journal of one store stood at an instant, signed: kept elsewhere, it shows what was cut off or changed later. */
export interface Checkpoint {
  /** Of the store. */
  readonly instance: string;
  readonly seq: number;
  /** Of that record; 64 zeros for an empty journal. */
  readonly hash: string;
  readonly time: string;
}

const FORMAT = 'backuplens.checkpoint/1';

const line = z.strictObject({
  format: z.literal(FORMAT),
  instance: z.string().min(1).max(100),
  seq: z.int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.iso.datetime(),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** One line of JSON, without its end. */
export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): string {
  return asciiJson({
    ...plain(checkpoint),
    key: keyId(key),
    signature: signFor(FORMAT, signed(checkpoint), key),
  });
}

/** `known`: whether the key that it names is trusted; an unknown one says nothing. */
export type ReadCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly problem: 'no_checkpoint' | 'unknown_key' | 'forged' };

export function readCheckpoint(text: string, keys: TrustedKeys): ReadCheckpoint {
  const parsed = line.safeParse(parsedJson(text));
  if (!parsed.success) return { ok: false, problem: 'no_checkpoint' };
  const { key: id, signature, format: _, ...checkpoint } = parsed.data;
  const key = keys.get(id);
  if (key === undefined) return { ok: false, problem: 'unknown_key' };
  if (!isSignedFor(FORMAT, signed(checkpoint), key, signature)) return { ok: false, problem: 'forged' };
  return { ok: true, checkpoint };
}

/** In this order, whatever order it came in. */
function plain({ instance, seq, hash, time }: Checkpoint): Checkpoint & { readonly format: string } {
  return { format: FORMAT, instance, seq, hash, time };
}

function signed(checkpoint: Checkpoint): Buffer {
  return Buffer.from(asciiJson(plain(checkpoint)));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
