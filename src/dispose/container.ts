import { z } from 'zod';
import type { FileHandle } from 'node:fs/promises';
import { asciiJson } from '../bytes/index.ts';
import { DECISIONS, isId, type KeptFacts } from '../domain/index.ts';

/*
 * The quarantine container, byte by byte in docs/quarantine.md: three lines of text, the header, the content under
 * AES-256-CTR, and the SHA-256 of all that.
 */
const MAGIC = 'BACKUPLENS-QUARANTINE\n';
const VERSION = '1\n';
/** The header's length: this many decimal digits, then a newline. */
const LENGTH_DIGITS = 8;
const PREFIX_BYTES = MAGIC.length + VERSION.length + LENGTH_DIGITS + 1;
export const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_REASONS = 40;
const MAX_REASON_CHARACTERS = 200;
/**
 * Where the header says so, content blocks of this size that are all zeros stand as zeros, so that a sparse image
 * stays sparse. No other block can look like that: its key was drawn after it was written.
 */
export const ZERO_BLOCK_BYTES = 64 * 1024;

export const CONTAINER_EXTENSION = '.blq';
export const CIPHER = 'aes-256-ctr';

const nanoseconds = z.string().regex(/^-?\d{1,20}$/);
const id = z.int().nonnegative();

/** What is kept of a file besides its bytes, in quarantine and under review. */
const keptFacts = z.object({
  id: z.string().refine(isId),
  taken_at: z.iso.datetime(),
  tool: z.object({ name: z.literal('backuplens'), version: z.string().nullable() }),
  /** Absolute, links resolved; as text for people, the bytes decide. */
  origin: z.object({ path: z.string(), path_base64: z.base64() }),
  size: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Octal, with setuid, setgid and sticky. */
  mode: z.string().regex(/^[0-7]{4}$/),
  uid: id,
  gid: id,
  mtime_ns: nanoseconds,
  atime_ns: nanoseconds,
  /** Names that the file had; those beyond one are still where they were. */
  nlink: z.int().positive(),
  decision: z.enum(DECISIONS),
  verdict: z.string(),
  score: z.number(),
  reasons: z.array(z.string()).readonly(),
  /** Containers of before have none. */
  rules: z.array(z.string()).readonly().default([]),
  xattrs: z
    .array(z.object({ name: z.string(), value_base64: z.base64() }))
    .readonly()
    .nullable()
    .default(null),
}) satisfies z.ZodType<KeptFacts>;

export const heldFacts = keptFacts.extend({ format: z.literal('backuplens.held/1') });

const header = keptFacts.extend({
  format: z.literal('backuplens.quarantine/1'),
  cipher: z.object({
    name: z.literal(CIPHER),
    /** Inert, not secret: the key stands beside the lock. */
    key: z.string().regex(/^[0-9a-f]{64}$/),
    iv: z.string().regex(/^[0-9a-f]{32}$/),
    zero_blocks: z.literal([0, ZERO_BLOCK_BYTES]),
  }),
});
export type ContainerHeader = z.infer<typeof header>;

/** Why a container is not what it should be. */
export class Damaged extends Error {}

/** The reasons as a header has room for them; the whole report stands beside the container. */
export function boundedReasons(reasons: readonly string[]): string[] {
  const kept = reasons.slice(0, MAX_REASONS).map((reason) => reason.slice(0, MAX_REASON_CHARACTERS));
  const left = reasons.length - kept.length;
  return left === 0 ? kept : [...kept, `and ${left} more: see the report`];
}

/** Everything before the content. */
export function encodeHeader(value: ContainerHeader): Buffer {
  const text = `${asciiJson(value, 1)}\n`;
  if (text.length > MAX_HEADER_BYTES) throw new RangeError('the header is too long');
  return Buffer.from(
    `${MAGIC}${VERSION}${String(text.length).padStart(LENGTH_DIGITS, '0')}\n${text}`,
    'ascii',
  );
}

export interface ContainerLayout {
  readonly header: ContainerHeader;
  /** Content is [contentStart, contentEnd); the digest follows. */
  readonly contentStart: number;
  readonly contentEnd: number;
}

/** Reads what stands before the content, and checks that the container is as long as it says. Throws Damaged. */
export async function readLayout(handle: FileHandle, expectedId: string): Promise<ContainerLayout> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new Damaged('it is not a regular file');
  const prefix = await readExactly(handle, PREFIX_BYTES, 0);
  const magic = prefix.toString('latin1', 0, MAGIC.length);
  if (magic !== MAGIC) throw new Damaged('it does not begin as a quarantine container');
  const version = prefix.toString('latin1', MAGIC.length, MAGIC.length + VERSION.length);
  if (version !== VERSION)
    throw new Damaged(`its format ${JSON.stringify(version.trim())} is not known here`);
  const digits = prefix.toString('latin1', MAGIC.length + VERSION.length);
  const length = /^\d{8}\n$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(length <= MAX_HEADER_BYTES)) throw new Damaged('the length of its header is wrong');
  const parsed = header.safeParse(parse(await readExactly(handle, length, PREFIX_BYTES)));
  if (!parsed.success) throw new Damaged(`its header is wrong: ${z.prettifyError(parsed.error)}`);
  if (parsed.data.id !== expectedId) throw new Damaged(`it says that its id is ${parsed.data.id}`);
  const contentStart = PREFIX_BYTES + length;
  const contentEnd = contentStart + parsed.data.size;
  if (stats.size !== contentEnd + DIGEST_BYTES) {
    throw new Damaged(`it has ${stats.size} bytes instead of ${contentEnd + DIGEST_BYTES}`);
  }
  return { header: parsed.data, contentStart, contentEnd };
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    // What JSON.parse says of it quotes the damaged text; the header as a whole is what cannot be used.
    throw new Damaged('its header is not JSON');
  }
}

/** Throws Damaged when the file ends before. */
export async function readExactly(handle: FileHandle, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Damaged('it is cut short');
    filled += bytesRead;
  }
  return bytes;
}
