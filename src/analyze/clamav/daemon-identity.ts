import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readAtMost } from '../../bytes/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { askClamd } from './ask.ts';
import { findClamdConf, type ClamdConf } from './clamd-conf.ts';

/** What a clamd judges by, as far as it can be seen from outside. */
export interface DaemonIdentity {
  /** Another one: what it said before may be something else now. */
  readonly id: string;
  /** Its signatures and its settings are part of that; otherwise only what it says of itself, which is not enough (ATTACKS A6). */
  readonly whole: boolean;
}

/** In ms since 1970. */
export interface WhenSeen {
  readonly now: number;
  /** When these files were first seen at a time at which it had to look for them; now, if that is the first time. */
  readonly seenSince: (id: string) => number;
}

const ANSWER_MS = 5000;
const MAX_CONF_BYTES = 1024 * 1024;
/** The official database takes about 0.4 GB; three times that of others beside it is more than clamd loads. */
const MAX_FILES = 1000;
const MAX_BYTES = 2 * 1024 ** 3;
/** What freshclam keeps there for itself. */
const NOT_SIGNATURES = /^(freshclam|mirrors)\.dat$|^tmp\b|\.tmp$|^\./;
/** clamd.conf(5): SelfCheck. */
const SELF_CHECK_S = 600;
/** What loading may take once it has noticed. */
const LOADING_MS = 120_000;
const MAX_PID_FILE_BYTES = 64;
const CHUNK_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;

/**
 * Null: not known now. It does not answer; or its files have changed, and nothing proves yet that it has loaded them: what it
 * says now may still come from those before.
 */
export async function daemonIdentity(
  address: ClamdAddress,
  given: string | null,
  { now, seenSince }: WhenSeen,
): Promise<DaemonIdentity | null> {
  const said = await askClamd(address, 'VERSION', ANSWER_MS);
  if (said.failed !== null) return null;
  const conf = await findClamdConf(address, given);
  const seen = conf === null ? null : await seenBy(conf).catch(() => null);
  const parts = [describeAddress(address), said.text];
  if (conf === null || seen === null) return { id: hashOf(parts), whole: false };
  const id = hashOf([...parts, seen.conf, seen.database]);
  return (await hasLoaded(conf, seen, { now, seenSince: () => seenSince(id) })) ? { id, whole: true } : null;
}

interface Seen {
  readonly conf: string;
  readonly database: string;
  /** When they last changed, in ms since 1970. */
  readonly confChanged: number;
  readonly databaseChanged: number;
}

async function seenBy(conf: ClamdConf): Promise<Seen | null> {
  const text = await readAtMost(conf.path, MAX_CONF_BYTES);
  const { ctimeMs } = await stat(conf.path);
  const folder = conf.value('DatabaseDirectory');
  const database = folder === null ? null : await digestOf(folder);
  if (database === null) return null;
  return {
    conf: createHash('sha256').update(text).digest('hex'),
    database: database.sha256,
    confChanged: ctimeMs,
    databaseChanged: database.changed,
  };
}

/** Of a file, until its metadata change: a service asks every few seconds. */
const hashed = new Map<string, { readonly stamp: string; readonly sha256: string }>();

/** Over the contents of all that is there; null: more than a database is. Throws where it cannot be read. */
async function digestOf(folder: string): Promise<{ sha256: string; changed: number } | null> {
  const names = (await readdir(folder)).filter((name) => !NOT_SIGNATURES.test(name)).toSorted();
  if (names.length > MAX_FILES) return null;
  const parts: string[] = [];
  // Removing a file changes the folder only.
  let { ctimeMs: changed } = await stat(folder);
  let bytes = 0;
  for (const name of names) {
    const path = join(folder, name);
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) continue;
    const { size, mtimeNs, ctimeNs, ino } = stats;
    bytes += Number(size);
    if (bytes > MAX_BYTES) return null;
    const stamp = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    const known = hashed.get(path);
    const sha256 = known?.stamp === stamp ? known.sha256 : await hashFile(path);
    if (hashed.size >= MAX_FILES) hashed.clear();
    hashed.set(path, { stamp, sha256 });
    parts.push(name, sha256);
    changed = Math.max(changed, Number(ctimeNs / 1_000_000n) + 1);
  }
  return { sha256: hashOf(parts), changed };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await using handle = await open(path);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, bytesRead));
  }
}

/**
 * It was started after the last change of its files. Or it had to look for changes when it was asked something, which it does when
 * it has not for so long, and time enough has passed since to load them: until then, others are still scanned with the old ones.
 */
async function hasLoaded(
  conf: ClamdConf,
  { confChanged, databaseChanged }: Seen,
  { now, seenSince }: { readonly now: number; readonly seenSince: () => number },
): Promise<boolean> {
  const started = await startOf(conf.value('PidFile'));
  if (started !== null && started > Math.max(confChanged, databaseChanged)) return true;
  const [, seconds = String(SELF_CHECK_S)] = /^(\d{1,7})$/.exec(conf.value('SelfCheck') ?? '') ?? [];
  const looksEvery = Number(seconds) * 1000;
  // It reads its settings only when it starts; whoever changes them restarts it within a day.
  if (looksEvery === 0 || now - databaseChanged <= looksEvery || now - confChanged <= DAY_MS) return false;
  return now - seenSince() > LOADING_MS;
}

/** When the process was started that has written this file (before it loads anything); null: nobody knows. */
async function startOf(pidFile: string | null): Promise<number | null> {
  if (pidFile === null) return null;
  try {
    const { mtimeMs } = await stat(pidFile);
    const pid = (await readAtMost(pidFile, MAX_PID_FILE_BYTES)).toString('latin1').trim();
    if (!/^\d{1,10}$/.test(pid)) return null;
    const name = (await readAtMost(`/proc/${pid}/comm`, MAX_PID_FILE_BYTES)).toString('latin1');
    return name.startsWith('clamd') ? mtimeMs : null;
  } catch {
    return null; // Not there, not for us, or no longer running.
  }
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
