import type { Profiler } from 'node:inspector';
import { describe, expect, test } from 'vitest';
import type { ScanStats } from '../../contracts/index.ts';
import { limitOf } from './limit.ts';
import { addSamples } from './sampler.ts';

const CODE = new URL('../../', import.meta.url).href;

/** A chain of calls, each by the one before; one sample of 2 ms in each. */
function chain(...frames: readonly (readonly [name: string, url: string])[]): Profiler.Profile {
  const nodes = frames.map(([functionName, url], at) => ({
    id: at + 1,
    callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
    ...(at + 1 < frames.length ? { children: [at + 2] } : {}),
  }));
  const samples = nodes.map(({ id }) => id);
  return { nodes, samples, timeDeltas: samples.map(() => 2000), startTime: 0, endTime: 0 };
}

function partsOf(profile: Profiler.Profile): Record<string, number> {
  const parts = new Map<string, number>();
  addSamples(profile, parts);
  return Object.fromEntries(parts);
}

describe('samples', () => {
  test('time belongs to the room that the code lies in, and what it calls to its caller', () => {
    const profile = chain(
      ['(root)', ''],
      ['run', `${CODE}pipeline/pass.ts`],
      ['write', `${CODE}analyze/entropy/analyzer.ts`],
      ['set', ''],
    );
    expect(partsOf(profile)).toEqual({ runtime: 2, other: 2, entropy: 4 });
  });

  test('hashing, the collector and idleness are told apart from who called them', () => {
    const pass = ['run', `${CODE}pipeline/pass.ts`] as const;
    expect(partsOf(chain(pass, ['update', '']))).toEqual({ other: 2, hash: 2 });
    expect(partsOf(chain(pass, ['(garbage collector)', '']))).toEqual({ other: 2, garbage: 2 });
    expect(partsOf(chain(['(idle)', '']))).toEqual({ idle: 2 });
  });

  test('the client of the yara-scanner counts as yara', () => {
    const undici = 'file:///x/node_modules/undici/lib/dispatcher/client.js';
    expect(partsOf(chain(['resume', undici], ['writev', '']))).toEqual({ yara: 4 });
  });
});

describe('what limits a scan', () => {
  const worker = { role: 'worker', wall_ms: 900, cpu_ms: 400, parts: null, idle_ms: 600 } as const;
  const work: ScanStats['work'] = {
    reads: 0,
    read_bytes: 0,
    hashed_bytes: 0,
    yara_read_bytes: 0,
    scratch_files: 0,
    messages: 0,
    examinations: {},
  };
  const stats = { wall_ms: 1000, cores: 2, cpu_ms: 400, processes: [worker], waits: {}, work };
  const limit = (more: Partial<Omit<ScanStats, 'limited_by'>>, startMs = 100): string =>
    limitOf({ ...stats, ...more }, startMs).what;

  test('starting, where half of the time passed before the first file', () => {
    expect(limit({}, 600)).toBe('start');
  });

  test('the processors, where all of them or the workers were busy', () => {
    expect(limit({ cpu_ms: 1900 })).toBe('cpu');
    expect(limit({ processes: [{ ...worker, idle_ms: 50 }] })).toBe('cpu');
  });

  test('an engine or the disk, where files waited for it longest', () => {
    const waits = { clamav: { times: 9, ms: 800 }, read: { times: 9, ms: 100 } };
    expect(limit({ waits })).toBe('clamav');
    expect(limit({ waits: { ...waits, read: { times: 9, ms: 900 } } })).toBe('disk');
  });
});
