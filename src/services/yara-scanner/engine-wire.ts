import { MAX_SENT_BYTES } from '../../analyze/yara/load-engine.ts';
import type {
  CompileReport,
  EngineChoice,
  EngineKind,
  External,
  Externals,
} from '../../analyze/yara/load-engine.ts';

/**
 * What the front and its processes say to each other on a socket pair: one byte of kind, the length of what is about it
 * (four bytes, little-endian), the length of the payload (four bytes), then both. The front asks, the process answers in
 * the same order; small questions may come many at a time.
 */
export const HEADER_BYTES = 9;

export const ASK = { load: 1, bytes: 2, window: 3, prepare: 4 } as const;
export type AskKind = (typeof ASK)[keyof typeof ASK];

export const ANSWER = {
  matches: 0,
  ready: 1,
  timedOut: 2,
  changed: 3,
  unreadable: 4,
  prepared: 5,
  /** On the way to `prepared`: which file it compiles now. */
  at: 6,
} as const;

/** Bodies that come over the socket; what is larger is read from a file. */
export const MAX_INLINE_BYTES = MAX_SENT_BYTES;
/** 64 MiB and an overlap of 1 MiB: the most that is scanned in one piece, and an engine's one large buffer. */
export const MAX_WINDOW_BYTES = 65 * 1024 * 1024;
/** Rule sources, as JSON. */
export const MAX_SOURCES_BYTES = 320 * 1024 * 1024;
/** Compiled rules: 24,000 of them take less than a tenth. */
export const MAX_SET_BYTES = 512 * 1024 * 1024;
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** About `ASK.load`, whose payload is the set. */
export interface Load {
  readonly engine: EngineKind;
  readonly scanTimeoutMs: number;
  readonly reads: readonly External[];
}

/** About `ASK.prepare`, whose payload are the rule files. */
export interface Prepare {
  readonly engine: EngineChoice;
  /** Each file by itself first: all together did not end. */
  readonly careful: boolean;
}

/** About `ANSWER.prepared`, whose payload is the set. */
export interface Prepared {
  readonly engine: EngineKind;
  readonly version: string;
  readonly report: CompileReport;
}

/** A part of a file to scan; without `identity` whatever regular file is there. */
export interface FileWindow {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly identity: FileIdentity | null;
  /** `/proc/PID/fd/N` is a link; everything else must not be one. */
  readonly followLink: boolean;
  readonly about: Externals;
}
export interface FileIdentity {
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
}

export function header(kind: number, about: number, payload: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32LE(about, 1);
  bytes.writeUInt32LE(payload, 5);
  return bytes;
}
