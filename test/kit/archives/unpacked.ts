import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FileSource, MemorySource, type Scratch } from '../../../src/bytes/index.ts';
import type { GapReason } from '../../../src/domain/index.ts';
import {
  Budget,
  DEFAULT_LIMITS,
  openContainer,
  type BudgetLimits,
  type Container,
  type MemberSink,
} from '../../../src/unpack/index.ts';

/** Everything that was said about a container, and what came out of it. */
export interface Unpacked {
  readonly members: {
    readonly name: string;
    readonly size: number;
    readonly sha256: string;
    readonly text: string;
  }[];
  readonly gaps: { readonly reason: GapReason; readonly detail: string; readonly member: string | null }[];
  readonly unsafe: string[];
  readonly measured: Record<string, number>;
}

export interface Options {
  readonly limits?: Partial<BudgetLimits>;
  /** How deep it is nested; 0: the file that was given. */
  readonly depth?: number;
  readonly passwords?: readonly string[];
  readonly signal?: AbortSignal;
  readonly name?: string;
  /** What the members are, from the outermost in: each member of one level is opened as the next. */
  readonly inner?: readonly string[];
  /** Offer it as a stream, even if it could be read anywhere. */
  readonly streamed?: boolean;
  /** Leave every member after this many bytes. */
  readonly leaveAfter?: number;
}

/** Characters of a member that are kept as text. */
const KEPT = 4096;

/** Opens `bytes` (or the file at that path) as `format` and everything in it as `inner` says. */
export async function unpack(
  format: string,
  bytes: Buffer | string,
  scratch: Scratch,
  options: Options = {},
): Promise<Unpacked> {
  const handle = typeof bytes === 'string' ? await open(bytes) : null;
  try {
    const source =
      typeof bytes === 'string'
        ? new FileSource(handle!, (await handle!.stat()).size)
        : new MemorySource(bytes);
    const result: Unpacked = { members: [], gaps: [], unsafe: [], measured: {} };
    const budget = new Budget({ ...DEFAULT_LIMITS, ...options.limits }, source.size);
    const signal = options.signal ?? new AbortController().signal;
    const context = { budget, scratch, passwords: options.passwords ?? [], signal };
    const streamed = options.streamed === true;
    const container: Container = {
      format,
      name: options.name ?? 'container',
      depth: options.depth ?? 0,
      size: streamed ? null : source.size,
      source: streamed ? null : source,
      stream: source.stream(),
    };
    await openContainer(container, collect(result, options, context, options.inner ?? [], 0), context);
    return result;
  } finally {
    await handle?.close();
  }
}

function collect(
  result: Unpacked,
  options: Options,
  context: Parameters<typeof openContainer>[2],
  inner: readonly string[],
  depth: number,
): MemberSink {
  return {
    async member({ name, size, content, source = null }) {
      const label = asText(name);
      const [format, ...rest] = inner;
      // What a container says of itself, such as `(header)`, is not what its next level is in; a disk's parts are.
      if (format !== undefined && /^(?!\()|^\((?:disk|partition|snapshot|data after|archive)\b/.test(label)) {
        const stream = content;
        const nested: Container = { format, name: label, depth: depth + 1, size, source, stream };
        await openContainer(nested, collect(result, options, context, rest, depth + 1), context);
        return;
      }
      const hash = createHash('sha256');
      let length = 0;
      let text = '';
      try {
        for await (const chunk of content) {
          hash.update(chunk);
          if (text.length < KEPT) text += chunk.toString('latin1', 0, KEPT - text.length);
          length += chunk.length;
          if (options.leaveAfter !== undefined && length >= options.leaveAfter) break;
        }
      } finally {
        result.members.push({ name: label, size: length, sha256: hash.digest('hex'), text });
      }
    },
    gap(reason, detail, about = {}) {
      result.gaps.push({ reason, detail, member: about.member === undefined ? null : asText(about.member) });
    },
    unsafe(rule) {
      result.unsafe.push(rule);
    },
    measure(name, value) {
      result.measured[name] = (result.measured[name] ?? 0) + value;
    },
  };
}

function asText(name: Uint8Array | string): string {
  return typeof name === 'string' ? name : Buffer.from(name).toString('latin1');
}
