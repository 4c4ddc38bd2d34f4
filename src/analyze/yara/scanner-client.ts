import type { YaraMatch } from '../../contracts/index.ts';
import type { GapReason } from '../../domain/index.ts';
import type { About } from './about.ts';
import type { BreakerTimes } from './breaker.ts';
import type { YaraService } from './probe.ts';

/** `socket` is our own child: it shares our files, and its failing is our failing. */
export type Endpoint = { readonly socket: string } | YaraService;

export interface Timeouts extends BreakerTimes {
  readonly connectMs: number;
  /** From the last byte sent to the answer: two scan time-outs (an engine may die once) and the wait for an engine. */
  readonly answerMs: number;
  /** How long a scanner with too much to do is asked again and again. */
  readonly busyMs: number;
}

/** A file as we have it open; the scanner must find the same. */
export interface OpenFile {
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
}

export type Reply =
  | { readonly ok: true; readonly matches: readonly YaraMatch[]; readonly omitted: number }
  | { readonly ok: false; readonly reason: GapReason; readonly detail: string };

/** Asks one yara-scanner. Never throws: trouble is a reason. */
export interface ScannerClient {
  /** Bytes that the scanner was told to read from a file, and was not sent. */
  readonly readElsewhere: number;
  scanBytes(bytes: Buffer, about: About): Promise<Reply>;
  /** `length` bytes of an open file from `offset`. */
  scanWindow(file: OpenFile, offset: number, length: number, about: About): Promise<Reply>;
  /** What is still being asked ends as failed. */
  close(): Promise<void>;
}
