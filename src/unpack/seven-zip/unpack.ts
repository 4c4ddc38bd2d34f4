import { JoinedSource, MappedSource, type ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { Damaged, EngineDied, NeedsPassword, OverBudget, Unsupported, type Trouble } from '../trouble.ts';
import type { Ending, Listing, Message } from './protocol.ts';
import { Run, type Bytes } from './run.ts';

/** For the documentation of formats: the dictionary of an LZMA decoder lies in 7-Zip's memory. */
export const DICTIONARY_LIMIT =
  'what needs more than 512 MiB to be unpacked (dictionaries over 384 MiB) is a gap';

type Piece = Message & { kind: 'piece' };

/** The source as 7-Zip reads it: by descriptor, by its map, or a copy of what is small enough to be in memory anyway. */
export function bytesOf(source: ByteSource): Exclude<Bytes, { kind: 'stream' }> {
  if (source instanceof MappedSource) return { kind: 'mapped', base: bytesOf(source.base), map: source.map };
  if (source instanceof JoinedSource) return { kind: 'joined', parts: source.parts.map(bytesOf) };
  if (source.fd !== null) return { kind: 'file', fd: source.fd, size: source.size };
  return { kind: 'memory', bytes: Uint8Array.from(source.bytes ?? []) };
}

/**
 * Opens an archive with 7-Zip: looks at its list, finds the password if it needs one, hands every member to the
 * sink, and compares what was listed with what came out. `type` is 7-Zip's name of the format; null lets it find out.
 */
export async function unpackArchive(
  source: ByteSource,
  type: string | null,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  await unpackBytes({ bytes: bytesOf(source), source, type, harmless: null }, sink, context);
}

/** The same of an archive in volumes; `names` are those under which one leads to the next, `harmless` a complaint that means nothing. */
export async function unpackVolumes(
  volumes: JoinedSource,
  { names, harmless = null }: { readonly names: readonly string[]; readonly harmless?: string | null },
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const bytes = { kind: 'volumes', names, parts: volumes.parts.map(bytesOf) } as const;
  await unpackBytes({ bytes, source: null, type: null, harmless }, sink, context);
}

interface Archive {
  readonly bytes: Exclude<Bytes, { kind: 'stream' }>;
  /** Where what stands behind the archive is read; null: whoever calls looks after that. */
  readonly source: ByteSource | null;
  readonly type: string | null;
  readonly harmless: string | null;
}

async function unpackBytes(
  { bytes, source, type, harmless }: Archive,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const { listing, password, ending } = await openListing(bytes, type, context);
  const locked = listing.encrypted.count > 0 && password === null;
  const extracted = await extract(
    { bytes, type, password: password?.password ?? null, listing },
    sink,
    context,
  );
  if (locked) sink.gap('encrypted', encryptedDetail(listing), { bytes: listing.encrypted.bytes });
  if (listing.hidden.count > 0) tellHidden(listing.hidden, sink);
  if (listing.tail > 0 && source !== null) await handOnTail(source, listing.tail, sink);
  if (listing.innerTail > 0) sink.measure('bytes_after_inner_end', listing.innerTail);
  const opened = listing.encrypted.count - extracted.refused;
  if (password !== null && opened > 0) sink.measure(`members_opened_with_password_${password.index}`, opened);
  const trouble =
    troubleOf(without(harmless, extracted), locked) ?? troubleOf(without(harmless, ending), locked);
  if (trouble !== null) throw trouble;
  // Where it complains of nothing, it may list nothing either.
  if (harmless !== null && listing.entries === 0 && extracted.entries > 0) return;
  const owed = locked ? listing.entries - listing.encrypted.count : listing.entries;
  if (extracted.entries < owed || extracted.entries > listing.entries) {
    throw new Damaged(`${listing.entries} members are listed, ${extracted.entries} came out`);
  }
}

/** No maker calls something a folder that holds content: whoever unpacks does not see it, or sees it elsewhere. */
function tellHidden({ count, bytes }: Listing['hidden'], sink: FormatSink): void {
  const detail = `${count} entries that are listed as folders hold ${bytes} bytes`;
  sink.gap('corrupt', detail, { bytes });
  sink.unsafe('content-in-folder', detail);
}

/** Zero bytes are padding; anything else after the end of the archive is examined like a member. */
async function handOnTail(source: ByteSource, tail: number, sink: FormatSink): Promise<void> {
  const end = Math.max(0, source.size - tail);
  const start = source.nextRun === undefined ? end : (source.nextRun(end)?.start ?? source.size);
  const reader = new ByteReader(source.stream(start));
  if (await reader.skipZeros())
    await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
}

/** Opens a compressed stream (`xz`, `bzip2`, `lzma`, `Z`) with 7-Zip: one member, called `name`. */
export async function unpackStream(
  bytes: Bytes,
  type: string,
  name: string,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const ending = await extract({ bytes, type, password: null, name }, sink, context);
  const trouble = troubleOf(ending, false);
  if (trouble !== null) throw trouble;
}

interface Opened {
  readonly listing: Listing;
  /** The password that opens its members; null when it needs none, or none fits. */
  readonly password: Fitting | null;
  readonly ending: Ending;
}

/** A password that opens, and its place in the list: only that is ever told. */
interface Fitting {
  readonly password: string;
  readonly index: number;
}

/**
 * Decoders that stumble at once over what a wrong password gives: with one of them a beginning is proof enough, and a
 * large member is not decoded twice. The others (stored, PPMd) have nothing but the check sum at the end.
 */
const SELF_PROVING = /LZMA|BZip2|Deflate/i;
const PROVING_BYTES = 4 * 1024 * 1024;

async function openListing(bytes: Bytes, type: string | null, context: UnpackContext): Promise<Opened> {
  const { passwords, signal } = context;
  const plain = await answer({ task: 'list', type, bytes, signal });
  if (plain.listing === null || isLocked(plain)) return lockedHeaders(bytes, type, context);
  const { encrypted } = plain.listing;
  if (encrypted.count === 0) return { listing: plain.listing, password: null, ending: plain };
  const provenBy = encrypted.first;
  const enough = SELF_PROVING.test(encrypted.method) ? PROVING_BYTES : Infinity;
  for (const [index, password] of passwords.entries()) {
    const proof = await answer({ task: 'prove', type, password, provenBy, enough, bytes, signal });
    if (proof.proven) return { listing: plain.listing, password: { password, index }, ending: plain };
  }
  return { listing: plain.listing, password: null, ending: plain };
}

/** Even the list of names is encrypted. */
async function lockedHeaders(
  bytes: Bytes,
  type: string | null,
  { passwords, signal }: UnpackContext,
): Promise<Opened> {
  for (const [index, password] of passwords.entries()) {
    const ending = await answer({ task: 'list', type, password, bytes, signal });
    if (ending.listing !== null && (ending.code === 0 || ending.code === 1))
      return { listing: ending.listing, password: { password, index }, ending };
  }
  throw new NeedsPassword(`even the list of names is encrypted; ${passwords.length} passwords were tried`);
}

async function answer(task: Parameters<typeof Run.start>[0]): Promise<Ending> {
  const run = await Run.start(task);
  try {
    return await run.ending();
  } finally {
    await run.close();
  }
}

interface Extraction {
  readonly bytes: Bytes;
  readonly type: string | null;
  readonly password: string | null;
  readonly listing?: Listing;
  /** Instead of the names that 7-Zip gives. */
  readonly name?: string;
}

async function extract(
  { bytes, type, password, listing, name }: Extraction,
  sink: FormatSink,
  { signal }: UnpackContext,
): Promise<Ending> {
  const run = await Run.start({ task: 'extract', type, password, bytes, signal });
  try {
    for (;;) {
      const message = await run.next();
      if (message.kind === 'end') return message;
      if (message.kind === 'link') sink.link(message.how, message.name, message.target);
      else if (message.name !== null) {
        const content = new PieceContent(run, message);
        const stored = name ?? storedName(message.name, listing?.rawNames.get(message.number));
        await sink.member({ name: stored, size: null, content: content.chunks() });
        await content.drain();
      }
    }
  } finally {
    await run.close();
  }
}

/** The name as the list has it, where 7-Zip made it harmless; only if both end alike, so that no name goes astray. */
function storedName(cleaned: Uint8Array, listed: string | undefined): Uint8Array | string {
  if (listed === undefined) return cleaned;
  const last = Buffer.from(cleaned).toString('utf8').split('/').at(-1);
  return last === listed.split('/').at(-1) ? listed : cleaned;
}

/** One member's bytes as they come out of the thread. */
class PieceContent {
  readonly #run: Run;
  readonly #number: number;
  #piece: Piece | null;
  #complete = false;

  constructor(run: Run, first: Piece) {
    this.#run = run;
    this.#number = first.number;
    this.#piece = first;
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) {
      const { buffer, byteOffset, length } = piece.bytes;
      if (length > 0) yield Buffer.from(buffer, byteOffset, length);
    }
  }

  /** Passes over what the examiner left. */
  async drain(): Promise<void> {
    if (!this.#complete) this.#run.unwanted(this.#number);
    while ((await this.#next()) !== null);
  }

  async #next(): Promise<Piece | null> {
    if (this.#complete) return null;
    const piece = this.#piece ?? (await this.#run.next());
    this.#piece = null;
    if (piece.kind === 'link') return this.#next();
    if (piece.kind === 'end' || piece.number !== this.#number) {
      throw new Damaged('7-Zip stopped in the middle of a member');
    }
    this.#complete = piece.last;
    return piece;
  }
}

const WRONG_PASSWORD = /wrong password|encrypted archive/i;
const UNSUPPORTED = /unsupported (?:method|feature|command)|not implemented/i;

function isLocked(ending: Ending): boolean {
  return ending.errors.some((error) => /encrypted archive|enter password/i.test(error));
}

function encryptedDetail({ encrypted, entries }: Listing): string {
  const names = encrypted.names.slice(0, 5).join(', ');
  const more = encrypted.count > 5 ? ', …' : '';
  return `${encrypted.count} of ${entries} members need a password: ${names}${more}`;
}

function without(harmless: string | null, ending: Ending): Ending {
  if (harmless === null || !ending.errors.includes(harmless)) return ending;
  const errors = ending.errors.filter((error) => error !== harmless);
  return { ...ending, errors, harmless: errors.length === 0 };
}

/** What 7-Zip's ending means for what was unpacked; null when all is well. */
function troubleOf({ died, code, errors, starved, harmless }: Ending, locked: boolean): Trouble | null {
  if (died !== null) return new EngineDied(`7-Zip died: ${died}`);
  if (starved) return new OverBudget('needs more memory to be unpacked than 512 MiB');
  const relevant = errors.filter((error) => !(locked && WRONG_PASSWORD.test(error)));
  if (relevant.length === 0) {
    return code === 0 || harmless || errors.length > 0
      ? null
      : new Damaged(`7-Zip ended with code ${String(code)}`);
  }
  const detail = relevant.slice(0, 3).join('; ');
  if (relevant.some((error) => WRONG_PASSWORD.test(error))) return new NeedsPassword(detail);
  if (relevant.every((error) => UNSUPPORTED.test(error))) return new Unsupported(detail);
  return new Damaged(detail);
}

/** The content of one compressed stream: what `chunks` holds, decoded. */
export async function* decodedStream(
  chunks: AsyncIterable<Buffer>,
  type: string,
  { signal }: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  const bytes: Bytes = { kind: 'stream', chunks };
  const run = await Run.start({ task: 'extract', type, bytes, signal });
  try {
    for (let message = await run.next(); ; message = await run.next()) {
      if (message.kind === 'piece')
        yield Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.length);
      if (message.kind !== 'end') continue;
      const trouble = troubleOf(message, false);
      if (trouble !== null) throw trouble;
      return;
    }
  } finally {
    await run.close();
  }
}
