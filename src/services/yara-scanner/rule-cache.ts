import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  unlink,
  utimes,
  type FileHandle,
} from 'node:fs/promises';
import { join, sep } from 'node:path';
import { EXTERNALS } from '../../analyze/yara/load-engine.ts';
import { inWords } from '../../domain/index.ts';
import { readWhole } from '../../bytes/index.ts';
import type { CompiledRules } from './compiler.ts';
import { MAX_SET_BYTES, type Prepared } from './engine-wire.ts';
import type { RuleSources } from './rule-files.ts';

/** Raised with every change of the file's layout, or of what is compiled from the same sources. */
const FORMAT = 'backuplens-rules/1\n';
const HMAC_BYTES = 32;
const KEY_BYTES = 32;
/** Sets that are kept, newest first: some services share a folder, and rules go back and forth. */
const KEPT = 6;
const MAX_FILE_BYTES = MAX_SET_BYTES + 64 * 1024 * 1024;
const NAME = /^[0-9a-f]{64}\.rules$/;

export type Cached =
  | { readonly state: 'found'; readonly compiled: CompiledRules }
  | { readonly state: 'none' }
  /** There is one, and it is not what we wrote. */
  | { readonly state: 'damaged'; readonly why: string };

/**
 * Compiled rules on disk. The engine trusts its own format blindly: a set that somebody else wrote or that has rotted
 * is memory corruption (ATTACKS C7). So each is authenticated, with a key that only our user can read, before anybody
 * looks at it.
 */
export class RuleCache {
  readonly #folder: string;
  readonly #key: Buffer;

  private constructor(folder: string, key: Buffer) {
    this.#folder = folder;
    this.#key = key;
  }

  /** Makes the folder and its key where there are none. Throws an Error that says why the folder is not used. */
  static async open(folder: string, rulesDirs: readonly string[]): Promise<RuleCache> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const real = await realpath(folder);
      const stat = await lstat(real);
      if (stat.uid !== process.geteuid?.() || (stat.mode & 0o077) !== 0) {
        throw new Error('it has to be our own, with mode 0700');
      }
      for (const dir of rulesDirs) {
        const rules = await realpath(dir).catch(() => null);
        if (rules !== null && (real === rules || real.startsWith(rules + sep))) {
          throw new Error('it lies inside of the rules');
        }
      }
      return new RuleCache(real, await ownKey(join(real, 'key')));
    } catch (cause) {
      throw new Error(`the cache folder is not used: ${inWords(cause)}`, { cause });
    }
  }

  /** `inputs` are all that the compiled set depends on; see `keyOf`. */
  async find(id: string): Promise<Cached> {
    const path = join(this.#folder, `${id}.rules`);
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return missing ? { state: 'none' } : { state: 'damaged', why: inWords(error) };
    }
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > MAX_FILE_BYTES)
        return { state: 'damaged', why: 'not a file of ours' };
      const bytes = await readWhole(handle, MAX_FILE_BYTES);
      const content = bytes.subarray(FORMAT.length + HMAC_BYTES);
      const authentic =
        bytes.length > FORMAT.length + HMAC_BYTES + 4 &&
        bytes.subarray(0, FORMAT.length).equals(Buffer.from(FORMAT)) &&
        timingSafeEqual(bytes.subarray(FORMAT.length, FORMAT.length + HMAC_BYTES), this.#seal(id, content));
      if (!authentic) return { state: 'damaged', why: 'its seal does not fit its content' };
      const setAt = 4 + content.readUInt32LE(0);
      const { engine, version, report }: Prepared = JSON.parse(content.toString('utf8', 4, setAt));
      // Found again, so wanted: it is among the last to go.
      await utimes(path, new Date(), new Date()).catch(() => {});
      return { state: 'found', compiled: { engine, version, report, set: content.subarray(setAt) } };
    } finally {
      await handle.close();
    }
  }

  /** Throws what the file system throws; then there is none. */
  async keep(id: string, { engine, version, report, set }: CompiledRules): Promise<void> {
    const prepared: Prepared = { engine, version, report };
    const about = Buffer.from(JSON.stringify(prepared));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(about.length);
    const content = Buffer.concat([length, about, set]);
    const path = join(this.#folder, `${id}.rules`);
    const temporary = `${path}.${randomBytes(6).toString('hex')}`;
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(Buffer.concat([Buffer.from(FORMAT), this.#seal(id, content), content]));
      await handle.sync();
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await this.#sweep();
  }

  /** Over the id too: a set cannot be passed off as another. */
  #seal(id: string, content: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(`${FORMAT}${id}\n`).update(content).digest();
  }

  async #sweep(): Promise<void> {
    const all = (await readdir(this.#folder)).filter((name) => name !== 'key');
    const stats = await Promise.all(
      all.map(async (name) => {
        const path = join(this.#folder, name);
        const stat = await lstat(path).catch(() => null);
        return { path, kept: NAME.test(name), at: stat?.mtimeMs ?? 0 };
      }),
    );
    const old = Date.now() - 60 * 60 * 1000;
    const sets = stats.filter(({ kept }) => kept).toSorted((one, other) => other.at - one.at);
    // What was half written when its writer died.
    const halves = stats.filter(({ kept, at }) => !kept && at < old);
    for (const { path } of [...sets.slice(KEPT), ...halves]) await unlink(path).catch(() => {});
  }
}

/** What a compiled set depends on: the engines' builds, how they are used, and every source. */
export function idOf(build: string, engine: string, { files }: RuleSources): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, build, engine, EXTERNALS]));
  for (const { file, namespace, source, origins } of files) {
    hash.update(JSON.stringify([file, namespace, source.length, origins ?? null])).update(source);
  }
  return hash.digest('hex');
}

/** Made once, of random bytes; a file that others could have read or written is none. */
async function ownKey(path: string): Promise<Buffer> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      const key = randomBytes(KEY_BYTES);
      await handle.writeFile(key);
      await handle.sync();
      return key;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.uid !== process.geteuid?.() || (stat.mode & 0o077) !== 0 || stat.nlink !== 1) {
      throw new Error('its key has to be our own, with mode 0600');
    }
    const key = await readWhole(handle, KEY_BYTES + 1);
    if (key.length !== KEY_BYTES) throw new Error('its key is damaged: remove the folder');
    return key;
  } finally {
    await handle.close();
  }
}
