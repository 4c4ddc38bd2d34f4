import type { ByteSource, Scratch } from '../bytes/index.ts';
import type { Evidence, GapReason } from '../domain/index.ts';
import type { Budget } from './budget.ts';

/** What docs/formats.md says of a format; generated from here. */
export interface FormatDoc {
  readonly name: string;
  readonly description: string;
  /** By which of its bytes it is recognised: `MSCF` at 0. */
  readonly recognised: string;
  /** Bounds of ours, with figures: what lies beyond one is a gap. */
  readonly limits: readonly string[];
  /** Specifications and manuals: title and URL. */
  readonly references: readonly string[];
  /** What it does not do; empty means fully supported. */
  readonly limitations: readonly string[];
}

/** The container to be opened. */
export interface Container {
  /** Id of its format in the registry. */
  readonly format: string;
  /** Its own name: data only, used to guess what a nameless member (of a .gz) is called. */
  readonly name: string;
  readonly depth: number;
  /** In bytes; null when it streams past and nobody knows. */
  readonly size: number | null;
  /**
   * Set when it can be read at any place. `openContainer` sees to it that a format with `access: 'random'`
   * always has one (a stream is spooled to scratch first).
   */
  readonly source: ByteSource | null;
  /** The bytes in order; may be iterated once. A chunk is valid until the next is asked for. */
  readonly stream: AsyncIterable<Buffer>;
  /** Set where what streams past can be read again: for who looks twice. */
  readonly again?: ByteSource | null;
}

/** Something inside a container, on its way to the examiners. */
export interface Member {
  /** As stored, in bytes (or text where the format gives text). Data, never a path. */
  readonly name: Uint8Array | string;
  /** As declared; may lie. */
  readonly size: number | null;
  /**
   * Its bytes in order; a chunk is valid until the next is asked for. May be left before its end. Throws when they
   * break off: what came is examined, and `MemberSink.member` rejects with that same error (or resolves).
   */
  readonly content: AsyncIterable<Buffer>;
  /**
   * Set when it can be read at any place as well (a partition, a mapped disk): then nobody spools it. Valid until
   * `MemberSink.member` resolves. `content` may leave out parts of its holes.
   */
  readonly source?: ByteSource;
  /** Set by who searches: from this byte on, the container is nothing but this member and what follows its end. */
  readonly from?: number;
}

/** How a member fared: it was opened and is not what its beginning promised. */
export type Fate = 'damaged';

/** Where a format puts what it finds. `member` names are as in Member; null means the container itself. */
export interface MemberSink {
  /** Resolves when the member is examined (children and all): the producer waits, nothing piles up. */
  member(member: Member): Promise<Fate | void>;
  gap(reason: GapReason, detail: string, options?: { member?: Member['name']; bytes?: number | null }): void;
  /** Always of kind `unsafe_archive`. `rule` is kebab-case: `path-traversal`, `bomb`, `overlapping-entries`. */
  unsafe(rule: string, detail: string, options?: { member?: Member['name']; evidence?: Evidence }): void;
  /** A fact without judgement, such as how many links or absolute names were listed. Numbers of one name add up. */
  measure(name: string, value: number): void;
}

export interface UnpackContext {
  readonly budget: Budget;
  readonly scratch: Scratch;
  readonly passwords: readonly string[];
  /** Aborted when this container's time is up or the scan ends: stop at once, by throwing the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * What a format sees: the sink plus what is only listed, never made. Names are checked there, and bytes, entries
 * and time counted.
 */
export interface FormatSink extends MemberSink {
  /** A listed link. `target` is null when the format does not say. */
  link(kind: 'symbolic' | 'hard', name: Member['name'], target: Member['name'] | null): void;
  /** A listed device, FIFO or socket. */
  device(name: Member['name']): void;
}

/** What is known of a container format before one is met: its line in registry.ts. */
export interface Format {
  readonly id: string;
  readonly access: 'stream' | 'random';
  /**
   * Its members are only a part of what it holds (a program and what is appended to it): what an engine did not see of the
   * container itself is not made good by its members.
   */
  readonly partial?: true;
  /** It only looks whether there is a container somewhere: nothing is nested in it that counts as a level. */
  readonly searches?: true;
  /**
   * Its members are pieces of one document or database (streams, objects, values), not files that somebody put there. So are
   * those of every `partial` one.
   */
  readonly pieces?: true;
  /**
   * Its own bytes can be replaced without any reader noticing: no check sum, no coding that would break. That it was opened
   * proves nothing of them.
   */
  readonly unchecked?: true;
  /**
   * The size out says nothing: holes of disk images and sparse files are real and expand without bound, and what is only
   * searched for was there already. Never called a bomb.
   */
  readonly sparse?: true;
  /** Its own file, formats/<id>.ts. */
  readonly load: () => Promise<{ readonly unpacker: Unpacker }>;
}

/** How containers of one format are opened: one file each. */
export interface Unpacker {
  readonly doc: FormatDoc;
  /**
   * Hands every member to the sink. Throws `Damaged` (becomes a `corrupt` gap after what came out was examined),
   * `NeedsPassword` (`encrypted`), `Unsupported` (`unsupported_format`); any other error counts as damage. Never
   * catches what `sink.member` or the budget throws.
   */
  unpack(container: Container, sink: FormatSink, context: UnpackContext): Promise<void>;
}
