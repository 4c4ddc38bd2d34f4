import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analyzer } from '../src/analyze/analyzer.ts';
import {
  type ClamdAddress,
  type ClamdTimeouts,
  clamavAnalyzer,
  eicarTestString,
  findClamd,
  probeClamd,
} from '../src/analyze/clamav/index.ts';
import { type RealClamd, startClamd } from './kit/clamd/real.ts';
import { noise, piecesOf, streamThrough } from './kit/clamd/stream-through.ts';

const MIB = 1024 * 1024;
const MARKER = 'backuplens test marker, one of a kind';
const FOUND = 'BackupLens.Marker.UNOFFICIAL';

/** Noise with the marker at `at`. */
function marked(bytes: number, at: number): Buffer {
  const buffer = Buffer.from(noise(bytes));
  buffer.write(MARKER, at);
  return buffer;
}

function client(address: ClamdAddress, timeouts: Partial<ClamdTimeouts> = {}): Analyzer {
  return clamavAnalyzer({ address, timeouts });
}

const clean = (bytes: number) => ({
  claims: [],
  measurements: {},
  misses: [],
  inspected_bytes: bytes,
  windowed: false,
});

const infected = (bytes: number) => ({
  claims: [
    {
      kind: 'clamav_infected',
      rule: FOUND,
      detail: `ClamAV found ${FOUND}`,
      offset: null,
      evidence: { signature: FOUND },
    },
  ],
  measurements: {},
  misses: [],
  inspected_bytes: bytes,
  windowed: false,
});

describe('a real clamd', () => {
  let clamd: RealClamd;
  beforeAll(async () => {
    clamd = await startClamd({
      signatures: [
        { name: 'BackupLens.Marker', text: MARKER },
        { name: 'Eicar', text: eicarTestString().toString() },
      ],
      settings: { StreamMaxLength: '40M', MaxFileSize: '64M', MaxScanSize: '64M' },
    });
  });
  afterAll(() => clamd?.stop());

  for (const transport of ['tcp', 'unix'] as const) {
    describe(`over ${transport}`, () => {
      let analyzer: Analyzer;
      beforeAll(() => {
        analyzer = client(clamd[transport]);
      });
      afterAll(() => analyzer.close());

      it('finds what its database names, whatever the size and wherever it is', async () => {
        for (const size of [MARKER.length, 4096, MIB, MIB + 1, 3 * MIB + 17, 20_000_000]) {
          const bytes = marked(size, size - MARKER.length);
          expect(await streamThrough(analyzer, piecesOf(bytes))).toEqual(infected(size));
        }
      });

      it('finds what lies across our chunks', async () => {
        for (const at of [64 * 1024 - 10, 256 * 1024 - 10, MIB - 10, MIB + 300 - 10]) {
          const bytes = marked(2 * MIB, at);
          expect(await streamThrough(analyzer, piecesOf(bytes, 300_001))).toEqual(infected(bytes.length));
        }
      });

      it('calls clean what it does not name', async () => {
        for (const size of [0, 1, 4096, MIB, 20_000_000]) {
          expect(await streamThrough(analyzer, piecesOf(noise(size)), { size })).toEqual(clean(size));
        }
      });

      it('keeps 200 artifacts apart that are examined at the same time', async () => {
        const sizes = Array.from({ length: 200 }, (_, file) => 100 + ((file * 7919) % 300_000));
        const outcomes = await Promise.all(
          sizes.map((size, file) =>
            streamThrough(analyzer, piecesOf(file % 3 === 0 ? marked(size, 50) : noise(size, file + 1))),
          ),
        );
        sizes.forEach((size, file) =>
          expect(outcomes[file]).toEqual(file % 3 === 0 ? infected(size) : clean(size)),
        );
      });

      it('is proven by its canary', async () => {
        expect(await probeClamd(clamd[transport])).toEqual({
          state: {
            status: 'ok',
            version: expect.stringMatching(/^ClamAV \d+\.\d+\.\d+/),
            address: transport === 'tcp' ? `127.0.0.1:${clamd.tcp.port}` : `unix:${clamd.unix.path}`,
            database_time: null,
            signatures: null,
            detail: null,
            caveats: [],
          },
          canary: eicarTestString(),
          threads: 10,
        });
      });
    });
  }

  it('does not say how many signatures it has, nor whether its cache is safe: its files do', async () => {
    const { configFile } = clamd;
    expect((await findClamd([clamd.unix], { conf: configFile })).state).toMatchObject({
      status: 'ok',
      signatures: 2,
      caveats: [],
    });
    expect((await findClamd([clamd.unix])).state).toMatchObject({
      signatures: null,
      caveats: [expect.stringMatching(/MD5.*cannot be read from here/)],
    });
  });

  it('that is killed in the middle has failed, is then away, and is used again once it is back', async () => {
    const analyzer = client(clamd.unix, { refusal_pause_ms: 200 });
    const bytes = noise(20 * MIB);
    let sent = 0;
    async function* killing() {
      for (const piece of piecesOf(bytes)) {
        if (sent === 10 * MIB) await clamd.kill();
        sent += piece.length;
        yield piece;
      }
    }
    expect(await streamThrough(analyzer, [noise(10)])).toEqual(clean(10));
    expect(await streamThrough(analyzer, killing())).toMatchObject({
      inspected_bytes: 0,
      misses: [{ reason: 'engine_failed' }],
    });
    expect(await streamThrough(analyzer, [noise(10)])).toMatchObject({
      misses: [{ reason: 'engine_unavailable' }],
    });
    await clamd.start();
    await sleep(200);
    expect(await streamThrough(analyzer, [Buffer.from(MARKER)])).toEqual(infected(MARKER.length));
    await analyzer.close();
  });

  it('that is frozen costs one artifact its time-out; the next ones, small and large, a short question, until it thaws', async () => {
    const analyzer = clamavAnalyzer({
      address: clamd.unix,
      canary: eicarTestString(),
      timeouts: {
        reply_ms: 3_000,
        reply_ms_per_mib: 0,
        stall_ms: 3_000,
        life_ms: 500,
        hang_pause_ms: 60_000,
      },
    });
    const reasonsOf = async (bytes: number): Promise<(string | undefined)[]> =>
      (await streamThrough(analyzer, piecesOf(noise(bytes)))).misses.map(({ reason }) => reason);
    // A session, and a proof of the size that is asked for below.
    expect(await reasonsOf(2 * MIB)).toEqual([]);
    expect(await reasonsOf(10)).toEqual([]);
    process.kill(clamd.pid(), 'SIGSTOP');
    try {
      expect(await reasonsOf(10)).toEqual(['timed_out']);
      const begun = performance.now();
      for (const bytes of [10, 200_000, 2 * MIB, 30 * MIB, 10]) {
        expect(await reasonsOf(bytes)).toEqual(['engine_failed']);
      }
      expect(performance.now() - begun).toBeLessThan(3_000);
    } finally {
      process.kill(clamd.pid(), 'SIGCONT');
    }
    await analyzer.close();
    const after = client(clamd.unix);
    expect(await streamThrough(after, [Buffer.from(MARKER)])).toEqual(infected(MARKER.length));
    await after.close();
  });

  it('that is restarted between two artifacts is not noticed', async () => {
    const analyzer = client(clamd.tcp);
    expect(await streamThrough(analyzer, [noise(10)])).toEqual(clean(10));
    await clamd.start();
    expect(await streamThrough(analyzer, [Buffer.from(MARKER)])).toEqual(infected(MARKER.length));
    await analyzer.close();
  });
});

describe('a real clamd with narrow limits', () => {
  let clamd: RealClamd;
  const analyzers: Analyzer[] = [];
  beforeAll(async () => {
    clamd = await startClamd({
      signatures: [{ name: 'BackupLens.Marker', text: MARKER }],
      settings: {
        StreamMaxLength: '2M',
        MaxFileSize: '1536K',
        AlertExceedsMax: true,
        AlertEncrypted: true,
        ReadTimeout: 2,
        CommandReadTimeout: 2,
        IdleTimeout: 2,
      },
    });
    analyzers.push(client(clamd.tcp), client(clamd.unix));
  });
  afterAll(async () => {
    for (const analyzer of analyzers) await analyzer.close();
    await clamd?.stop();
  });

  it('says what it did not look at: a budget that is exceeded, no infection', async () => {
    for (const analyzer of analyzers) {
      expect(await streamThrough(analyzer, piecesOf(noise(MIB)))).toEqual(clean(MIB));
      // Of StreamMaxLength itself everything arrives; one byte more is cut.
      expect(await streamThrough(analyzer, piecesOf(noise(2 * MIB)))).toEqual({
        ...clean(0),
        measurements: { clamav_alert: 'Heuristics.Limits.Exceeded.MaxFileSize' },
        misses: [
          {
            reason: 'budget_exceeded',
            detail: 'clamd did not look at all of it: Heuristics.Limits.Exceeded.MaxFileSize',
            bytes: null,
          },
        ],
      });
    }
  });

  it('that cuts the stream at its limit is heard, however much more was sent', async () => {
    for (const analyzer of analyzers) {
      for (const size of [2 * MIB + 1, 2 * MIB + 300, 3 * MIB, 30 * MIB]) {
        for (const piece of [4096, 64 * 1024, 5 * MIB]) {
          const outcome = await streamThrough(analyzer, piecesOf(noise(size), piece));
          expect(outcome).toMatchObject({ inspected_bytes: 0, claims: [] });
          expect(outcome.misses).toEqual([
            { reason: 'budget_exceeded', detail: expect.stringContaining('StreamMaxLength'), bytes: size },
          ]);
        }
      }
    }
  });

  it('cannot look into an encrypted archive, and that is no infection', async () => {
    for (const analyzer of analyzers) {
      const zip = encryptedZip();
      expect(await streamThrough(analyzer, [zip])).toMatchObject({
        claims: [],
        misses: [{ reason: 'encrypted', bytes: null }],
        inspected_bytes: zip.length,
      });
    }
  });

  it('waits for a stream that rests for longer than its patience', async () => {
    const analyzer = client(clamd.unix, { drip_ms: 500 });
    const bytes = marked(MIB + 400_000, MIB + 300_000);
    async function* resting() {
      yield bytes.subarray(0, MIB + 1000);
      await sleep(5_000);
      yield bytes.subarray(MIB + 1000);
    }
    expect(await streamThrough(analyzer, resting())).toEqual(infected(bytes.length));
    await analyzer.close();
  });

  it('whose idle connections have timed out is asked over new ones', async () => {
    const analyzer = client(clamd.tcp, { idle_ms: 60_000 });
    expect(await streamThrough(analyzer, [Buffer.from(MARKER)])).toEqual(infected(MARKER.length));
    await sleep(4_000);
    expect(await streamThrough(analyzer, [Buffer.from(MARKER)])).toEqual(infected(MARKER.length));
    await analyzer.close();
  });

  it('is unproven without a canary that it knows, and found all the same', async () => {
    expect(await probeClamd(clamd.tcp)).toMatchObject({
      state: {
        status: 'unproven',
        detail: 'EICAR is not in its database: that it finds nothing proves nothing',
      },
      canary: null,
    });
    expect(await probeClamd(clamd.tcp, { canary: MARKER })).toMatchObject({
      state: { status: 'ok', detail: null },
      canary: Buffer.from(MARKER),
    });
  });

  it('that does not find what its database is said to name is blind', async () => {
    expect(await probeClamd(clamd.tcp, { canary: 'never seen before' })).toMatchObject({
      state: {
        status: 'failed',
        detail: 'it does not find "never seen before", which its database is said to name',
      },
    });
  });

  it('is found at the first address where one answers', async () => {
    expect(await findClamd([{ kind: 'unix', path: '/nowhere/clamd.ctl' }, clamd.unix])).toMatchObject({
      address: clamd.unix,
      state: { status: 'unproven' },
    });
  });
});

/** A zip with one stored member that claims to be encrypted (general purpose bit 0; APPNOTE 4.4.4). */
function encryptedZip(): Buffer {
  const name = Buffer.from('secret.txt');
  const data = noise(200);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(1, 2);
  fields.writeUInt32LE(0x1234_5678, 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length - 12, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, data]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
