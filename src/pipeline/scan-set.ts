import { FileSource, JoinedSource, type ByteSource } from '../bytes/index.ts';
import { inWords } from '../domain/index.ts';
import { HEAD_BYTES } from '../identify/index.ts';
import { hasChanged, openRoot, type RootFile } from '../intake/index.ts';
import { canOpen } from '../unpack/index.ts';
import { tailOf } from './held.ts';
import type { RestOfSet, RootFacts, SetOutcome, TreeOutcome } from './protocol.ts';
import { withPartGap } from './part-gap.ts';
import { RootScan, scanFile, type RootContext } from './scan-root.ts';

/** As for single files: what changes while it is read is examined once more (DESIGN 5), then that is a gap. */
const ATTEMPTS = 2;

interface PartFile {
  readonly path: Uint8Array;
  readonly name: string;
}

interface OpenPart {
  readonly name: string;
  readonly file: RootFile;
  readonly source: ByteSource;
}

export interface SetScan {
  /** Of the first part. */
  readonly outcome: TreeOutcome;
  readonly set: SetOutcome;
}

/**
 * Examines the parts of one archive, each as bytes, and all of them together as one that is opened; every part is opened
 * once, so that what is joined is what was examined. Never throws: whatever happens is in the outcome.
 */
export async function scanSet(first: PartFile, rest: RestOfSet, context: RootContext): Promise<SetScan> {
  const files = [first, ...rest.parts];
  for (let attempt = 1; ; attempt++) {
    const open: OpenPart[] = [];
    try {
      for (const { path, name } of files) {
        const file = await openRoot(Buffer.from(path));
        const source = new FileSource(file.handle, Number(file.stats.size), context.meter?.read);
        open.push({ name, file, source });
        await mustEnd(file, name);
      }
      if (!rest.certain && !(await belongTogether(open, context)))
        return await oneByOne(files, null, context);
      const scan = await examineAll(open, context);
      const changed = anyChanged(open);
      if (!changed || attempt === ATTEMPTS) return changed ? marked(scan, files, context) : scan;
    } catch (error) {
      return await oneByOne(files, inWords(error), context);
    } finally {
      for (const { file } of open) await file.handle.close();
    }
  }
}

/** A file that grows, or one of /proc, holds more than it says: it is read to its end, but not joined. */
async function mustEnd({ handle, stats }: RootFile, name: string): Promise<void> {
  const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Number(stats.size));
  if (bytesRead > 0) throw new Error(`${name} holds more than it says`);
}

/** What only might be parts: the first is a container that goes on, and the others are none of their own. */
async function belongTogether(open: readonly OpenPart[], { identifier }: RootContext): Promise<boolean> {
  for (const [index, { source, name }] of open.entries()) {
    const head = Buffer.alloc(Math.min(HEAD_BYTES, source.size));
    const got = await source.readAt(head, 0);
    const glimpse = { head: head.subarray(0, got), tail: await tailOf(source), size: source.size, name };
    const { container } = identifier.identify(glimpse);
    const opens = container !== null && canOpen(container);
    if (opens !== (index === 0)) return false;
  }
  return true;
}

async function examineAll(open: readonly OpenPart[], context: RootContext): Promise<SetScan> {
  const outcomes: TreeOutcome[] = [];
  for (const { name, file, source } of open) {
    const { dev, ino } = file.stats;
    const feed = { source, stream: source.stream() };
    outcomes.push(await new RootScan(name, context, { closed: true }).run(feed, { dev, ino }));
  }
  const whole = new JoinedSource(open.map(({ source }) => source));
  const name = open[0]?.name ?? '';
  // The bytes are the parts' own: they count once for the progress bar.
  const silent = { ...context, progress: () => {} };
  const inside = [`(joined: ${open.length} parts)`];
  const scan = new RootScan(name, silent, { inside });
  const joined = await scan.run({ source: whole, stream: whole.stream() }, null);
  return setScan(outcomes, joined);
}

function setScan(outcomes: readonly TreeOutcome[], joined: TreeOutcome | null): SetScan {
  const [outcome, ...rest] = outcomes;
  if (outcome === undefined) throw new Error('a set without parts');
  return { outcome, set: { rest, joined } };
}

function anyChanged(open: readonly OpenPart[]): boolean {
  return open.some(({ file }) => hasChanged(file));
}

/** None of what was seen is what is there now. */
function marked({ outcome, set }: SetScan, files: readonly PartFile[], context: RootContext): SetScan {
  const outcomes = [outcome, ...set.rest].map((one, index) => {
    const gaps = new RootScan(files[index]?.name ?? '', context).changed(one).gaps;
    const root: RootFacts = { ...one.root, sha256: null };
    return { ...one, gaps: [...one.gaps, ...gaps], root };
  });
  return setScan(outcomes, set.joined);
}

/** As files like any other. `why` they could not be joined, when they should have been. */
async function oneByOne(
  files: readonly PartFile[],
  why: string | null,
  context: RootContext,
): Promise<SetScan> {
  const outcomes: TreeOutcome[] = [];
  for (const { path, name } of files) {
    const outcome = await scanFile(Buffer.from(path), name, context);
    outcomes.push(why === null ? outcome : withPartGap(outcome, name, `the parts were not joined: ${why}`));
  }
  return setScan(outcomes, null);
}
