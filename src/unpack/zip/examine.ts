import { ByteReader } from '../byte-reader.ts';
import type { Member } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import type { Archive } from './archive.ts';
import { unpackBoxed } from './boxed.ts';
import { checked, decoded, decodeSmall, isBoxed, isKnown, isProven, knowsItsEnd } from './decode.ts';
import type { Reading } from './headers.ts';
import type { Packed, Unlocked } from './keyring.ts';
import { Unread } from './unread.ts';

/** A link's target is a path. */
const TARGET_BYTES = 4096;

/** One reading of a member's bytes, on its way to the sink. */
export interface Content {
  readonly name: Buffer;
  readonly reading: Reading;
  /** Where its packed bytes begin. */
  readonly start: number;
  /** All of them, where they are few and whole. */
  readonly block: Buffer | null;
  readonly link: boolean;
}

/** What came of it. */
export interface Examined {
  /** How many packed bytes are done with; all where the decoder does not tell, none where it broke off. */
  readonly used: number;
  /** Why it is not, or not wholly, known what is in it; null: proven by size and check sum. */
  readonly trouble: Unread | null;
}

/** Hands one reading of a member to the sink. Throws what the sink throws. */
export async function examine(archive: Archive, content: Content): Promise<Examined> {
  const { reading, block } = content;
  try {
    if (!isKnown(reading.method))
      throw new Unread(
        'unsupported_format',
        `compressed with method ${reading.method}, which nobody here reads`,
      );
    if (reading.encrypted) return await unlocked(archive, content);
    const small = block === null ? null : decodeSmall(reading, block);
    if (small !== null) {
      const bytes = small.content;
      if (!isProven(reading, bytes))
        return { used: small.used, trouble: await handOrTrouble(archive, content, once(bytes)) };
      await hand(archive, content, once(bytes));
      return { used: small.used, trouble: null };
    }
    return await streamed(archive, content);
  } catch (error) {
    if (error instanceof Unread) return { used: reading.packed, trouble: error };
    throw error;
  }
}

/** null: handed on, and proven by size and check sum. */
async function handOrTrouble(
  archive: Archive,
  content: Content,
  body: AsyncIterable<Buffer>,
): Promise<Unread | null> {
  try {
    await hand(archive, content, checked(content.reading, body, archive.context));
    return null;
  } catch (error) {
    if (error instanceof Unread) return error;
    throw error;
  }
}

async function streamed(archive: Archive, content: Content): Promise<Examined> {
  const { reading } = content;
  const packed = packedOf(archive, content);
  if (isBoxed(reading.method)) {
    await boxed(archive, content, packed(0, reading.packed));
    return { used: reading.packed, trouble: null };
  }
  const reader = new ByteReader(packed(0, reading.packed));
  const progress = { ended: false };
  const body = noted(decoded(reading, reader, archive.context), progress);
  const trouble = await handOrTrouble(archive, content, body);
  if (!knowsItsEnd(reading.method)) return { used: reading.packed, trouble };
  if (progress.ended) return { used: reader.position, trouble };
  return { used: trouble === null ? reading.packed : 0, trouble };
}

async function* noted(
  content: AsyncGenerator<Buffer, void, undefined>,
  progress: { ended: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  yield* content;
  progress.ended = true;
}

/** Each password that seems to fit, until one is proven. */
async function unlocked(archive: Archive, content: Content): Promise<Examined> {
  const { reading } = content;
  let trouble = new Unread('encrypted', 'no password fits');
  const packed = packedOf(archive, content);
  for await (const key of archive.keyring.fitting(reading, packed)) {
    try {
      await open(archive, content, key);
      archive.keyring.opened(key.index);
      return { used: reading.packed, trouble: null };
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      trouble = error;
    }
  }
  // Damage and a wrong password that fits by one byte look alike: what nobody opened is called locked, never only damaged.
  if (reading.aesKeyBytes === null && trouble.reason === 'corrupt')
    trouble = new Unread('encrypted', `no password is proven: ${trouble.message}`);
  return { used: reading.packed, trouble };
}

async function open(archive: Archive, content: Content, key: Unlocked): Promise<void> {
  const { reading } = content;
  if (key.content !== null) return hand(archive, content, once(key.content));
  if (isBoxed(reading.method)) return boxed(archive, content, key.chunks());
  const reader = new ByteReader(key.chunks());
  await hand(archive, content, checked(reading, decoded(reading, reader, archive.context), archive.context));
  // To its end, also for the authentication code.
  if (await reader.skipZeros())
    await archive.sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
}

async function boxed(archive: Archive, content: Content, packed: AsyncIterable<Buffer>): Promise<void> {
  const { context, sink } = archive;
  const give = (body: AsyncIterable<Buffer>): Promise<void> =>
    hand(archive, content, checked(content.reading, body, context));
  await unpackBoxed(content.reading, packed, give, sink, context);
}

/** The bytes of the member from `start` to `end`, counted from its first. Throws Unread when the archive ends before. */
function packedOf({ source }: Archive, content: Content): Packed {
  return async function* (from, to) {
    const { block } = content;
    if (block !== null) {
      if (to > from) yield block.subarray(from, to);
      return;
    }
    const end = content.start + to;
    yield* source.stream(content.start + from, Math.min(end, source.size));
    const missing = end - Math.max(source.size, content.start + from);
    if (missing > 0) throw new Unread('corrupt', `cut off: ${missing} bytes of the member are missing`);
  };
}

async function hand(
  { sink }: Archive,
  { name, reading, link }: Content,
  content: AsyncGenerator<Buffer, void, undefined>,
): Promise<void> {
  const target = link ? new Target() : null;
  // What is a link for some is a file for others: what it holds is examined whatever it calls itself.
  const member: Member = {
    name,
    size: Number.isFinite(reading.size) ? reading.size : null,
    content: target?.heard(content) ?? content,
  };
  try {
    await sink.member(member);
  } catch (error) {
    if (target !== null && error instanceof Unread) sink.link('symbolic', name, target.text);
    throw error;
  } finally {
    await content.return();
  }
  if (target !== null) sink.link('symbolic', name, target.text);
}

/** Where a link leads: the first bytes of its content. */
class Target {
  #text: Buffer = Buffer.alloc(0);

  async *heard(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of content) {
      if (this.#text.length < TARGET_BYTES) {
        this.#text = Buffer.concat([this.#text, chunk.subarray(0, TARGET_BYTES - this.#text.length)]);
      }
      yield chunk;
    }
  }

  /** null when it is longer than any path. */
  get text(): Buffer | null {
    return this.#text.length < TARGET_BYTES ? this.#text : null;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  if (bytes.length > 0) yield bytes;
}
