import type { Subject } from '../analyze/index.ts';
import { LastBytes, nameFromBytes, type ByteSource, type Scratch } from '../bytes/index.ts';
import type { Artifact, ContentType } from '../domain/index.ts';
import { HEAD_BYTES, TAIL_BYTES, withoutReader, type Glimpse } from '../identify/index.ts';
import { laterPart } from '../intake/index.ts';
import {
  canOpen,
  isPiece,
  openContainer,
  opensWhole,
  type Budget,
  type Member,
  type MemberSink,
} from '../unpack/index.ts';
import { HELD_BYTES } from './held-bytes.ts';
import { hold, seen, tailOf, type Feed, type Held } from './held.ts';
import { Lanes } from './lanes.ts';
import { Pass, type Ahead } from './pass.ts';
import { contentOf, putBy, type Content, type KnownAhead } from './put-by.ts';
import { Tee } from './tee.ts';
import type { Examined, Tree } from './tree.ts';

/**
 * Small artifacts whose engines have not answered yet, while the producer goes on. Tiny ones cost mostly the way to an
 * engine and back, which many share; of large ones at most 4 MiB are held, and the next.
 */
const LANES = 64;
const LANE_BYTES = 3 * HELD_BYTES;

/** Examines a root artifact and everything in it. Throws only what breaks the root's own bytes off. */
/** `sha256`: of the root, where it was read before. */
export async function examineTree(
  trail: Artifact['trail'],
  feed: Feed,
  tree: Tree,
  sha256: string | null = null,
): Promise<Examined> {
  return new TreeExaminer(tree).root(trail, feed, sha256);
}

/** Where an artifact stands in the tree. */
interface Place {
  /** Containers around it. */
  readonly depth: number;
  /** Searches for an archive that led here. */
  readonly searches: number;
  /** It came out of one whose members are pieces of it, no files. */
  readonly isPiece: boolean;
  /** The innermost of them. */
  readonly parent: Pass | null;
  /** SHA-256 of those of them that were seen whole before they were opened. */
  readonly above: readonly string[];
  /** SHA-256 of its bytes, where they were read before. */
  readonly sha256?: string | null;
  /** In bytes, as its producer declares it. */
  readonly declared?: number | null;
}

class TreeExaminer {
  readonly #tree: Tree;
  #nextId = 0;
  readonly #lanes = new Lanes(LANES, LANE_BYTES);
  #recorded: Promise<void> = Promise.resolve();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  async root(trail: Artifact['trail'], feed: Feed, sha256: string | null): Promise<Examined> {
    try {
      const pass = await this.#open({ id: this.#nextId++, parent: null, trail }, feed, {
        depth: 0,
        searches: 0,
        isPiece: false,
        parent: null,
        above: [],
        sha256,
      });
      return await this.#finish(pass);
    } finally {
      // Also when the tree is broken off: what is still with an engine has been seen.
      await this.#lanes.settle();
    }
  }

  /** Artifacts are recorded one after another, whichever engine answers first: the report is always the same. */
  #finish(pass: Pass): Promise<Examined> {
    const finished = this.#finishedAfter(pass, this.#recorded);
    this.#recorded = finished.then(
      () => undefined,
      () => undefined, // Whoever called hears of it.
    );
    return finished;
  }

  async #finishedAfter(pass: Pass, before: Promise<void>): Promise<Examined> {
    try {
      return await pass.finish(before);
    } finally {
      await pass.release();
    }
  }

  /** What engines have said of these bytes before, where that can be known before they go past. */
  async #ahead(subject: Subject, content: Content | null): Promise<Ahead | null> {
    const { before, analyzers } = this.#tree;
    if (before === undefined || content === null) return null;
    const { sha256, size } = content;
    const kept = analyzers.filter((analyzer) => before.isKept(analyzer));
    const outcomes = await before.find(kept.map((analyzer) => before.ask(analyzer, subject, sha256, size)));
    return outcomes.size === 0 ? null : { sha256, outcomes };
  }

  /** A large member that is as long as some content that is known is hashed first; what is not, streams past at once. */
  async #hashed({ whole, chunks }: Held, source: ByteSource | null, place: Place): Promise<KnownAhead> {
    const { before, scratch } = this.#tree;
    const { sha256 = null, declared = null } = place;
    const content = sha256 === null || source === null ? null : { sha256, size: source.size };
    const asItComes = { chunks, content, remove: async () => {} };
    if (whole !== null || before === undefined || declared === null) return asItComes;
    if (!(await before.mayKnow(declared))) return asItComes;
    return source === null
      ? putBy(chunks, declared, scratch)
      : { ...asItComes, content: await contentOf(source) };
  }

  /** Identifies the artifact, lets its bytes go past every analyzer, and opens it if it is a container. */
  async #open(artifact: Artifact, given: Feed, place: Place): Promise<Pass> {
    const { depth, searches } = place;
    const { meter = null } = this.#tree;
    const what = artifact.parent === null ? 'read' : 'unpack';
    const feed = meter === null ? given : { ...given, stream: meter.each(what, given.stream) };
    const held = await hold(feed);
    const source = held.whole ?? feed.source;
    const size = source?.size ?? null; // What a member's header says may be a lie.
    const name = artifact.trail.at(-1) ?? '';
    const head = held.head.subarray(0, HEAD_BYTES);
    const isPart = depth === 0 && this.#tree.closed === true;
    const identified = this.#tree.identifier.identify({ head, tail: await tailOf(source), size, name });
    // By itself it is a gap; noise, as pieces of archives are, it is no encryption.
    const isLonePart = depth === 0 && identified.by === 'unknown' && laterPart(name) !== null;
    const type = isPart || isLonePart ? asPart(identified) : identified;
    const { signal } = this.#tree;
    const subject = { artifact, type, head, size, source, isPiece: place.isPiece, signal };
    const { content, chunks, remove } = await this.#hashed(held, feed.source, place);
    const ahead = await this.#ahead(subject, content);
    const pass = new Pass(this.#tree, subject, place.parent, ahead);
    pass.release = remove;
    try {
      const format = type.container ?? (isPart ? null : searchedAs(type, size));
      if (!isPart) pass.sayWhatStaysClosed();
      if (depth > 0) this.#sayWhatIsOnlyAPart(pass);
      const tired = format === SEARCH && searches >= MAX_SEARCHES;
      if (tired) this.#sayThatMoreMayFollow(pass);
      const opens = format !== null && canOpen(format) && !tired;
      if (opens) pass.openedWhole = opensWhole(format);
      // What is only searched is searched as it goes past.
      const streams = source === null || (type.container === null && opens && type.second === null);
      if (!streams) {
        await pass.run(chunks);
        const readings = [opens ? format : null, type.second].filter((reading) => reading !== null);
        if (readings.length === 0 || pass.failure !== null) return pass;
        const below = { ...place, above: [...place.above, pass.sha256()] };
        if (place.above.includes(pass.sha256())) {
          pass.findSelfReproduction();
          return pass;
        }
        for (const reading of readings) {
          const container = { format: reading, name, depth, size, source, stream: source.stream() };
          await openContainer(container, this.#sink(pass, reading, below), this.#context());
        }
        return pass;
      }
      // What can be read anywhere has been looked at to its end already.
      const last = source === null ? new LastBytes(TAIL_BYTES) : null;
      const passing = last === null ? chunks : seen(chunks, last);
      if (opens) {
        const tee = new Tee();
        const container = { format, name, depth, size, source: null, stream: tee.chunks(), again: source };
        const below = { ...place, searches: searches + (format === SEARCH ? 1 : 0) };
        const opening = openContainer(container, this.#sink(pass, format, below), this.#context());
        const both = [pass.run(passing, tee), opening.finally(() => tee.leave())];
        for (const end of await Promise.allSettled(both)) if (end.status === 'rejected') throw end.reason;
      } else await pass.run(passing);
      if (last !== null) this.#sayWhatStoodAtTheEnd(pass, { head, tail: last.bytes, size: pass.size, name });
      return pass;
    } catch (error) {
      // The tree is broken off; what was seen of this artifact stands.
      pass.failure ??= { error };
      await this.#finish(pass).catch(() => undefined);
      throw error;
    }
  }

  /** What is recognised only by its end (a zip behind a program) was gone before it could be opened. */
  #sayWhatStoodAtTheEnd(pass: Pass, glimpse: Glimpse): void {
    const { container, second, description } = this.#tree.identifier.identify(glimpse);
    // What was opened has handed on what follows its end.
    for (const reading of [canOpen(pass.type.container ?? '') ? null : container, second]) {
      if (reading === null || reading === pass.type.container) continue;
      const detail = `holds a container (${reading}) that is recognised by its end: ${description}; it streamed past`;
      const { trail } = pass.artifact;
      pass.gap({ stage: 'unpack', by: reading, reason: 'unsupported_format', detail, bytes: null, trail });
    }
  }

  /** Later parts of a split archive look like noise; only their names tell. */
  #sayWhatIsOnlyAPart(pass: Pass): void {
    const { trail } = pass.artifact;
    const detail = laterPart(trail.at(-1) ?? '');
    if (detail === null) return;
    pass.gap({ stage: 'unpack', by: 'parts', reason: 'unsupported_format', detail, bytes: null, trail });
  }

  /** One archive behind the other, with something between: each search is one more look at all that follows. */
  #sayThatMoreMayFollow(pass: Pass): void {
    const detail = `data of no known kind behind ${MAX_SEARCHES} archives that were found in such data: not searched for more`;
    const { trail } = pass.artifact;
    pass.gap({ stage: 'unpack', by: SEARCH, reason: 'unsupported_format', detail, bytes: null, trail });
  }

  #context(): { budget: Budget; scratch: Scratch; passwords: readonly string[]; signal: AbortSignal } {
    const { budget, scratch, passwords, signal } = this.#tree;
    return { budget, scratch, passwords, signal };
  }

  #sink(parent: Pass, by: string, { depth, searches, above }: Place): MemberSink {
    const trailTo = (name: Member['name'] | undefined): Artifact['trail'] =>
      name === undefined ? parent.artifact.trail : [...parent.artifact.trail, memberName(name)];
    return {
      member: async ({ name, size, content, source = null, from = null }) => {
        const child: Artifact = { id: this.#nextId++, parent: parent.artifact.id, trail: trailTo(name) };
        const place = {
          depth: depth + 1,
          searches,
          isPiece: isPiece(by, name),
          parent,
          above,
          declared: size,
        };
        const pass = await this.#open(child, { source, stream: content }, place);
        parent.gaveBytes ||= pass.size > 0;
        if (from !== null && pass.provesItself()) parent.provenFrom ??= from;
        // What broke the member's bytes off is the producer's to hear; large ones hold scratch space until they end.
        if (pass.failure !== null || pass.size > HELD_BYTES) await this.#finish(pass);
        else
          await this.#lanes.admit(
            this.#finish(pass).then(() => undefined),
            pass.size,
          );
        return pass.isDamaged() ? 'damaged' : undefined;
      },
      gap: (reason, detail, options = {}) =>
        parent.gap({
          stage: 'unpack',
          by,
          reason,
          detail,
          bytes: options.bytes ?? null,
          trail: trailTo(options.member),
        }),
      unsafe: (rule, detail, options = {}) =>
        parent.finding({
          kind: 'unsafe_archive',
          engine: by,
          rule,
          detail,
          offset: null,
          evidence: options.evidence ?? {},
          trail: trailTo(options.member),
        }),
      measure: (what, value) => parent.measure(what, value),
    };
  }
}

/** The format that looks for archives in what is none. */
const SEARCH = 'embedded';
/** In each other: what holds many compressed pieces would be gone through as often. */
const MAX_SEARCHES = 3;
/** Databases, logs and indexes compress their pages one by one: what stands in them is theirs. */
const SEARCHED =
  /^(?:image|audio|video)\/|^application\/(?:x-dosexec|x-mach-binary|java-vm|ogg|x-uefi-firmware|x-option-rom|x-linux-kernel|x-r-data)$/;

/** Less than this holds neither an archive nor encoded data, in bytes. */
const SEARCHED_BYTES = 64;

/** What is no container by itself may have one behind its beginning, or encoded in its text. */
function searchedAs(type: ContentType, size: number | null): string | null {
  if (withoutReader(type) !== null || (size !== null && size < SEARCHED_BYTES)) return null;
  if (type.by === 'text') return 'text-data';
  const isKnown = type.by !== 'unknown' && type.by !== 'libmagic';
  return isKnown && !SEARCHED.test(type.mime) ? null : SEARCH;
}

const NAMELESS_PART = {
  mime: 'application/octet-stream',
  description: 'Part of a split archive',
  by: 'structure',
} as const;

/** A piece of an archive: what it holds is compressed, and what it looks like by itself says nothing. */
function asPart(type: ContentType): ContentType {
  const known = type.by === 'unknown' || type.by === 'libmagic' ? NAMELESS_PART : type;
  return {
    ...type,
    ...known,
    container: null,
    second: null,
    density: 'compressed',
    contradiction: null,
    renamed_from: null,
  };
}

function memberName(name: Member['name']): string {
  return nameFromBytes(typeof name === 'string' ? Buffer.from(name) : name);
}
