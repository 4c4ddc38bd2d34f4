import type { FileHandle } from 'node:fs/promises';
import type { Externals } from '../../analyze/yara/load-engine.ts';
import type { YaraScanReply } from '../../contracts/index.ts';
import { HttpError } from '../../http/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_WINDOW_BYTES, type FileWindow } from './engine-wire.ts';
import { bodyOf } from './scan-answers.ts';

const OVERLAP_BYTES = 1024 * 1024;
const MAX_STRINGS = 1000;
/** A file that changes, or rules that are reloaded, while it is scanned: once more from the beginning. */
const ATTEMPTS = 3;

type Match = YaraScanReply['matches'][number];

/** A file that the front has open: what the engines read is what was checked. */
export interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly about: Externals;
}

/** Scans all of a file, in overlapping windows where it is large. Throws what a window was answered with. */
export async function scanWhole(pool: EnginePool, file: OpenedFile): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const before = await file.handle.stat({ bigint: true });
    const body = await scanOnce(pool, file, before);
    const after = await file.handle.stat({ bigint: true });
    const same =
      before.size === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
    if (same && body !== null) return body;
    if (attempt < ATTEMPTS) continue;
    if (same) throw new HttpError(503, 'the rules changed again and again', 'busy');
    throw new HttpError(409, 'it changes while it is read', 'changed');
  }
}

/** null when not all of it was seen by the same rules. */
async function scanOnce(pool: EnginePool, file: OpenedFile, stat: Stat): Promise<Buffer | null> {
  const size = Number(stat.size);
  const scan = async (offset: number): Promise<{ body: Buffer; rules: string }> => {
    const length = Math.min(MAX_WINDOW_BYTES, size - offset);
    const answer = await pool.scanWindow(partOf(file, stat, offset, length));
    return { body: bodyOf(answer), rules: answer.ok ? answer.rules : '' };
  };
  const first = await scan(0);
  if (size <= MAX_WINDOW_BYTES) return first.body;
  const found = new Map<string, Match>();
  let omitted = 0;
  for (let offset = 0; ; offset += MAX_WINDOW_BYTES - OVERLAP_BYTES) {
    // The last window is as long as the others: a rule for small files must not take it for one.
    const start = Math.min(offset, size - MAX_WINDOW_BYTES);
    const { body, rules } = start === 0 ? first : await scan(start);
    if (rules !== first.rules) return null;
    const reply: YaraScanReply = JSON.parse(body.toString());
    omitted = Math.max(omitted, reply.match_count - reply.matches.length);
    for (const match of reply.matches) merge(found, match, start);
    if (start + MAX_WINDOW_BYTES >= size) break;
  }
  const matches = [...found.values()];
  return Buffer.from(JSON.stringify({ matches, match_count: matches.length + omitted }));
}

interface Stat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
}

/** A part of the file for an engine, which opens what the front has open where that can be named. */
export function partOf(
  { path, handle, about }: OpenedFile,
  { dev, ino, size }: Stat,
  offset: number,
  length: number,
): FileWindow {
  const from =
    process.platform === 'linux'
      ? { path: `/proc/${process.pid}/fd/${handle.fd}`, followLink: true }
      : { path, followLink: false };
  const identity = { dev: String(dev), ino: String(ino), size: Number(size) };
  return { ...from, offset, length, identity, about };
}

function merge(found: Map<string, Match>, match: Match, start: number): void {
  const strings = match.strings.map((string) => ({ ...string, offset: string.offset + start }));
  const key = JSON.stringify([match.namespace, match.rule]);
  const before = found.get(key);
  if (before === undefined) {
    found.set(key, { ...match, strings });
    return;
  }
  // The overlap was seen twice.
  const fresh = strings.filter(
    ({ id, offset }) => !before.strings.some((known) => known.id === id && known.offset === offset),
  );
  before.strings.push(...fresh.slice(0, Math.max(0, MAX_STRINGS - before.strings.length)));
}
