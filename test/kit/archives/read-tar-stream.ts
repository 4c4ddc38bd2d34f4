// A program: reads the first so many bytes of a tar of 2 TB that is made on the way, hashes its members, prints figures.
// Arguments: bytes, and what the members hold (noise, zeros).
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { Scratch } from '../../../src/bytes/index.ts';
import { Budget, DEFAULT_LIMITS, openContainer, type MemberSink } from '../../../src/unpack/index.ts';
import { tarPieces } from './tar-stream.ts';

const MEMBER_BYTES = 64 * 2 ** 20;
const MEMBERS = (2 * 2 ** 40) / MEMBER_BYTES;

const wanted = Number(process.argv[2]);
const zeros = process.argv[3] === 'zeros';
let bytes = 0;
let early = 0;
let peak = 0;

const sink: MemberSink = {
  async member({ content }) {
    const hash = createHash('sha256');
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    hash.digest();
    const resident = process.memoryUsage.rss() / 2 ** 20;
    peak = Math.max(peak, resident);
    if (bytes < wanted / 10 || early === 0) early = peak;
  },
  gap(reason, detail) {
    throw new Error(`a gap: ${reason}: ${detail}`);
  },
  unsafe(rule) {
    throw new Error(`unsafe: ${rule}`);
  },
  measure() {},
};

async function* stream(): AsyncGenerator<Buffer, void, undefined> {
  for (const piece of tarPieces(MEMBERS, MEMBER_BYTES, zeros)) {
    if (bytes >= wanted) return;
    yield piece;
  }
}

const scratch = await Scratch.create(tmpdir());
const start = performance.now();
try {
  const limits = { ...DEFAULT_LIMITS, max_unpacked_bytes: Number.MAX_SAFE_INTEGER };
  const context = {
    budget: new Budget(limits),
    scratch,
    passwords: [],
    signal: new AbortController().signal,
  };
  const container = { format: 'tar', name: 'a.tar', depth: 0, size: null, source: null, stream: stream() };
  // It ends without an end mark, as only its beginning is read.
  await openContainer(container, { ...sink, gap: () => undefined }, context);
} finally {
  await scratch.remove();
}
console.log(JSON.stringify({ bytes, seconds: (performance.now() - start) / 1000, early, peak }));
