import { basename, resolve } from 'node:path';
import {
  addKey,
  createKey,
  hasSecret,
  readKeyFile,
  Releases,
  revokeKey,
  type CreatedKey,
  type HistoryEntry,
  type TrustedKey,
} from '../../bundle/index.ts';
import { asciiJson } from '../../bytes/index.ts';
import { loadConfig, type EffectiveConfig } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { forTerminal } from '../../report/index.ts';
import { writeIntoJournal } from '../bundle/journal.ts';
import { operatingSystemUser } from '../os-user.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';
import { chosenSecret, keysOf } from './folder.ts';

export interface ListOptions extends CommonOptions {
  readonly json?: boolean;
}
export interface CreateOptions extends ListOptions {
  readonly output?: string;
  readonly expires: number;
}
export interface RotateOptions extends ListOptions {
  readonly key?: string;
  readonly overlap: number;
  readonly expires: number;
}
export interface AddOptions extends ListOptions {
  readonly trust?: string;
}
export interface RevokeOptions extends ListOptions {
  readonly reason: string;
}

const DAY_MS = 86_400_000;

function settings(): EffectiveConfig {
  return loadConfig({ cwd: process.cwd(), env: processEnvironment() });
}

export async function list({ json }: ListOptions, tty: Tty): Promise<number> {
  const config = settings();
  const keys = [...(await keysOf(config)).values()];
  const folder = config.keysDir.value;
  if (json === true) {
    tty.print(asciiJson({ keys_dir: folder, keys: keys.map((key) => shown(key, folder)) }, 2));
    return 0;
  }
  for (const key of keys) {
    tty.print(`${key.id}  ${forTerminal(key.refused ?? standing(key))}`);
    tty.print(`  ${grouped(key.fingerprint)}`);
    const canSign = hasSecret(folder, key.id);
    const first = canSign ? 'made here' : 'compared, or put there by hand';
    const origin = key.succession === null ? first : `signed by key ${key.succession.from}`;
    tty.print(`  ${origin}${canSign ? '; can sign here' : ''}`);
  }
  if (keys.length === 0)
    tty.note(`no key is trusted: there is none in ${forTerminal(folder)}`, '--help says how one comes there');
  return 0;
}

function standing({ until, replaced_by: next }: TrustedKey): string {
  if (until === null) return 'counts';
  return `counts until ${until}${next === null ? '' : `, replaced by key ${next}`}`;
}

/** In groups of four, as it is read out. */
function grouped(fingerprint: string): string {
  return fingerprint.replaceAll(/(.{4})(?=.)/g, '$1 ');
}

function shown(
  trusted: TrustedKey,
  folder: string,
): Omit<TrustedKey, 'key' | 'succession'> & { signed_by: string | null; can_sign: boolean } {
  const { key: _, succession, ...rest } = trusted;
  return { ...rest, signed_by: succession?.from ?? null, can_sign: hasSecret(folder, rest.id) };
}

export function create({ output, expires, json }: CreateOptions, tty: Tty): number {
  const folder = output === undefined ? settings().keysDir.value : resolve(output);
  const now = Date.now();
  const made = createKey(folder, { created_at: iso(now), expires_at: iso(now + expires * DAY_MS) });
  tellMade(made, json === true, tty);
  tty.note(
    `keep ${basename(made.secret)}; carry ${basename(made.trusted)} to each machine that is to take what it signs`,
    `there, with the fingerprint that you told them by another way: backuplens keys add ${basename(made.trusted)} --trust ${made.fingerprint}`,
  );
  return 0;
}

export async function rotate({ key, overlap, expires, json }: RotateOptions, tty: Tty): Promise<number> {
  const config = settings();
  const { id, secret } = await chosenSecret(config, key);
  const now = Date.now();
  const until = iso(now + overlap * DAY_MS);
  const made = createKey(config.keysDir.value, {
    created_at: iso(now),
    expires_at: iso(now + expires * DAY_MS),
    before: { secret, until },
  });
  tellMade({ ...made, replaces: id, both_until: until }, json === true, tty);
  tty.note(
    `it takes the place of key ${id}: both count until ${until}, then only the new one does`,
    `carry ${basename(made.trusted)} to each machine before that day: backuplens keys add ${basename(made.trusted)}`,
    '`bundle create` signs with the new one from now on; the old one: --key',
  );
  return 0;
}

interface Rotated extends CreatedKey {
  readonly replaces: string;
  readonly both_until: string;
}

function tellMade(made: CreatedKey | Rotated, json: boolean, tty: Tty): void {
  if (json) return tty.print(asciiJson(made, 2));
  tty.print(`secret key   ${forTerminal(made.secret)}`);
  tty.print(`public key   ${forTerminal(made.trusted)}`);
  tty.print(`fingerprint  ${grouped(made.fingerprint)}`);
}

export async function add(path: string, { trust, json }: AddOptions, tty: Tty): Promise<number> {
  const config = settings();
  await keysOf(config); // Where others could write, a key that is added says nothing.
  const read = await readKeyFile(resolve(path));
  const { id, succession } = read.file;
  const folder = config.keysDir.value;
  const added = await addKey(folder, read, { compared: trust ?? null, now: Date.now() });
  const by = trust === undefined ? `signed by key ${succession?.from}` : 'its fingerprint was compared';
  if (added) await recorded(config, { action: 'key_trusted', key: id, reason: by }, tty);
  const key = (await keysOf(config)).get(id);
  if (json === true) tty.print(asciiJson({ added, key: key === undefined ? null : shown(key, folder) }, 2));
  else if (added) tty.print(`key ${id} is trusted from now on: ${by}`);
  else tty.print(`key ${id} is here already${key?.refused == null ? '' : `, and ${key.refused}`}`);
  return key?.refused == null ? 0 : 1;
}

export async function revoke(id: string, { reason, json }: RevokeOptions, tty: Tty): Promise<number> {
  const config = settings();
  const keys = await keysOf(config);
  if (!keys.has(id)) {
    tty.warn(`there is no key ${id} in ${config.keysDir.value}`, '`backuplens keys list` shows them');
    return 1;
  }
  const why = { at: iso(Date.now()), who: operatingSystemUser(), reason };
  const revoked = await revokeKey(config.keysDir.value, id, why);
  if (revoked) await recorded(config, { action: 'key_revoked', key: id, reason }, tty);
  const successors = [...keys.values()].filter(({ succession }) => succession?.from === id);
  const releases = new Releases(config.bundleDir.value);
  const inForce = await releases.signerOf((await releases.current())?.name ?? null);
  if (json === true)
    tty.print(asciiJson({ revoked, key: id, successors: successors.map((key) => key.id) }, 2));
  else tty.print(revoked ? `key ${id} counts no more` : `key ${id} was revoked already`);
  for (const next of successors) {
    if (next.revoked !== null) continue;
    tty.warn(
      `key ${next.id} was signed by it, and still counts`,
      `if the secret was in other hands before ${next.created_at}, revoke that one, too`,
    );
  }
  if (inForce === id)
    tty.warn(
      'the bundle in force was signed by it, and stays in force',
      '`backuplens bundle rollback` goes back',
    );
  return 0;
}

async function recorded(
  { bundleDir, dataDir }: EffectiveConfig,
  done: Pick<HistoryEntry, 'action' | 'key' | 'reason'>,
  tty: Tty,
): Promise<void> {
  const releases = new Releases(bundleDir.value);
  const who = operatingSystemUser();
  const rest = { at: iso(Date.now()), who, release: null, serial: null, against: [] };
  await releases.alone(async () => releases.record({ ...rest, ...done }));
  const words = await writeIntoJournal(releases, dataDir.value, who);
  if (words !== null) tty.note(words);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
