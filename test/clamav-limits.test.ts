// needs: clamav-daemon
// What clamd does not say: where its limits are, that it has gone blind, that its signatures are old. Only a canary shows.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clamavAnalyzer, eicarTestString, type ClamavOptions } from '../src/analyze/clamav/index.ts';
import { startFakeClamd } from './kit/clamd/fake.ts';
import { type RealClamd, startClamd } from './kit/clamd/real.ts';
import { noise, piecesOf, streamThrough } from './kit/clamd/stream-through.ts';

const MIB = 1024 * 1024;
const MARKER = 'backuplens test marker, one of a kind';
const NAMES = [
  { name: 'BackupLens.Marker', text: MARKER },
  { name: 'Eicar', text: eicarTestString().toString() },
];
/** As Debian delivers clamd.conf (clamav-daemon 1.4): beyond them it says OK. */
const DEBIAN = { StreamMaxLength: '25M', MaxFileSize: '25M', MaxScanSize: '100M' };

/** `size` bytes of noise with the marker at `at`, made while they are read. */
function* marked(size: number, at: number): Generator<Buffer> {
  const block = noise(MIB);
  for (let start = 0; start < size; start += MIB) {
    const piece = Buffer.from(block.subarray(0, Math.min(MIB, size - start)));
    for (let i = 0; i < MARKER.length; i++) {
      const place = at + i - start;
      if (place >= 0 && place < piece.length) piece[place] = MARKER.charCodeAt(i);
    }
    yield piece;
  }
}

async function examine(
  address: ClamavOptions['address'],
  chunks: Iterable<Buffer>,
  { size = null, ...options }: Partial<ClamavOptions> & { readonly size?: number | null } = {},
) {
  const analyzer = clamavAnalyzer({ address, canary: eicarTestString(), ...options });
  const outcome = await streamThrough(analyzer, chunks, { size });
  await analyzer.close();
  return outcome;
}

const found = { claims: [{ kind: 'clamav_infected', rule: 'BackupLens.Marker.UNOFFICIAL' }], misses: [] };

describe('a clamd with limits as Debian delivers them', () => {
  let clamd: RealClamd;
  beforeAll(async () => {
    clamd = await startClamd({ signatures: NAMES, settings: DEBIAN });
  });
  afterAll(() => clamd?.stop());

  const BORDER = 25 * MIB;
  for (const size of [BORDER - 1, BORDER]) {
    it(`looks at ${size} bytes in one stream`, async () => {
      const outcome = await examine(clamd.unix, marked(size, size - MARKER.length), { size });
      expect(outcome).toMatchObject({ ...found, inspected_bytes: size, windowed: false });
    });
  }

  it('looks at more than its limit in windows, and the report says so', async () => {
    const analyzer = clamavAnalyzer({ address: clamd.tcp, canary: eicarTestString() });
    for (const [size, known] of [
      [BORDER + 1, BORDER + 1],
      [60 * MIB, null],
    ] as const) {
      const infected = await streamThrough(analyzer, marked(size, size - MARKER.length), { size: known });
      expect(infected).toMatchObject({ ...found, inspected_bytes: size, windowed: true });
      const clean = await streamThrough(analyzer, marked(size, size), { size: known });
      expect(clean).toMatchObject({ claims: [], misses: [], inspected_bytes: size, windowed: true });
    }
    await analyzer.close();
  });

  it('finds what lies across the border of two windows', async () => {
    const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString() });
    for (const at of [BORDER - MARKER.length + 1, BORDER - 10, BORDER - 1]) {
      const outcome = await streamThrough(analyzer, marked(30 * MIB, at), { size: 30 * MIB });
      expect(outcome).toMatchObject({ ...found, windowed: true });
    }
    await analyzer.close();
  });

  it('that takes longer streams than it looks at is not believed', async () => {
    // Without a canary this is "stream: OK" (FACTS: the signature lies beyond MaxFileSize).
    const liar = await startClamd({ signatures: NAMES, settings: { ...DEBIAN, StreamMaxLength: '200M' } });
    try {
      const size = 40 * MIB;
      const outcome = await examine(liar.unix, marked(size, size - MARKER.length), { size });
      expect(outcome).toMatchObject({ ...found, inspected_bytes: size, windowed: true });
    } finally {
      await liar.stop();
    }
  });
});

describe.each(['StreamMaxLength', 'MaxFileSize', 'MaxScanSize'] as const)(
  'a clamd whose %s is low',
  (setting) => {
    const WIDE = { StreamMaxLength: '100M', MaxFileSize: '100M', MaxScanSize: '400M' };

    it.each([
      [512 * 1024, false],
      [MIB, true],
      [2 * MIB, false],
    ])('(%i bytes, alerts: %s) misses nothing, up to it, at it and beyond it', async (limit, alerts) => {
      const clamd = await startClamd({
        signatures: NAMES,
        settings: { ...WIDE, [setting]: limit, AlertExceedsMax: alerts },
      });
      const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString() });
      try {
        for (const size of [limit - 1, limit, limit + 1, 2 * limit + 1]) {
          const clean = await streamThrough(analyzer, marked(size, size), { size });
          expect(clean, `${size} bytes`).toMatchObject({ claims: [], misses: [], inspected_bytes: size });
          // Whether its size is known or not.
          for (const known of [size, null]) {
            const infected = await streamThrough(analyzer, marked(size, size - MARKER.length), {
              size: known,
            });
            expect(infected, `${size} bytes`).toMatchObject({ ...found, inspected_bytes: size });
            expect(infected.windowed || size <= limit, `${size} bytes`).toBe(true);
          }
        }
      } finally {
        await analyzer.close();
        await clamd.stop();
      }
    });
  },
);

it('a clamd with wide limits is proven to look at all of a large artifact, in one stream', async () => {
  const clamd = await startClamd({
    signatures: NAMES,
    settings: { StreamMaxLength: '300M', MaxFileSize: '300M', MaxScanSize: '300M' },
  });
  try {
    const size = 60 * MIB;
    const outcome = await examine(clamd.unix, marked(size, size - MARKER.length), { size });
    expect(outcome).toMatchObject({ ...found, inspected_bytes: size, windowed: false });
  } finally {
    await clamd.stop();
  }
});

it('where the canary is only known at a beginning, nothing can be proven, and windows stay below all usual limits', async () => {
  const eicar = eicarTestString();
  const clamd = await startClamd({
    signatures: [NAMES[0] ?? { name: '', text: '' }, { name: 'Eicar', file: eicar }],
    settings: DEBIAN,
  });
  try {
    const size = 24 * MIB;
    const outcome = await examine(clamd.unix, marked(size, size - MARKER.length), { size });
    expect(outcome).toMatchObject({ ...found, windowed: true });
  } finally {
    await clamd.stop();
  }
});

it('what is proven once is not asked again', async () => {
  const clamd = await startFakeClamd({ canary: eicarTestString() });
  const analyzer = clamavAnalyzer({ address: clamd.address, canary: eicarTestString() });
  try {
    await streamThrough(analyzer, piecesOf(noise(2 * MIB)), { size: 2 * MIB });
    const asked = clamd.streams.length;
    await Promise.all(
      Array.from({ length: 3 }, () => streamThrough(analyzer, piecesOf(noise(20 * MIB)), { size: 20 * MIB })),
    );
    // A canary for each new connection and one artifact each: the proof of 25 MiB served the first artifact as well.
    const large = clamd.streams.slice(asked).filter(({ bytes }) => bytes > MIB);
    expect(large.map(({ bytes }) => bytes)).toEqual([20 * MIB, 20 * MIB, 20 * MIB]);
    expect(clamd.streams.filter(({ bytes }) => bytes === 25 * MIB)).toHaveLength(1);
  } finally {
    await analyzer.close();
    await clamd.stop();
  }
});

it('a clamd that no longer finds its canary has failed, and is believed again when it does', async () => {
  const clamd = await startClamd({ signatures: NAMES });
  const timeouts = { refusal_pause_ms: 0 };
  const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString(), timeouts });
  const hashes = join(clamd.databaseFolder, 'test.ndb');
  try {
    expect(await streamThrough(analyzer, [noise(10)])).toMatchObject({ misses: [], inspected_bytes: 10 });
    await rm(hashes);
    await writeFile(join(clamd.databaseFolder, 'other.hdb'), `${'0'.repeat(32)}:1:Nothing\n`);
    await clamd.start();
    expect(await streamThrough(analyzer, [noise(10)])).toMatchObject({
      misses: [{ reason: 'engine_failed', detail: expect.stringContaining('no longer finds the canary') }],
      inspected_bytes: 0,
    });
    const hex = eicarTestString().toString('hex');
    await writeFile(hashes, `Eicar:0:*:${hex}\n`);
    await clamd.start();
    expect(await streamThrough(analyzer, [noise(10)])).toMatchObject({ misses: [], inspected_bytes: 10 });
  } finally {
    await analyzer.close();
    await clamd.stop();
  }
});

it('old signatures count as an engine that is away, for whatever they find nothing in', async () => {
  const clamd = await startClamd({ signatures: NAMES });
  try {
    const stale = 'its signatures are 40 days old; at most 7 are accepted';
    expect(await examine(clamd.unix, [noise(10)], { stale })).toMatchObject({
      misses: [{ reason: 'engine_unavailable', detail: stale }],
      inspected_bytes: 10,
    });
    expect(await examine(clamd.unix, [Buffer.from(MARKER)], { stale })).toMatchObject(found);
  } finally {
    await clamd.stop();
  }
});

it('what clamd guesses is told apart from what its signatures name', async () => {
  const clamd = await startFakeClamd({
    canary: eicarTestString(),
    fault: { kind: 'says', reply: '%d: stream: Heuristics.Phishing.Email.SpoofedDomain FOUND\0' },
  });
  try {
    expect(await examine(clamd.address, [noise(10)])).toMatchObject({
      claims: [{ kind: 'clamav_heuristic', rule: 'Heuristics.Phishing.Email.SpoofedDomain' }],
      inspected_bytes: 10,
    });
  } finally {
    await clamd.stop();
  }
});
