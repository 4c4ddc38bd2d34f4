import type { ByteSource } from '../bytes/index.ts';
import type { Artifact, ContentType, Evidence, FindingKind, GapReason } from '../domain/index.ts';

/** What an analyzer is told before the first byte. */
export interface Subject {
  readonly artifact: Artifact;
  readonly type: ContentType;
  /** The first bytes (up to 128 KiB; the whole artifact if it is smaller). Read only, valid until `end`. */
  readonly head: Buffer;
  /** In bytes; null while nobody knows (a stream). */
  readonly size: number | null;
  /** Set when the bytes can be read again at any place; null for what only streams past. */
  readonly source: ByteSource | null;
  /**
   * It came out of a file as a piece of it (a stream of a document, a value of a database, what follows a program's
   * end): nobody keeps it as a file.
   */
  readonly isPiece: boolean;
  /** The whole scan of this artifact has to stop: no more work is wanted. */
  readonly signal: AbortSignal;
}

/** A claim before the pipeline adds whose artifact it is. */
export interface Claim {
  readonly kind: FindingKind;
  readonly rule: string;
  readonly namespace?: string;
  readonly tags?: readonly string[];
  readonly detail: string;
  readonly offset: number | null;
  readonly evidence: Evidence;
}

/** What was not looked at, before the pipeline adds whose artifact it is. */
export interface Miss {
  readonly reason: GapReason;
  readonly detail: string;
  /** null: all of the artifact's bytes. */
  readonly bytes: number | null;
}

/** What one analyzer has to say of one artifact. */
export interface Outcome {
  readonly claims: readonly Claim[];
  readonly measurements: Readonly<Record<string, number | string>>;
  readonly misses: readonly Miss[];
  /** How many of the artifact's bytes it really examined. */
  readonly inspected_bytes: number;
  /** Seen in overlapping windows, not whole. */
  readonly windowed: boolean;
}

/** How it went when the artifact was opened as a container. All false: nobody opens what it is. */
export interface Opening {
  /** It was read to its end, foreign bytes in it would have been noticed, and its members hold all that it holds. */
  readonly whole: boolean;
  /** What was read is not what the format says it must be, or breaks off. */
  readonly damaged: boolean;
  /** It, or a part of it, needs a password that we do not have. */
  readonly locked: boolean;
  /** In bytes: where an archive begins that was found in it and opened to its end, with every sum right; null: none was. */
  readonly provenFrom: number | null;
}

/** What can only be said once the artifact was opened, or is known not to be a container. */
export interface Judgement {
  readonly claims: readonly Claim[];
  readonly misses: readonly Miss[];
  /** Kinds that it claimed at the end, and that these claims say better. */
  readonly replaces?: readonly FindingKind[];
  /** The content is known good: by whom, in words. */
  readonly known_good?: string;
}

/** One artifact going past one analyzer. */
export interface Examination {
  /**
   * The next bytes, in order. The chunk is the analyzer's only until the promise resolves: what it keeps, it
   * copies. Resolving late is how an analyzer slows the producer down. Never rejects: trouble becomes a Miss.
   */
  write(chunk: Buffer): Promise<void> | void;
  /** After the last byte. Called once, unless `abort` was. Has a deadline of its own. Never rejects. */
  end(): Promise<Outcome>;
  /**
   * For those whose judgement depends on whether a decoder understood the bytes, or on their hash: called once, after
   * `end`, when the artifact was opened. Not called when its bytes broke off. `sha256` is the artifact's.
   */
  judge?(opening: Opening, sha256: string): Judgement;
  /** The artifact will not be seen to its end: let go of everything at once. */
  abort(): void;
}

/** Produces findings, measurements and gaps for one artifact at a time; many examinations may be open at once. */
export interface Analyzer {
  /** Stable; the key under `coverage` and the `engine` of its findings. */
  readonly id: string;
  /** Raised whenever the same bytes could get another answer (a cache key). */
  readonly version: string;
  /** Opens nothing and costs nothing: null when this analyzer has no business with such an artifact. */
  examine(subject: Subject): Examination | null;
  /**
   * Set where asking is dear, and the answer may be known: what it depends on beside the bytes and who answers. Never set by
   * those that look at names by themselves.
   */
  beside?(subject: Subject): string;
  /** It stands in for an engine that is not asked. */
  readonly isAway?: true;
  /** Bytes that its engine read by itself, besides those that went past; where it does such a thing. */
  readElsewhere?(): number;
  /** Lets go of connections. Examinations still open end with a Miss. */
  close(): Promise<void>;
}
