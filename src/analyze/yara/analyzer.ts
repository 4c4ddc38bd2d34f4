import { fstat, type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import type { Scratch } from '../../bytes/index.ts';
import type { Analyzer, Examination, Miss, Outcome, Subject } from '../analyzer.ts';
import { aboutArtifact, aboutHeader, type About } from './about.ts';
import { MAX_SENT_BYTES } from './frames.ts';
import { Matches } from './matches.ts';
import { openClient } from './open-client.ts';
import type { Endpoint, OpenFile, Reply, ScannerClient, Timeouts } from './scanner-client.ts';
import { Spill } from './spill.ts';
import { OVERLAP_BYTES, windowsOf, WINDOW_BYTES, type Window } from './windows.ts';

export interface YaraOptions {
  /** Our own child's socket, or the address of a yara-scanner elsewhere. */
  readonly endpoint: Endpoint;
  /** For what only streams past and is larger than 1 MiB: one window at a time. */
  readonly scratch: Scratch;
  readonly timeouts?: Partial<Timeouts>;
}

/** Up to here the bytes are sent; above, the scanner reads them from a file. */
const SENT_BYTES = MAX_SENT_BYTES;
/** Time-outs in a row after which the rest of a file is given up. */
const MANY_TIMEOUTS = 3;

/** Finds what YARA rules describe, by asking a yara-scanner program. No rule runs in this process. */
export function yaraAnalyzer({ endpoint, scratch, timeouts = {} }: YaraOptions): Analyzer {
  const client = openClient(endpoint, timeouts);
  return {
    readElsewhere: () => client.readElsewhere,
    id: 'yara',
    version: '2',
    examine(subject) {
      const { source } = subject;
      if (source !== null && source.bytes !== null && source.size <= SENT_BYTES) {
        return new HeldExamination(client, subject, source.bytes);
      }
      if (source !== null && source.fd !== null && source.size > SENT_BYTES) {
        return new FileExamination(client, subject, source.fd, source.size);
      }
      return new StreamExamination(client, scratch, subject);
    },
    beside: ({ artifact, type }) => aboutHeader(aboutArtifact(artifact, type)),
    close: () => client.close(),
  };
}

/** What has been scanned of one artifact so far. */
class Progress {
  readonly #client: ScannerClient;
  readonly matches = new Matches();
  readonly #misses: Miss[] = [];
  inspected = 0;
  #windows = 0;
  #timeoutsInARow = 0;
  /** No more of it will be scanned. */
  over = false;

  /** Of the artifact, for rules that ask. */
  readonly #about: About;

  constructor(client: ScannerClient, { artifact, type }: Subject) {
    this.#client = client;
    this.#about = aboutArtifact(artifact, type);
  }

  async bytes(bytes: Buffer): Promise<void> {
    this.#windows++;
    this.#take(await this.#client.scanBytes(bytes, this.#about), {
      start: 0,
      end: bytes.length,
      fresh: bytes.length,
    });
  }

  /** A part of an open file, whose first byte is at `window.start` of the artifact and at `at` of the file. */
  async window(file: OpenFile, at: number, window: Window): Promise<void> {
    this.#windows++;
    this.#take(await this.#client.scanWindow(file, at, window.end - window.start, this.#about), window);
  }

  miss(reason: Miss['reason'], detail: string): void {
    this.over = true;
    this.#misses.push({ reason, detail, bytes: null });
  }

  /** `total` is how many bytes the artifact has, or had when it broke off. */
  outcome(total: number): Outcome {
    const { claims, omitted } = this.matches.claims();
    const misses = this.#misses
      .slice(0, 1)
      .map((miss) => ({ ...miss, bytes: Math.max(0, total - this.inspected) }));
    if (omitted > 0) {
      misses.push({
        reason: 'budget_exceeded',
        detail: `${omitted} more YARA rules matched than are kept`,
        bytes: 0,
      });
    }
    return { claims, measurements: {}, misses, inspected_bytes: this.inspected, windowed: this.#windows > 1 };
  }

  #take(reply: Reply, window: Window): void {
    if (reply.ok) {
      this.#timeoutsInARow = 0;
      this.inspected += window.fresh;
      this.matches.add(reply.matches, reply.omitted, window.start);
      return;
    }
    this.miss(reply.reason, reply.detail);
    // One window that takes too long says nothing of the others.
    if (reply.reason === 'timed_out') this.over = ++this.#timeoutsInARow >= MANY_TIMEOUTS;
  }
}

/** All of it is in memory and stays there until `end` has resolved. */
class HeldExamination implements Examination {
  readonly #progress: Progress;
  readonly #bytes: Buffer;

  constructor(client: ScannerClient, subject: Subject, bytes: Buffer) {
    this.#progress = new Progress(client, subject);
    this.#bytes = bytes;
  }
  write(): void {}
  async end(): Promise<Outcome> {
    await this.#progress.bytes(this.#bytes);
    return this.#progress.outcome(this.#bytes.length);
  }
  abort(): void {}
}

/** An open file: the scanner reads it through our descriptor, so it sees what we see. */
class FileExamination implements Examination {
  readonly #progress: Progress;
  readonly #subject: Subject;
  readonly #fd: number;
  readonly #size: number;

  constructor(client: ScannerClient, subject: Subject, fd: number, size: number) {
    this.#progress = new Progress(client, subject);
    this.#subject = subject;
    this.#fd = fd;
    this.#size = size;
  }
  write(): void {}
  async end(): Promise<Outcome> {
    const progress = this.#progress;
    const before = await stats(this.#fd);
    if (before === null) progress.miss('unreadable', 'its descriptor was closed');
    else if (before.size !== BigInt(this.#size))
      progress.miss('changed', 'its size changed while it was read');
    else {
      const file: OpenFile = { fd: this.#fd, dev: before.dev, ino: before.ino, size: this.#size };
      for (const window of windowsOf(this.#size)) {
        if (this.#subject.signal.aborted)
          progress.miss('timed_out', 'the scan was ended before all of it was seen');
        if (progress.over) break;
        await progress.window(file, window.start, window);
      }
      const after = await stats(this.#fd);
      const same = after !== null && after.size === before.size && after.mtimeNs === before.mtimeNs;
      if (!same && !progress.over) progress.miss('changed', 'it was written to while YARA read it');
    }
    return progress.outcome(this.#size);
  }
  abort(): void {}
}

/** What streams past: kept in memory while small, otherwise written to the scratch folder, one window at a time. */
class StreamExamination implements Examination {
  readonly #progress: Progress;
  readonly #scratch: Scratch;
  readonly #subject: Subject;
  #parts: Buffer[] = [];
  #held = 0;
  #spill: Spill | null = null;
  #seen = 0;
  #aborted = false;

  constructor(client: ScannerClient, scratch: Scratch, subject: Subject) {
    this.#progress = new Progress(client, subject);
    this.#scratch = scratch;
    this.#subject = subject;
  }

  write(chunk: Buffer): Promise<void> | void {
    this.#seen += chunk.length;
    if (this.#progress.over || this.#aborted) return;
    if (this.#spill === null && this.#held + chunk.length <= SENT_BYTES) {
      this.#parts.push(Buffer.from(chunk));
      this.#held += chunk.length;
      return;
    }
    return this.#spillOver(chunk);
  }

  async end(): Promise<Outcome> {
    const progress = this.#progress;
    if (!progress.over) {
      if (this.#spill === null) await progress.bytes(Buffer.concat(this.#parts, this.#held));
      else await this.#scanSpilled();
    }
    this.#parts = [];
    await this.#remove();
    return progress.outcome(this.#seen);
  }

  abort(): void {
    this.#aborted = true;
    this.#parts = [];
    void this.#remove();
  }

  async #spillOver(chunk: Buffer): Promise<void> {
    try {
      this.#spill ??= await this.#open();
      if (this.#spill === null) return;
      for (const part of [...this.#parts.splice(0), chunk]) await this.#fill(part);
    } catch (error) {
      const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
      if (full) this.#progress.miss('budget_exceeded', 'the scratch folder is full');
      else this.#progress.miss('unreadable', 'the scratch folder cannot be written');
    }
    if (this.#progress.over || this.#aborted) await this.#remove();
  }

  async #open(): Promise<Spill | null> {
    const most = WINDOW_BYTES + OVERLAP_BYTES;
    const needed = Math.min(this.#subject.size ?? most, most);
    const free = await this.#scratch.freeBytes();
    if (free < needed) {
      this.#progress.miss('budget_exceeded', `${needed} bytes of scratch are needed, ${free} are free`);
      return null;
    }
    return Spill.create(this.#scratch);
  }

  async #fill(chunk: Buffer): Promise<void> {
    const spill = this.#spill;
    if (spill === null) return;
    for (let at = 0; at < chunk.length && !this.#progress.over && !this.#aborted;) {
      at += await spill.write(chunk.subarray(at));
      if (!spill.full) continue;
      await this.#scanSpilled();
      await spill.slide();
    }
  }

  async #scanSpilled(): Promise<void> {
    const spill = this.#spill;
    if (spill === null || spill.fresh === 0) return;
    const window = { start: spill.base, end: spill.base + spill.length, fresh: spill.fresh };
    await this.#progress.window(await spill.openFile(), 0, window);
  }

  async #remove(): Promise<void> {
    const spill = this.#spill;
    this.#spill = null;
    try {
      await spill?.remove();
    } catch {
      // Only its place is lost, and the whole folder is removed in the end.
    }
  }
}

async function stats(fd: number): Promise<BigIntStats | null> {
  try {
    return await promisify(fstat)(fd, { bigint: true });
  } catch {
    // EBADF: the caller says what that means.
    return null;
  }
}
