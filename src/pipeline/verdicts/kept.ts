import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Outcome } from '../../analyze/index.ts';
import type { GapReason } from '../../domain/index.ts';
import type { Asked, TreeOutcome } from '../protocol.ts';

/**
 * Gaps that follow from the bytes, the passwords and the budget alone: they are kept, and told again each time. With any other
 * one, of an engine that was away or of a limit in time or space, nothing of the tree is kept.
 */
const OF_THE_CONTENT: readonly GapReason[] = [
  'engine_off',
  'encrypted',
  'opaque',
  'corrupt',
  'unsupported_format',
];

const COMPRESSED_FROM = 1024; // bytes
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;
const PLAIN = 0;
const ZSTD = 1;

export function mayBeKept({ gaps, omitted, root }: TreeOutcome): boolean {
  if (root.sha256 === null || root.size === null || omitted.gaps > 0) return false;
  return gaps.every(({ reason }) => OF_THE_CONTENT.includes(reason));
}

/** What a tree came to, without what belongs to this one time. */
export function packTree({ findings, gaps, measurements, coverage, root, omitted }: TreeOutcome): Buffer {
  const { size, sha256, content_type } = root;
  const kept = { findings, gaps, measurements, coverage, omitted, root: { size, sha256, content_type } };
  return pack(kept);
}

export function unpackTree(bytes: Buffer): TreeOutcome {
  const kept: Omit<TreeOutcome, 'duration_ms'> = JSON.parse(unpack(bytes));
  return { ...kept, root: { ...kept.root, identity: null }, duration_ms: 0 };
}

export function packOutcome(outcome: Outcome): Buffer {
  return pack(outcome);
}

export function unpackOutcome(bytes: Buffer): Outcome {
  const outcome: Outcome = JSON.parse(unpack(bytes));
  return outcome;
}

function pack(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const isLong = text.length >= COMPRESSED_FROM;
  return Buffer.concat([Buffer.from([isLong ? ZSTD : PLAIN]), isLong ? zstdCompressSync(text) : text]);
}

function unpack(bytes: Buffer): string {
  const packed = bytes.subarray(1);
  const text =
    bytes[0] === ZSTD ? zstdDecompressSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }) : packed;
  return text.toString();
}

/** Throws for what no worker of ours says: one that was taken over is ended. */
export function checkAsked({ engine, judge, sha256, size, beside }: Asked): void {
  const isOurs =
    typeof engine === 'string' &&
    engine.length <= 64 &&
    typeof judge === 'string' &&
    judge.length <= 64 &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Number.isSafeInteger(size) &&
    typeof beside === 'string' &&
    beside.length <= 32 * 1024;
  if (!isOurs) throw new Error('a question that no worker asks');
}
