import type { RejectedRule } from '../../domain/index.ts';
import type { RuleFile, EngineChoice } from '../../analyze/yara/load-engine.ts';

/**
 * What the front and an engine process say to each other on a socket pair: one byte of kind, four bytes of length
 * (little-endian), the payload. The front asks, the engine answers, one at a time.
 */
export const HEADER_BYTES = 5;

export const ASK = { load: 1, bytes: 2, window: 3 } as const;
export type AskKind = (typeof ASK)[keyof typeof ASK];

export const ANSWER = { matches: 0, ready: 1, timedOut: 2, changed: 3, unreadable: 4 } as const;

/** Bodies that come over the socket; what is larger is read from a file. */
export const MAX_INLINE_BYTES = 1024 * 1024;
/** 64 MiB and an overlap of 1 MiB: the most that is scanned in one piece, and an engine's one large buffer. */
export const MAX_WINDOW_BYTES = 65 * 1024 * 1024;
/** Rule sources, as JSON. */
export const MAX_LOAD_BYTES = 320 * 1024 * 1024;
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface Load {
  readonly files: readonly RuleFile[];
  readonly engine: EngineChoice;
  readonly scanTimeoutMs: number;
}

/** What an engine says when it has compiled. */
export interface Compiled {
  readonly version: string;
  readonly rules: number;
  readonly ruleFiles: number;
  readonly rejected: readonly RejectedRule[];
}

/** A part of a file to scan; without `identity` whatever regular file is there. */
export interface FileWindow {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly identity: FileIdentity | null;
  /** `/proc/PID/fd/N` is a link; everything else must not be one. */
  readonly followLink: boolean;
}
export interface FileIdentity {
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
}

export function header(kind: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32LE(length, 1);
  return bytes;
}
