import { linkSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { seeded } from '../seeded.ts';
import {
  allFiles,
  infected,
  inStore,
  launchService,
  newInstallation,
  startService,
  type Installation,
} from '../pipeline-service.ts';
import { filesBelow, sha256, whereabouts, type Place } from '../whereabouts.ts';

export interface CrashOptions {
  readonly files: number;
  readonly kills: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}

/** What one content must have come to. */
interface Expected {
  readonly hash: string;
  readonly name: string;
  /** Names under which it was put: as many places it must be in. */
  readonly names: number;
  readonly infected: boolean;
}

export interface CrashResult {
  readonly files: number;
  readonly kills: number;
  /** Kills before the service said that it watches. */
  readonly early: number;
  readonly places: Readonly<Record<Place['kind'], number>>;
  readonly journal_records: number;
  /** Everything that is not as it must be, one line each. */
  readonly wrong: readonly string[];
}

const DRAIN_MS = 20 * 60_000;

/**
 * Puts files of all kinds into a watched folder while the service is killed (SIGKILL) and started again at seeded random
 * moments; then lets it finish, and accounts for every content that was ever put there.
 */
export async function crashRun({ files, kills, seed, tell }: CrashOptions): Promise<CrashResult> {
  const at = newInstallation();
  const env = { ...at.env, APPROVED_DIR: at.approved, LOG_LEVEL: 'info', SCAN_INTERVAL_MS: '100' };
  const next = seeded(seed);
  const world = new World(at, next);
  let early = 0;
  try {
    world.put(Math.ceil(files / 4));
    for (let kill = 0; kill < kills; kill++) {
      const service = launchService(env);
      // Every fifth falls somewhere into the start; the others while it works.
      if (kill % 5 === 4) await sleep(next() * 2500);
      else {
        await service.until(() => service.said('watching').length > 0, `start ${kill}`);
        await sleep(next() * 1500);
      }
      if (service.said('watching').length === 0) early++;
      await service.kill();
      const wrong = service.log.filter(({ level }) => level === 'error');
      if (wrong.length > 0) tell(`kill ${kill}: ${JSON.stringify(wrong[0])}`);
      if (world.count < files) world.put(Math.min(files - world.count, Math.ceil((0.75 * files) / kills)));
      world.overwriteOne();
      if (kill % 20 === 19) tell(`${kill + 1} kills, ${world.count} files put`);
    }
    if (world.count < files) world.put(files - world.count);
    await drain(env, at);
    return await account(at, world, { kills, early });
  } finally {
    at.remove();
  }
}

/** Files as somebody drops them, and what has to become of each content. */
class World {
  readonly #at: Installation;
  readonly #next: () => number;
  readonly expected: Expected[] = [];
  readonly trash: string;
  readonly #paths: string[] = [];
  count = 0;

  constructor(at: Installation, next: () => number) {
    this.#at = at;
    this.#next = next;
    this.trash = join(at.root, 'trash');
    mkdirSync(this.trash);
  }

  put(files: number): void {
    for (let made = 0; made < files; made++) this.#putOne(this.count++);
  }

  #putOne(number: number): void {
    const kind = number % 10;
    const isInfected = kind === 1 || kind === 4 || kind === 8;
    const text = isInfected ? infected(`number ${number}`) : `harmless, number ${number}`;
    // Two of one name in folders of their own, nested folders, and the folder itself.
    const folder = ['', 'a/', 'b/', 'deep/er/still/'][number % 4] ?? '';
    const name = `${folder}${kind === 2 || kind === 3 ? `same-${Math.floor(number / 10)}` : `file-${number}`}`;
    const content =
      kind === 4 || kind === 5
        ? gzipSync(text)
        : kind === 6
          ? Buffer.concat([
              Buffer.alloc(2_000_000 + Math.floor(this.#next() * 4_000_000), `${text} `),
              Buffer.from(text),
            ])
          : Buffer.from(text);
    this.#place(name, content, isInfected);
    if (kind === 7) {
      const other = join(this.#at.incoming, `${folder}hard-link-${number}`);
      linkSync(join(this.#at.incoming, name), other);
      this.#again(content);
    }
  }

  /** Tonight's file over yesterday's: what it takes away goes to the trash, if it is still there to be taken. */
  overwriteOne(): void {
    const path = this.#paths[Math.floor(this.#next() * this.#paths.length)];
    if (path === undefined) return;
    const content = Buffer.from(`the next one, ${this.expected.length} ${this.#next()}`);
    const draft = join(this.#at.root, 'draft');
    writeFileSync(draft, content);
    try {
      renameSync(path, join(this.trash, String(this.expected.length)));
    } catch {
      // The service has taken it already.
    }
    mkdirSync(dirname(path), { recursive: true });
    renameSync(draft, path);
    this.expected.push({ hash: sha256(content), name: path, names: 1, infected: false });
  }

  #place(name: string, content: Buffer, isInfected: boolean): void {
    const path = this.#at.put(name, content);
    this.#paths.push(path);
    this.expected.push({ hash: sha256(content), name, names: 1, infected: isInfected });
  }

  #again(content: Buffer): void {
    const last = this.expected.pop();
    if (last !== undefined) this.expected.push({ ...last, hash: sha256(content), names: 2 });
  }
}

/** Lets the service come to the end of its work; what it then has not dealt with, it never would have. */
async function drain(env: Readonly<Record<string, string>>, at: Installation): Promise<void> {
  const service = await startService(env);
  const deadline = performance.now() + DRAIN_MS;
  let quiet = performance.now();
  let last = -1;
  for (;;) {
    await sleep(500);
    const counts = await inStore(at, async (store) => store.counts());
    const open = OPEN.reduce((sum, state) => sum + counts.files[state], 0) + counts.unfinished_dispositions;
    if (open === 0 && (await forgotten(at)).length === 0) break;
    if (counts.journal_records !== last) quiet = performance.now();
    last = counts.journal_records;
    if (performance.now() > deadline || performance.now() - quiet > STANDSTILL_MS) break;
  }
  const lost = await service.metric('backuplens_files_lost_total');
  const code = await service.stop();
  if (code !== 0) throw new Error(`it ended with ${code}\n${service.stderr()}`);
  if (lost !== 0) throw new Error(`${lost} files lost`);
}

/** Files in the watched folder that are not there because the store says so. */
async function forgotten(at: Installation): Promise<string[]> {
  const rows = await allFiles(at);
  const inPlace = rows.filter(
    ({ state, location }) => ['held', 'in_place'].includes(state) && location === null,
  );
  const known = new Set(inPlace.map(({ path }) => Buffer.from(path).toString()));
  return filesBelow(at.incoming).filter((path) => !known.has(path));
}

const OPEN = ['waiting', 'scanning', 'decided', 'disposition_pending', 'provisional'] as const;
/** Nothing happened for so long, and it is not done. */
const STANDSTILL_MS = 60_000;
const ENDED = ['quarantined', 'held', 'released', 'in_place', 'superseded', 'gone'];
const DISPOSED = ['quarantined', 'held', 'released', 'left_in_place'];

async function account(
  at: Installation,
  world: World,
  { kills, early }: { readonly kills: number; readonly early: number },
): Promise<CrashResult> {
  const wrong: string[] = [];
  const found = whereabouts(at, world.trash);
  const places = { incoming: 0, claimed: 0, approved: 0, review: 0, quarantine: 0, trash: 0 };
  for (const { kind } of [...found.values()].flat()) places[kind]++;
  for (const { hash, name, names, infected: isInfected } of world.expected) {
    const where = found.get(hash) ?? [];
    found.delete(hash);
    const words = where.map(({ kind, path }) => `${kind} ${path}`).join(', ');
    if (where.length !== names) wrong.push(`${name}: in ${where.length} places, not ${names}: ${words}`);
    const bad = where.filter(({ kind }) => kind === 'claimed' || (isInfected && kind === 'approved'));
    if (bad.length > 0) wrong.push(`${name}: ${words}`);
  }
  for (const [hash, where] of found) wrong.push(`nobody put ${hash} there: ${where[0]?.path}`);

  const rows = await allFiles(at);
  for (const path of await forgotten(at)) {
    const known = rows.filter((row) => Buffer.from(row.path).toString() === path);
    const words = known.map(({ id, state, detail }) => `${id} ${state} ${detail ?? ''}`).join(', ');
    wrong.push(`${path} is forgotten in the watched folder: ${words}`);
  }
  for (const { id, state, path } of rows) {
    if (!ENDED.includes(state)) wrong.push(`${id} (${Buffer.from(path).toString()}) ends as ${state}`);
  }
  return inStore(at, async (store) => {
    const disposals = new Map<string, number>();
    let after = 0;
    for (;;) {
      const records = await store.journal.read({ after, limit: 1000 });
      for (const { action, file } of records) {
        if (file !== null && DISPOSED.includes(action)) disposals.set(file, (disposals.get(file) ?? 0) + 1);
      }
      after = records.at(-1)?.seq ?? after;
      if (records.length < 1000) break;
    }
    for (const [file, times] of disposals)
      if (times > 1) wrong.push(`${file} was disposed of ${times} times`);
    const check = await store.journal.verify();
    if (check.broken !== null)
      wrong.push(`the journal breaks at ${check.broken.seq}: ${check.broken.reason}`);
    return { files: world.expected.length, kills, early, places, journal_records: check.records, wrong };
  });
}
