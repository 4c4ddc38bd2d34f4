import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Analyzer, Miss } from '../analyze/index.ts';
import { FileSource, MemorySource, Scratch } from '../bytes/index.ts';
import { DEFAULT_LIMITS } from '../domain/index.ts';
import { tarOf } from '../../test/kit/trees.ts';
import { Identifier } from '../identify/index.ts';
import { Budget } from '../unpack/index.ts';
import { AskedBefore } from './asked-before.ts';
import { examineTree } from './examine.ts';
import type { Feed } from './held.ts';
import { Ledger } from './ledger.ts';

let folder: string;
let scratch: Scratch;
let identifier: Identifier;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examine-'));
  scratch = await Scratch.create(folder);
  identifier = await Identifier.create();
});
afterAll(async () => {
  await scratch.remove();
  await rm(folder, { recursive: true });
});

/** Writes down the trail and hash of everything that goes past it. */
class Recorder implements Analyzer {
  readonly id = 'recorder';
  readonly version = '1';
  readonly seen = new Map<string, string>();
  open = 0;
  mostOpen = 0;
  examine: Analyzer['examine'] = ({ artifact }) => {
    const hash = createHash('sha256');
    let bytes = 0;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    return {
      write: async (chunk) => {
        await Promise.resolve();
        hash.update(chunk);
        bytes += chunk.length;
      },
      end: async () => {
        this.open--;
        this.seen.set(artifact.trail.join(' › '), hash.digest('hex'));
        return { claims: [], measurements: {}, misses: [], inspected_bytes: bytes, windowed: false };
      },
      abort: () => {
        this.open--;
      },
    };
  };
  async close(): Promise<void> {}
}

async function examine(
  name: string,
  feed: Feed,
): Promise<{ recorder: Recorder; ledger: Ledger; sha256: string | null }> {
  const recorder = new Recorder();
  const ledger = new Ledger(name);
  const examined = await examineTree([name], feed, {
    identifier,
    analyzers: [recorder],
    budget: new Budget(DEFAULT_LIMITS),
    scratch,
    passwords: [],
    ledger,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  return { recorder, ledger, sha256: examined.sha256 };
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const held = (bytes: Buffer): Feed => {
  const source = new MemorySource(bytes);
  return { source, stream: source.stream() };
};
const streamed = (bytes: Buffer): Feed => ({
  source: null,
  stream: (async function* () {
    for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
  })(),
});

/** Counts the bytes that are read. */
class CountingSource extends FileSource {
  read = 0;
  override async readAt(target: Uint8Array, position: number): Promise<number> {
    const got = await super.readAt(target, position);
    this.read += got;
    return got;
  }
}

test('everything goes past every analyzer once, with its trail, however it is nested and fed', async () => {
  const small = Buffer.from('hello');
  const large = randomBytes(3_000_000);
  const inner = gzipSync(await tarOf({ 'deep.bin': large, 'note.txt': small }));
  const outer = await tarOf({ 'a.txt': small, 'inner.tar.gz': inner });
  const expected = new Map([
    ['b.tar', sha(outer)],
    ['b.tar › a.txt', sha(small)],
    ['b.tar › inner.tar.gz', sha(inner)],
    ['b.tar › inner.tar.gz › inner.tar', expect.any(String)],
    ['b.tar › inner.tar.gz › inner.tar › deep.bin', sha(large)],
    ['b.tar › inner.tar.gz › inner.tar › note.txt', sha(small)],
  ]);
  for (const feed of [held(outer), streamed(outer)]) {
    const { recorder, sha256 } = await examine('b.tar', feed);
    expect(recorder.seen).toEqual(expected);
    expect(sha256).toBe(sha(outer));
    expect(recorder.open).toBe(0);
  }
});

test('a large file that is no container is read once, and its tail once more to identify it', async () => {
  const bytes = randomBytes(5_000_000);
  const path = join(folder, 'large');
  await writeFile(path, bytes);
  const handle = await open(path);
  const source = new CountingSource(handle, bytes.length);
  const { sha256 } = await examine('large', { source, stream: source.stream() });
  expect(sha256).toBe(sha(bytes));
  expect(source.read).toBeLessThanOrEqual(bytes.length + 128 * 1024);
  await handle.close();
});

test('a stream that breaks off is examined as far as it came, and the reason is thrown', async () => {
  const broken = new Error('the pipe broke');
  const bytes = Buffer.alloc(200_000, 'x');
  const feed: Feed = {
    source: null,
    stream: (async function* () {
      yield bytes;
      throw broken;
    })(),
  };
  const recorder = new Recorder();
  const ledger = new Ledger('s');
  const tree = {
    identifier,
    analyzers: [recorder],
    budget: new Budget(DEFAULT_LIMITS),
    scratch,
    passwords: [],
    ledger,
  };
  const run = examineTree(['s'], feed, {
    ...tree,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  await expect(run).rejects.toBe(broken);
  expect(recorder.seen.get('s')).toBe(sha(bytes));
});

test('a damaged member is examined as far as it came and costs no other member its examination', async () => {
  const whole = gzipSync(randomBytes(100_000));
  const bytes = await tarOf({ 'cut.gz': whole.subarray(0, 60_000), 'after.txt': Buffer.from('still here') });
  const { recorder, ledger } = await examine('t.tar', held(bytes));
  expect([...recorder.seen.keys()]).toContain('t.tar › after.txt');
  expect([...recorder.seen.keys()]).toContain('t.tar › cut.gz › cut');
  const { gaps } = ledger.close({ id: 0, parent: null, trail: ['t.tar'] });
  expect(gaps.map(({ reason, trail }) => [reason, ...trail])).toContainEqual(['corrupt', 't.tar', 'cut.gz']);
});

test('an aborted tree lets go of every analyzer at once', async () => {
  const controller = new AbortController();
  const recorder = new Recorder();
  const endless: Feed = {
    source: null,
    stream: (async function* () {
      for (let sent = 0; ; sent += 100_000) {
        if (sent > 3_000_000) controller.abort(new Error('enough'));
        yield Buffer.alloc(100_000);
      }
    })(),
  };
  const tree = {
    identifier,
    analyzers: [recorder],
    budget: new Budget(DEFAULT_LIMITS),
    scratch,
    passwords: [],
  };
  const run = examineTree(['e'], endless, {
    ...tree,
    ledger: new Ledger('e'),
    signal: controller.signal,
    progress: () => undefined,
  });
  await expect(run).rejects.toThrow('enough');
  expect(recorder.open).toBe(0);
});

test('a zip behind a large file that only streams past is a gap, never silence', async () => {
  // Nothing opens a font.
  const program = Buffer.concat([
    Buffer.from('OTTO\0\x0c\0\x80\0\x03\0\x40GDEF', 'latin1'),
    Buffer.alloc(2_000_000, 0x90),
  ]);
  const zip = Buffer.from('504b0506' + '00'.repeat(18), 'hex');
  const bytes = await tarOf({ 'installer.run': Buffer.concat([program, zip]) });
  const { ledger } = await examine('t.tar', streamed(bytes));
  const { gaps } = ledger.close({ id: 0, parent: null, trail: ['t.tar'] });
  expect(gaps.map(({ reason, by, trail }) => [reason, by, ...trail])).toEqual([
    ['unsupported_format', 'zip', 't.tar', 'installer.run'],
  ]);
});

/** Misses something of the root, and nothing of what is in it. */
const missing = (miss: Miss): Analyzer => ({
  id: 'limited',
  version: '1',
  examine: ({ artifact }) => ({
    write: () => undefined,
    end: async () => ({
      claims: [],
      measurements: {},
      misses: artifact.parent === null ? [miss] : [],
      inspected_bytes: 0,
      windowed: false,
    }),
    abort: () => undefined,
  }),
  close: async () => undefined,
});

test('only a limit in bytes is made good by examining the members: other misses of a container stay gaps', async () => {
  const bytes = await tarOf({ 'a.txt': Buffer.from('a') });
  const gapsOf = async (miss: Miss): Promise<string[]> => {
    const ledger = new Ledger('t.tar');
    const tree = {
      identifier,
      analyzers: [missing(miss)],
      budget: new Budget(DEFAULT_LIMITS),
      scratch,
      passwords: [],
    };
    const signal = new AbortController().signal;
    await examineTree(['t.tar'], held(bytes), { ...tree, ledger, signal, progress: () => undefined });
    return ledger.close({ id: 0, parent: null, trail: ['t.tar'] }).gaps.map(({ detail }) => detail);
  };
  expect(await gapsOf({ reason: 'budget_exceeded', detail: 'over the size limit', bytes: null })).toEqual([]);
  expect(await gapsOf({ reason: 'budget_exceeded', detail: '5 more rules matched', bytes: 0 })).toEqual([
    '5 more rules matched',
  ]);
});

test('an engine that has judged the same bytes before is handed none of them; of other bytes its word is a gap', async () => {
  const bytes = randomBytes(3 * 1024 * 1024);
  const said = { claims: [], measurements: {}, misses: [], inspected_bytes: bytes.length, windowed: false };
  for (const [of, reasons] of [
    [sha(bytes), []],
    [sha(Buffer.from('something else')), ['changed']],
  ] as const) {
    const recorder = new Recorder();
    const engine = Object.assign(recorder, { beside: () => '' });
    const before = new AskedBefore(
      (message) => {
        if (message.type === 'ask')
          before.hear(
            message.id,
            message.asked.map(({ sha256 }) => (sha256 === of ? said : null)),
          );
      },
      { recorder: { judge: 'one', beside: false } },
    );
    const ledger = new Ledger('large');
    const tree = {
      identifier,
      analyzers: [engine],
      budget: new Budget(DEFAULT_LIMITS),
      scratch,
      passwords: [],
      ledger,
      before,
      signal: new AbortController().signal,
      progress: () => undefined,
    };
    const path = join(folder, 'large');
    await writeFile(path, bytes);
    const handle = await open(path);
    const source = new FileSource(handle, bytes.length);
    await examineTree(['large'], { source, stream: source.stream() }, tree, of);
    await handle.close();
    expect(recorder.seen).toEqual(new Map());
    const { gaps, work } = ledger.close({ id: 0, parent: null, trail: ['large'] });
    expect(gaps.filter(({ by }) => by === 'recorder').map(({ reason }) => reason)).toEqual(reasons);
    expect(work?.known ?? {}).toEqual(reasons.length === 0 ? { recorder: 1 } : {});
  }
});
