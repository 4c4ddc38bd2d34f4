import { LastBytes, nameFromBytes, type Scratch } from '../bytes/index.ts';
import type { Artifact } from '../domain/index.ts';
import { HEAD_BYTES, TAIL_BYTES, type Glimpse } from '../identify/index.ts';
import {
  canOpen,
  openContainer,
  opensWhole,
  type Budget,
  type Member,
  type MemberSink,
} from '../unpack/index.ts';
import { HELD_BYTES, hold, seen, tailOf, type Feed } from './held.ts';
import { Lanes } from './lanes.ts';
import { Pass } from './pass.ts';
import { Tee } from './tee.ts';
import type { Examined, Tree } from './tree.ts';

/** Small artifacts whose engines have not answered yet, while the producer goes on: at most 4 MiB are held. */
const LANES = 4;

/** Examines a root artifact and everything in it. Throws only what breaks the root's own bytes off. */
export async function examineTree(trail: Artifact['trail'], feed: Feed, tree: Tree): Promise<Examined> {
  return new TreeExaminer(tree).root(trail, feed);
}

class TreeExaminer {
  readonly #tree: Tree;
  #nextId = 0;
  readonly #lanes = new Lanes(LANES);
  #recorded: Promise<void> = Promise.resolve();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  async root(trail: Artifact['trail'], feed: Feed): Promise<Examined> {
    try {
      const pass = await this.#open({ id: this.#nextId++, parent: null, trail }, feed, 0);
      return await this.#finish(pass);
    } finally {
      // Also when the tree is broken off: what is still with an engine has been seen.
      await this.#lanes.settle();
    }
  }

  /** Artifacts are recorded one after another, whichever engine answers first: the report is always the same. */
  #finish(pass: Pass): Promise<Examined> {
    const finished = pass.finish(this.#recorded);
    this.#recorded = finished.then(
      () => undefined,
      () => undefined, // Whoever called hears of it.
    );
    return finished;
  }

  /** Identifies the artifact, lets its bytes go past every analyzer, and opens it if it is a container. */
  async #open(artifact: Artifact, feed: Feed, depth: number): Promise<Pass> {
    const held = await hold(feed);
    const source = held.whole ?? feed.source;
    const size = source?.size ?? null; // What a member's header says may be a lie.
    const name = artifact.trail.at(-1) ?? '';
    const head = held.head.subarray(0, HEAD_BYTES);
    const type = this.#tree.identifier.identify({ head, tail: await tailOf(source), size, name });
    const pass = new Pass(this.#tree, { artifact, type, head, size, source, signal: this.#tree.signal });
    try {
      const format = type.container;
      pass.sayWhatStaysClosed();
      const opens = format !== null && canOpen(format);
      if (opens) pass.openedWhole = opensWhole(format);
      if (source !== null) {
        await pass.run(held.chunks);
        for (const reading of [opens ? format : null, type.second]) {
          if (reading === null || pass.failure !== null) continue;
          const container = { format: reading, name, depth, size, source, stream: source.stream() };
          await openContainer(container, this.#sink(pass, reading, depth), this.#context());
        }
        return pass;
      }
      const last = new LastBytes(TAIL_BYTES);
      const chunks = seen(held.chunks, last);
      if (opens) {
        const tee = new Tee();
        const container = { format, name, depth, size, source, stream: tee.chunks() };
        const opening = openContainer(container, this.#sink(pass, format, depth), this.#context());
        const both = [pass.run(chunks, tee), opening.finally(() => tee.leave())];
        for (const end of await Promise.allSettled(both)) if (end.status === 'rejected') throw end.reason;
      } else await pass.run(chunks);
      this.#sayWhatStoodAtTheEnd(pass, { head, tail: last.bytes, size: pass.size, name });
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

  #context(): { budget: Budget; scratch: Scratch; passwords: readonly string[]; signal: AbortSignal } {
    const { budget, scratch, passwords, signal } = this.#tree;
    return { budget, scratch, passwords, signal };
  }

  #sink(parent: Pass, by: string, depth: number): MemberSink {
    const trailTo = (name: Member['name'] | undefined): Artifact['trail'] =>
      name === undefined ? parent.artifact.trail : [...parent.artifact.trail, memberName(name)];
    return {
      member: async ({ name, content }) => {
        const child: Artifact = { id: this.#nextId++, parent: parent.artifact.id, trail: trailTo(name) };
        const pass = await this.#open(child, { source: null, stream: content }, depth + 1);
        // What broke the member's bytes off is the producer's to hear; large ones hold scratch space until they end.
        if (pass.failure !== null || pass.size > HELD_BYTES) await this.#finish(pass);
        else await this.#lanes.admit(this.#finish(pass).then(() => undefined));
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

function memberName(name: Member['name']): string {
  return nameFromBytes(typeof name === 'string' ? Buffer.from(name) : name);
}
