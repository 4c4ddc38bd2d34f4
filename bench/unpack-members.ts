/**
 * `unpack-members FILE FORMAT…`: opens FILE as the formats from the outermost in, and hashes every member of
 * the innermost. The unpack room alone, as it is built and shipped, without engines; bench/unpack.ts measures it.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { FileSource, Scratch } from '../src/bytes/index.ts';
import {
  Budget,
  closeUnpackers,
  DEFAULT_LIMITS,
  openContainer,
  type MemberSink,
  type UnpackContext,
} from '../src/unpack/index.ts';

const [file = '', ...formats] = process.argv.slice(2);
let members = 0;
let bytes = 0;

function hashing(inner: readonly string[], depth: number, context: UnpackContext): MemberSink {
  return {
    async member({ name, size, content: stream }) {
      const [format, ...rest] = inner;
      if (format !== undefined) {
        const container = { format, name: String(name), depth, size, source: null, stream };
        await openContainer(container, hashing(rest, depth + 1, context), context);
        return;
      }
      const hash = createHash('sha256');
      for await (const chunk of stream) {
        hash.update(chunk);
        bytes += chunk.length;
      }
      hash.digest('hex');
      members++;
    },
    gap(reason, detail) {
      throw new Error(`${reason}: ${detail}`);
    },
    unsafe(rule) {
      throw new Error(rule);
    },
    measure() {},
  };
}

await using scratch = await Scratch.create(tmpdir());
await using handle = await open(file);
const source = new FileSource(handle, (await handle.stat()).size);
const budget = new Budget(DEFAULT_LIMITS, source.size);
const context = { budget, scratch, passwords: [], signal: new AbortController().signal };
const [outer = '', ...inner] = formats;
const container = {
  format: outer,
  name: file,
  depth: 0,
  size: source.size,
  source,
  stream: source.stream(),
};
await openContainer(container, hashing(inner, 1, context), context);
await closeUnpackers();
process.stdout.write(`${members} members, ${bytes} bytes\n`);
