import { EndlessHoles, EndlessMaps, FileSource, nameFromBytes } from '../bytes/index.ts';
import { inWords, type GapReason } from '../domain/index.ts';
import { Holes } from './disks/holes.ts';
import type { Container, Format, MemberSink, UnpackContext, Unpacker } from './format.ts';
import { Bomb, ConsumerFailure, Guard } from './guard.ts';
import { formatOf } from './registry.ts';
import { spool, type Spooled } from './spool.ts';
import { NotLoaded, Trouble, Unsupported } from './trouble.ts';

/**
 * Opens one container and hands every member to the sink. Never throws but when the whole scan is aborted or the
 * sink's `member` rejects: every trouble of the container becomes a gap or a finding. The one catch of this room.
 */
export async function openContainer(
  container: Container,
  sink: MemberSink,
  context: UnpackContext,
): Promise<void> {
  context.signal.throwIfAborted();
  const guard = new Guard(sink, context, container.depth);
  try {
    await open(container, guard, context);
  } catch (error) {
    if (error instanceof ConsumerFailure) throw error.cause;
    if (context.signal.aborted) throw context.signal.reason;
    report(guard.timedOut() ?? error, sink);
  } finally {
    await guard.close();
  }
}

async function open(container: Container, guard: Guard, context: UnpackContext): Promise<void> {
  const format = formatOf(container.format);
  if (format?.searches !== true) context.budget.takeDepth(container.depth);
  if (format === null) throw new Unsupported(`nothing here opens ${container.format}`);
  const unpacker = await loaded(format);
  const inside = { ...context, signal: guard.signal };
  if (format.access === 'stream' || container.source !== null) {
    guard.begin(format, format.access === 'stream' ? null : container.size);
    const holes = new Holes(0);
    const stream = withoutEndlessHoles(container, format, holes);
    await unpacker.unpack({ ...container, stream: guard.counted(stream) }, guard, inside);
    if (holes.leftOut > 0) {
      const detail = `${holes.leftOut} bytes of holes in what is read as a stream were left out`;
      guard.gap('budget_exceeded', detail, { bytes: holes.leftOut });
    }
    return;
  }
  guard.begin(format, null);
  const spooled: Spooled = await spool(guard.counted(container.stream), context.scratch, guard.signal);
  try {
    const source = new FileSource(spooled.file.handle, spooled.size);
    await unpacker.unpack(
      { ...container, source, size: source.size, stream: source.stream() },
      guard,
      inside,
    );
  } finally {
    await spooled.file.remove();
  }
  if (spooled.brokeOff !== null) throw spooled.brokeOff.error;
}

/** A file of ours that is not there (removed or replaced while we ran) is a fault of ours, not of the container. */
async function loaded({ id, load }: Format): Promise<Unpacker> {
  try {
    return (await load()).unpacker;
  } catch (error) {
    throw new NotLoaded(`what opens ${id} cannot be loaded: ${inWords(error)}`);
  }
}

/** A stream on a disk of many TiB that is all holes would never end. */
function withoutEndlessHoles(container: Container, format: Format, holes: Holes): AsyncIterable<Buffer> {
  const { source, stream } = container;
  return format.access === 'stream' && source?.nextRun !== undefined ? holes.chunks(source) : stream;
}

/** Libraries say `damaged` by any error; the system and our own faults say so by their kind. */
function reasonOf(error: unknown): GapReason {
  if (error instanceof TypeError || error instanceof ReferenceError) return 'engine_failed';
  if (error instanceof EndlessHoles || error instanceof EndlessMaps) return 'budget_exceeded';
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : null;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return 'budget_exceeded';
  return code === null ? 'corrupt' : 'unreadable';
}

function shown(member: Uint8Array | string): string {
  return JSON.stringify(
    nameFromBytes(typeof member === 'string' ? Buffer.from(member) : member).slice(0, 200),
  );
}

function report(error: unknown, sink: MemberSink): void {
  if (!(error instanceof Trouble)) {
    sink.gap(reasonOf(error), inWords(error));
    return;
  }
  // What ends the unpacking is the container's own trouble, in whichever member it happened.
  const { reason, message, member, bytes } = error;
  sink.gap(reason, member === null ? message : `${message} (at ${shown(member)})`, { bytes });
  if (error instanceof Bomb) sink.unsafe('bomb', message, { evidence: error.evidence });
}
