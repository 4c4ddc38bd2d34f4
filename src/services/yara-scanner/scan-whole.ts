import type { YaraScanReply } from '../../contracts/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_WINDOW_BYTES, type FileIdentity } from './engine-wire.ts';
import { bodyOf } from './scan-answers.ts';

const OVERLAP_BYTES = 1024 * 1024;
const MAX_STRINGS = 1000;

type Match = YaraScanReply['matches'][number];

/** Scans all of a file, in overlapping windows where it is large. Throws what a window was answered with. */
export async function scanWhole(pool: EnginePool, path: string, identity: FileIdentity): Promise<Buffer> {
  const { size } = identity;
  const scan = async (offset: number): Promise<Buffer> => {
    const length = Math.min(MAX_WINDOW_BYTES, size - offset);
    return bodyOf(await pool.scanWindow({ path, offset, length, identity, followLink: false }));
  };
  if (size <= MAX_WINDOW_BYTES) return scan(0);
  const found = new Map<string, Match>();
  let omitted = 0;
  for (let offset = 0; ; offset += MAX_WINDOW_BYTES - OVERLAP_BYTES) {
    // The last window is as long as the others: a rule for small files must not take it for one.
    const start = Math.min(offset, size - MAX_WINDOW_BYTES);
    const reply: YaraScanReply = JSON.parse((await scan(start)).toString());
    omitted = Math.max(omitted, reply.match_count - reply.matches.length);
    for (const match of reply.matches) merge(found, match, start);
    if (start + MAX_WINDOW_BYTES >= size) break;
  }
  const matches = [...found.values()];
  return Buffer.from(JSON.stringify({ matches, match_count: matches.length + omitted }));
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
