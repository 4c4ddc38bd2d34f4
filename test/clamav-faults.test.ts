import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Analyzer, Outcome } from '../src/analyze/analyzer.ts';
import {
  type ClamdAddress,
  type ClamdTimeouts,
  clamavAnalyzer,
  findClamd,
  parseClamdAddress,
  probeClamd,
} from '../src/analyze/clamav/index.ts';
import { Pressure } from '../src/analyze/clamav/pressure.ts';
import { type FakeClamd, type Fault, startFakeClamd } from './kit/clamd/fake.ts';
import { freePort } from './kit/clamd/real.ts';
import { noise, piecesOf, streamThrough, subjectOf } from './kit/clamd/stream-through.ts';

const MIB = 1024 * 1024;
const SMALL = noise(4096);
const LARGE = noise(8 * MIB);
/** Short, so that a fault that is waited out shows. */
const SHORT: ClamdTimeouts = {
  connect_ms: 400,
  stall_ms: 300,
  reply_ms: 500,
  reply_ms_per_mib: 0,
  cut_reply_ms: 300,
  drip_ms: 100,
  idle_ms: 2_000,
  refusal_pause_ms: 300,
  life_ms: 300,
  hang_pause_ms: 400,
};
/** No fault here takes longer than the deadlines above one after the other, and a slow machine's share. */
const NEVER_LONGER_MS = 3_000;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function fake(fault: Fault, unix = false): Promise<FakeClamd> {
  const clamd = await startFakeClamd({ fault, unix });
  closers.unshift(() => clamd.stop());
  return clamd;
}

function client(address: ClamdAddress, timeouts: Partial<ClamdTimeouts> = {}): Analyzer {
  const analyzer = clamavAnalyzer({ address, timeouts: { ...SHORT, ...timeouts } });
  closers.unshift(() => analyzer.close());
  return analyzer;
}

async function timed(analyzer: Analyzer, bytes: Buffer, size: number | null = null): Promise<Outcome> {
  const begun = performance.now();
  const outcome = await streamThrough(analyzer, piecesOf(bytes), { size });
  expect(performance.now() - begun).toBeLessThan(NEVER_LONGER_MS);
  return outcome;
}

/** The one reason why nothing was inspected. */
function reasonOf(outcome: Outcome): string | undefined {
  expect(outcome.claims).toEqual([]);
  expect(outcome.misses).toHaveLength(1);
  expect(outcome.inspected_bytes).toBe(0);
  return outcome.misses[0]?.reason;
}

const clean = (bytes: number): Outcome => ({
  claims: [],
  measurements: {},
  misses: [],
  inspected_bytes: bytes,
  windowed: false,
});

const odd: Record<string, string | Buffer> = {
  'a banner of another protocol': 'SSH-2.0-OpenSSH_9.6\r\n',
  'noise that holds no NUL': Buffer.from(noise(300).map((byte) => byte | 1)),
  'noise that ends in a NUL': Buffer.concat([
    Buffer.from(noise(300).map((byte) => byte | 1)),
    Buffer.alloc(1),
  ]),
  'a verdict without its number': 'stream: OK\0',
  'a verdict with the number of another request': '7: stream: OK\0',
  'an infection with the number of another request': '7: stream: Evil FOUND\0',
  'two verdicts': '%d: stream: OK\0%d: stream: Evil FOUND\0',
  'a verdict in newline framing': '%d: stream: OK\n',
  'a verdict and something behind it': '%d: stream: OK, really\0',
  'an infection without a name': '%d: stream:  FOUND\0',
  'several lines': '%d: stream: Evil FOUND\nstream: Worse FOUND\0',
  'nothing but a NUL': '\0',
  'half a verdict': '%d: stream: O',
};

describe('a clamd that is away or broken', () => {
  for (const [name, bytes] of [
    ['small', SMALL],
    ['large', LARGE],
  ] as const) {
    describe(`and a ${name} artifact`, () => {
      it('is unavailable when its port refuses', async () => {
        const analyzer = client({ kind: 'tcp', host: '127.0.0.1', port: await freePort() });
        const outcome = await timed(analyzer, bytes);
        expect(reasonOf(outcome)).toBe('engine_unavailable');
        expect(outcome.misses[0]?.detail).toMatch(/connection refused$/);
      });

      it('is unavailable when there is no such socket', async () => {
        const outcome = await timed(client(parseClamdAddress('unix:/nowhere/clamd.ctl')), bytes);
        expect(reasonOf(outcome)).toBe('engine_unavailable');
      });

      it('is timed out when it takes everything and never answers', async () => {
        const clamd = await fake({ kind: 'silent' });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('timed_out');
      });

      it('has failed when it closes in the middle', async () => {
        const clamd = await fake({ kind: 'closes', afterBytes: bytes.length / 2 });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('engine_failed');
      });

      it('has failed when it resets in the middle', async () => {
        const clamd = await fake({ kind: 'closes', afterBytes: bytes.length / 2, reset: true });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('engine_failed');
      });

      it('has failed when it closes instead of answering', async () => {
        const clamd = await fake({ kind: 'closes_at_end' });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('engine_failed');
      });

      it('has a budget that is exceeded when it cuts at its size limit, over both transports', async () => {
        for (const unix of [false, true]) {
          const clamd = await fake({ kind: 'size_limit', bytes: bytes.length / 4 }, unix);
          const outcome = await timed(client(clamd.address), bytes);
          expect(reasonOf(outcome)).toBe('budget_exceeded');
          expect(outcome.misses[0]?.bytes).toBe(bytes.length);
        }
      });

      for (const [what, reply] of Object.entries(odd)) {
        it(`is not believed when it answers ${what}`, async () => {
          const clamd = await fake({ kind: 'says', reply, close: what === 'half a verdict' });
          const analyzer = client(clamd.address);
          const reason = reasonOf(await timed(analyzer, bytes));
          expect(reason).toMatch(/^(engine_failed|timed_out)$/);
          // What is said in a session of many is about none of them in particular: it was asked again, alone.
          const asked = bytes === SMALL && reason === 'engine_failed' ? 2 : 1;
          expect(clamd.connections).toBe(asked);
          clamd.setFault({ kind: 'none' });
          expect(await timed(analyzer, bytes)).toEqual(clean(bytes.length));
          // After an answer that did not come one question comes first.
          expect(clamd.connections).toBe(asked + (reason === 'timed_out' ? 2 : 1));
        });
      }

      it('has failed when its reply has no end', async () => {
        const clamd = await fake({ kind: 'says', reply: Buffer.alloc(5 * MIB, 'A') });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('engine_failed');
      });

      it('is understood when it answers byte by byte within the deadline', async () => {
        const clamd = await fake({ kind: 'says_slowly', reply: '%d: stream: Slow FOUND\0', pauseMs: 5 });
        const outcome = await timed(client(clamd.address, { reply_ms: 2_000 }), bytes);
        expect(outcome.claims[0]?.rule).toBe('Slow');
      });

      it('is timed out when it answers byte by byte past the deadline', async () => {
        const clamd = await fake({ kind: 'says_slowly', reply: '%d: stream: Slow FOUND\0', pauseMs: 100 });
        expect(reasonOf(await timed(client(clamd.address), bytes))).toBe('timed_out');
      });

      it('has failed when it reports an error', async () => {
        const clamd = await fake({
          kind: 'says',
          reply: '%d: Error creating temporary file. ERROR\0',
          close: true,
        });
        const outcome = await timed(client(clamd.address), bytes);
        expect(reasonOf(outcome)).toBe('engine_failed');
        expect(outcome.misses[0]?.detail).toContain('Error creating temporary file');
      });
    });
  }

  it('is never believed when it closes, after whichever byte of the exchange', async () => {
    const bytes = noise(20);
    // zIDSESSION, zINSTREAM, a length, the bytes, the length of nothing.
    const exchange = 11 + 10 + 4 + bytes.length + 4;
    for (let received = 0; received <= exchange; received++) {
      const clamd = await startFakeClamd({ fault: { kind: 'closes_after', received } });
      const analyzer = clamavAnalyzer({ address: clamd.address, timeouts: SHORT });
      const reason = reasonOf(await timed(analyzer, bytes));
      expect({ received, reason }).toEqual({ received, reason: 'engine_failed' });
      await analyzer.close();
      await clamd.stop();
    }
  });

  it('is never believed when it closes, after whichever byte of its answer but the last', async () => {
    const answers = ['1: stream: OK\0', '1: stream: Evil FOUND\0', '1: Something broke. ERROR\0'];
    for (const whole of answers) {
      for (let length = 0; length < whole.length; length++) {
        const clamd = await startFakeClamd({
          fault: { kind: 'says', reply: whole.slice(0, length), close: true },
        });
        const analyzer = clamavAnalyzer({ address: clamd.address, timeouts: SHORT });
        const answer = whole.slice(0, length);
        const reason = reasonOf(await timed(analyzer, SMALL));
        expect({ answer, reason }).toEqual({ answer, reason: 'engine_failed' });
        await analyzer.close();
        await clamd.stop();
      }
    }
  });

  it('whose answer comes too late does not answer for the artifact after it', async () => {
    const clamd = await fake({ kind: 'says_late', reply: '%d: stream: Evil FOUND\0', pauseMs: 250 });
    const analyzer = client(clamd.address, { reply_ms: 100 });
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('timed_out');
    clamd.setFault({ kind: 'none' });
    expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
    await sleep(300);
    expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
  });

  it.each(['%d: stream: Evil FOUND\0', '2: stream: Evil FOUND\0', 'x'])(
    'that says %j unasked is asked the next time over a new connection',
    async (reply) => {
      const clamd = await fake({ kind: 'says_more', reply, pauseMs: 30 });
      const analyzer = client(clamd.address);
      expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
      clamd.setFault({ kind: 'none' });
      await until(() => clamd.open === 0);
      expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
      expect(clamd.connections).toBe(2);
    },
  );

  it('has failed when it says OK before it has seen everything', async () => {
    const clamd = await fake({ kind: 'says_early', afterBytes: 1, reply: '%d: stream: OK\0' });
    expect(reasonOf(await timed(client(clamd.address), LARGE))).toBe('engine_failed');
  });

  it('has failed when it stops reading', async () => {
    const clamd = await fake({ kind: 'deaf' }, true);
    expect(reasonOf(await timed(client(clamd.address), LARGE))).toBe('engine_failed');
    expect(reasonOf(await timed(client(clamd.address), noise(MIB)))).toBe('engine_failed');
  });

  it('is left alone for a while after a refusal, then tried by one', async () => {
    const port = await freePort();
    const analyzer = client({ kind: 'tcp', host: '127.0.0.1', port }, { refusal_pause_ms: 60_000 });
    const begun = performance.now();
    for (let file = 0; file < 5_000; file++) await streamThrough(analyzer, [SMALL]);
    expect(performance.now() - begun).toBeLessThan(NEVER_LONGER_MS);
  });

  it('is used again when it is back', async () => {
    const clamd = await fake({ kind: 'none' });
    const { address } = clamd;
    await clamd.stop();
    const analyzer = client(address);
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('engine_unavailable');
    const again = await startFakeClamd({ at: address });
    closers.push(() => again.stop());
    // The pause has not passed: nobody tries.
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('engine_unavailable');
    expect(again.connections).toBe(0);
    await sleep(SHORT.refusal_pause_ms);
    expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
  });

  it('that hangs costs one artifact its time-out, those after it next to nothing, and no hang is taken for an absence', async () => {
    const clamd = await fake({ kind: 'silent' });
    const analyzer = client(clamd.address, { hang_pause_ms: 60_000 });
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('timed_out');
    const begun = performance.now();
    for (let file = 0; file < 1_000; file++) {
      expect((await streamThrough(analyzer, [SMALL])).misses[0]?.reason).toBe('engine_failed');
    }
    const large = await timed(analyzer, LARGE);
    expect(reasonOf(large)).toBe('engine_failed');
    expect(large.misses[0]?.detail).toContain('left an artifact unanswered, and does not answer PING within');
    expect(performance.now() - begun).toBeLessThan(NEVER_LONGER_MS);
    // The artifact, and one question.
    expect(clamd.connections).toBe(2);
  });

  it('that answers again after a hang is believed at once: one question, and everything goes on', async () => {
    const clamd = await fake({ kind: 'silent' });
    const analyzer = client(clamd.address, { hang_pause_ms: 100 });
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('timed_out');
    clamd.setFault({ kind: 'none' });
    expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
    clamd.setFault({ kind: 'silent' });
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('timed_out');
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('engine_failed');
    clamd.setFault({ kind: 'none' });
    await until(async () => (await timed(analyzer, SMALL)).misses.length === 0);
  });

  it('that hangs on one artifact only goes on with the others', async () => {
    const clamd = await fake({ kind: 'says_nothing_to', bytes: SMALL.length });
    const analyzer = client(clamd.address);
    for (let file = 0; file < 3; file++) {
      expect(reasonOf(await timed(analyzer, SMALL))).toBe('timed_out');
      expect(await timed(analyzer, noise(100))).toEqual(clean(100));
    }
  });

  it('is not called absent when it went away with the artifact in hand', async () => {
    const clamd = await fake({ kind: 'none' });
    const analyzer = client(clamd.address);
    expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
    clamd.setFault({ kind: 'closes_at_end' });
    clamd.refuse();
    expect(reasonOf(await timed(analyzer, SMALL))).toBe('engine_failed');
  });
});

describe('connections', () => {
  it('are used again, one after the other', async () => {
    const clamd = await fake({ kind: 'none' });
    const analyzer = client(clamd.address);
    for (let file = 0; file < 50; file++) expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
    expect(clamd.connections).toBe(1);
  });

  it('that clamd closed while they were idle are replaced silently', async () => {
    const clamd = await fake({ kind: 'closes_when_idle' });
    const analyzer = client(clamd.address);
    for (let file = 0; file < 50; file++) expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
  });

  it('whose session timed out at clamd are replaced silently', async () => {
    const clamd = await fake({ kind: 'session_times_out' });
    const analyzer = client(clamd.address);
    for (let file = 0; file < 10; file++) expect(await timed(analyzer, SMALL)).toEqual(clean(SMALL.length));
    expect(clamd.connections).toBe(10);
  });

  it('never block each other: nested artifacts stream at the same time', async () => {
    const clamd = await fake({ kind: 'none' });
    const analyzer = client(clamd.address);
    const depth = 40;
    const open = Array.from({ length: depth }, () => analyzer.examine(subjectOf(LARGE, null)));
    for (const examination of open) await examination?.write(LARGE.subarray(0, 2 * MIB));
    expect(clamd.connections).toBe(depth);
    for (const examination of open.toReversed())
      expect((await examination?.end())?.inspected_bytes).toBe(2 * MIB);
    await until(() => clamd.open === 4);
  });

  it('carry many small artifacts at a time, whose answers come in any order', async () => {
    const clamd = await fake({ kind: 'says_in_reverse', together: 20 });
    const analyzer = client(clamd.address);
    const all = Array.from({ length: 20 }, async (_, file) => timed(analyzer, noise(100 + file, file + 1)));
    for (const [file, outcome] of (await Promise.all(all)).entries()) {
      const { claims, inspected_bytes } = outcome;
      expect(inspected_bytes).toBe(100 + file);
      // That clamd finds what has an odd length.
      expect(claims.map(({ rule }) => rule)).toEqual(file % 2 === 1 ? [`Length.${100 + file}`] : []);
    }
    expect(clamd.connections).toBe(1);
  });

  it('that break with many small artifacts in them leave none without a verdict of its own', async () => {
    const faults: readonly Fault[] = [
      { kind: 'closes_at_end' },
      { kind: 'says', reply: 'nonsense\0' },
      { kind: 'says', reply: '999: stream: OK\0' },
      { kind: 'says', reply: '%d: stream: OK\0%d: stream: OK\0' },
    ];
    for (const fault of faults) {
      const clamd = await fake(fault);
      const analyzer = client(clamd.address);
      const all = Array.from({ length: 20 }, async (_, file) => timed(analyzer, noise(4096, file + 1)));
      await until(() => clamd.streams.length > 0);
      clamd.setFault({ kind: 'none' });
      for (const outcome of await Promise.all(all)) {
        const reason = outcome.misses[0]?.reason ?? 'examined';
        expect(['examined', 'engine_failed']).toContain(reason);
        expect(outcome.inspected_bytes).toBe(reason === 'examined' ? 4096 : 0);
      }
      // Those that were asked again were asked whole.
      const expected = Array.from({ length: 20 }, (_, file) => sha256Of(noise(4096, file + 1)));
      for (const { sha256 } of clamd.streams) expect(expected).toContain(sha256);
    }
  });

  it('cost no artifact more than its own deadline when one of many is never answered', async () => {
    const clamd = await fake({ kind: 'says_nothing_to', bytes: 105 });
    const analyzer = client(clamd.address);
    const all = Array.from({ length: 20 }, async (_, file) => timed(analyzer, noise(100 + file, file + 1)));
    for (const [file, outcome] of (await Promise.all(all)).entries()) {
      expect(outcome.misses.map(({ reason }) => reason)).toEqual(file === 5 ? ['timed_out'] : []);
    }
  });

  it('are let go of when they idle, and on close', async () => {
    const clamd = await fake({ kind: 'none' });
    await timed(client(clamd.address, { idle_ms: 50 }), SMALL);
    await until(() => clamd.open === 0);
    const analyzer = client(clamd.address);
    await timed(analyzer, SMALL);
    expect(clamd.open).toBe(1);
    await analyzer.close();
    await until(() => clamd.open === 0);
  });

  it('end with a miss when the analyzer is closed, the scan stopped or the artifact given up', async () => {
    const clamd = await fake({ kind: 'silent' });
    const analyzer = client(clamd.address, { reply_ms: 60_000 });
    const stop = new AbortController();
    const stopped = streamThrough(analyzer, [SMALL], { signal: stop.signal });
    const large = streamThrough(analyzer, piecesOf(LARGE));
    const abandoned = analyzer.examine(subjectOf(LARGE, null));
    await abandoned?.write(LARGE);
    await until(() => clamd.streams.length === 2 && clamd.open === 3);
    stop.abort();
    expect(reasonOf(await stopped)).toBe('timed_out');
    abandoned?.abort();
    await until(() => clamd.open === 1);
    await analyzer.close();
    expect(reasonOf(await large)).toBe('engine_failed');
    await until(() => clamd.open === 0);
  });
});

describe('the load', () => {
  const SLOW = { kind: 'says_late', reply: '%d: stream: OK\0', pauseMs: 20 } as const;

  async function scanned(threads: number | null, sizes: readonly number[]) {
    const clamd = await fake(SLOW);
    const analyzer = clamavAnalyzer({ address: clamd.address, threads });
    closers.unshift(() => analyzer.close());
    const outcomes = await Promise.all(sizes.map((size) => streamThrough(analyzer, piecesOf(noise(size)))));
    expect(outcomes).toEqual(sizes.map((size) => clean(size)));
    return clamd.mostJudged;
  }

  it('follows the number of threads that clamd has, for small and for large artifacts', async () => {
    const sizes = Array.from({ length: 40 }, (_, n) => (n % 4 === 0 ? MIB + 100 + n : 100 + n));
    expect(await scanned(3, sizes)).toBe(3);
    expect(await scanned(1, sizes.slice(0, 8))).toBe(1);
    expect(await scanned(null, sizes)).toBeGreaterThan(10);
  });

  it('falls to one stream at a time while others fill the queue of clamd, and rises again', async () => {
    const clamd = await startFakeClamd({ threads: 8 });
    closers.unshift(() => clamd.stop());
    const pressure = new Pressure(clamd.address, 8, { doubtMs: 10, askEveryMs: 10 });
    const never = new AbortController().signal;
    const judged: (() => void)[] = [];
    clamd.setQueue(5);
    const all = Array.from({ length: 20 }, () =>
      pressure.inTurn(never, () => new Promise<void>((resolve) => judged.push(resolve))),
    );
    await until(() => judged.length === 8 && clamd.statsAsked > 1);
    for (const answered of judged.slice(0, 8)) answered();
    await until(() => judged.length > 8);
    const asked = clamd.statsAsked;
    await until(() => clamd.statsAsked > asked + 1);
    expect(judged).toHaveLength(9);
    clamd.setQueue(0);
    await until(() => judged.length === 16);
    for (const answered of judged.slice(8, 16)) answered();
    await until(() => judged.length === 20);
    for (const answered of judged.slice(16)) answered();
    await Promise.all(all);
  });

  it.each([
    ['others fill its queue', 'says_nothing_to', 5, 'and 5 streams waited in its queue'],
    ['it hangs on one stream', 'says_nothing_to', 0, 'and no stream waited in its queue'],
    ['it says nothing at all', 'silent', 0, 'STATS was not answered either'],
  ] as const)('is named with an answer that is missing: %s', async (_what, kind, queue, words) => {
    const fault: Fault = kind === 'silent' ? { kind } : { kind, bytes: SMALL.length };
    const clamd = await startFakeClamd({ fault, threads: 8 });
    closers.unshift(() => clamd.stop());
    clamd.setQueue(queue);
    // STATS is asked for after two seconds.
    const analyzer = client(clamd.address, { reply_ms: 4_000 });
    const outcome = await streamThrough(analyzer, [SMALL]);
    expect(reasonOf(outcome)).toBe('timed_out');
    expect(outcome.misses[0]?.detail).toContain(words);
  });

  it('waiting for a turn ends with the scan', async () => {
    const clamd = await fake({ kind: 'silent' });
    const analyzer = clamavAnalyzer({ address: clamd.address, threads: 1 });
    closers.unshift(() => analyzer.close());
    const stop = new AbortController();
    const outcomes = [SMALL, SMALL, noise(2 * MIB)].map((bytes) =>
      streamThrough(analyzer, piecesOf(bytes), { signal: stop.signal }),
    );
    await until(() => clamd.streams.length === 1);
    stop.abort();
    for (const outcome of outcomes) expect(reasonOf(await outcome)).toBe('timed_out');
  });
});

describe('every byte', () => {
  for (const size of [
    1,
    255,
    256,
    257,
    65_535,
    65_536,
    65_537,
    MIB - 1,
    MIB,
    MIB + 1,
    MIB + 256,
    5 * MIB + 7,
  ]) {
    it(`arrives once and in order: ${size} bytes in chunks of odd sizes`, async () => {
      const clamd = await fake({ kind: 'none' });
      const analyzer = client(clamd.address);
      const bytes = noise(size, size);
      const sha256 = sha256Of(bytes);
      for (const known of [null, size, 0, 3 * MIB]) {
        for (const chunk of [777, 65_537, 300_001, 2 * MIB + 1].filter((length) => size / length < 2_000)) {
          const outcome = await streamThrough(analyzer, piecesOf(bytes, chunk), { size: known });
          expect(outcome).toEqual(clean(size));
          expect(clamd.streams.at(-1)).toMatchObject({ bytes: size, sha256 });
        }
      }
    });
  }

  it('of a stream that rests is kept in order, and the stream is kept alive', async () => {
    const clamd = await fake({ kind: 'none' });
    const analyzer = client(clamd.address, { drip_ms: 10 });
    const bytes = noise(3 * MIB);
    async function* resting() {
      let sent = 0;
      for (const piece of piecesOf(bytes, 400_000)) {
        yield piece;
        sent += piece.length;
        const before = clamd.drips;
        // Up to 1 MiB nothing is sent yet.
        if (sent > MIB) await until(() => clamd.drips > before + 1);
      }
    }
    expect(await streamThrough(analyzer, resting())).toEqual(clean(bytes.length));
    const [stream] = clamd.streams;
    expect(stream?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('of nothing is nothing: an empty artifact is not sent', async () => {
    const clamd = await fake({ kind: 'none' });
    expect(await timed(client(clamd.address), Buffer.alloc(0))).toEqual(clean(0));
    expect(clamd.connections).toBe(0);
  });

  it('waits for a slow clamd: the producer is held back and memory stays flat', async () => {
    const clamd = await fake({ kind: 'deaf' }, true);
    const analyzer = client(clamd.address, { stall_ms: 1_500 });
    const examination = analyzer.examine(subjectOf(LARGE, null));
    let taken = 0;
    const feeding = (async () => {
      for (const piece of piecesOf(LARGE)) {
        await examination?.write(piece);
        taken += piece.length;
      }
    })();
    await sleep(300);
    expect(taken).toBeLessThan(4 * MIB);
    await feeding;
    expect((await examination?.end())?.misses[0]?.reason).toBe('engine_failed');
  });
});

describe('hostile names', () => {
  it('come as text of at most 1 KiB and a hash, whatever their bytes', async () => {
    const long = `Evil.${'x'.repeat(5_000)}`;
    const clamd = await fake({ kind: 'says', reply: `%d: stream: ${long} FOUND\0` });
    const analyzer = client(clamd.address);
    const rule = (await timed(analyzer, SMALL)).claims[0]?.rule ?? '';
    expect(Buffer.byteLength(rule)).toBeLessThanOrEqual(1024);
    expect(rule).toMatch(/^Evil\.x+…\[5005 bytes, sha256 [0-9a-f]{16}\]$/);
    clamd.setFault({ kind: 'says', reply: '%d: stream: \x1b[2J\xff FOUND FOUND\0' });
    expect((await timed(analyzer, SMALL)).claims[0]).toEqual({
      kind: 'clamav_infected',
      rule: '\x1b[2J\\xFF FOUND',
      detail: 'ClamAV found \x1b[2J\\xFF FOUND',
      offset: null,
      evidence: { signature: '\x1b[2J\\xFF FOUND' },
    });
  });
});

describe('probing', () => {
  it('calls a port that refuses unavailable', async () => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: await freePort() } as const;
    expect(await probeClamd(address)).toMatchObject({
      state: { status: 'unavailable', detail: 'connection refused' },
    });
  });

  for (const [what, fault] of Object.entries<Fault>({
    'never answers': { kind: 'silent' },
    'is deaf': { kind: 'deaf' },
    'answers garbage': { kind: 'says', reply: 'HTTP/1.1 400 Bad Request\r\n\r\n', close: true },
    'answers without end': { kind: 'says', reply: Buffer.alloc(MIB, 'A') },
    'answers with another number': { kind: 'says', reply: '9: PONG\0' },
  })) {
    it(`calls one failed that ${what}, within its deadline`, async () => {
      const clamd = await fake(fault);
      const begun = performance.now();
      expect(await probeClamd(clamd.address, { deadline_ms: 500 })).toMatchObject({
        state: { status: 'failed' },
      });
      expect(performance.now() - begun).toBeLessThan(NEVER_LONGER_MS);
    });
  }

  it('does not believe one that says OK to all, and reads its database time', async () => {
    const clamd = await fake({ kind: 'none' });
    expect((await probeClamd(clamd.address)).state).toEqual({
      status: 'unproven',
      version: 'ClamAV 9.9.9/12345/Sun Mar  2 08:30:00 2025',
      address: `127.0.0.1:${clamd.address.kind === 'tcp' ? clamd.address.port : ''}`,
      database_time: '2025-03-02T08:30:00Z',
      detail: 'EICAR is not in its database: that it finds nothing proves nothing',
      signatures: null,
      caveats: [],
    });
  });

  it('learns how many streams clamd scans at a time, and does without where it does not say', async () => {
    const telling = await startFakeClamd({ threads: 7 });
    closers.unshift(() => telling.stop());
    expect((await probeClamd(telling.address)).threads).toBe(7);
    expect((await probeClamd((await fake({ kind: 'none' })).address)).threads).toBeNull();
  });

  it('takes the first clamd that is not away, and otherwise says what was tried', async () => {
    const clamd = await fake({ kind: 'none' }, true);
    const gone = { kind: 'tcp', host: '127.0.0.1', port: await freePort() } as const;
    expect(await findClamd([gone, clamd.address])).toMatchObject({
      address: clamd.address,
      state: { status: 'unproven' },
    });
    const nowhere = parseClamdAddress('/nowhere/clamd.ctl');
    const { address, state } = await findClamd([gone, nowhere]);
    expect(address).toEqual(gone);
    expect(state.status).toBe('unavailable');
    expect(state.detail).toMatch(/connection refused; unix:\/nowhere\/clamd\.ctl: there is no such socket/);
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + NEVER_LONGER_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await sleep(5);
  }
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
