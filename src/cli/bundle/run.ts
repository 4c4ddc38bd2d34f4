import { resolve } from 'node:path';
import {
  PARTS,
  readBundle,
  Releases,
  writeBundle,
  type HistoryEntry,
  type Manifest,
} from '../../bundle/index.ts';
import { asciiJson } from '../../bytes/index.ts';
import { loadConfig, type EffectiveConfig } from '../../config/index.ts';
import { processEnvironment, programVersion } from '../../config/start/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { counted, forTerminal, size } from '../../report/index.ts';
import { operatingSystemUser } from '../os-user.ts';
import { chosenSecret, keysOf } from '../keys/folder.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';
import { importBundle, rollBack, type Installation } from './install.ts';
import { writeIntoJournal } from './journal.ts';
import { sourcesOf, type SourceOptions } from './sources.ts';

export interface CreateOptions extends CommonOptions, SourceOptions {
  readonly output: string;
  readonly key?: string;
  readonly serial?: number;
  readonly expires: number;
  readonly note: string;
  readonly json?: boolean;
}

export interface ImportOptions extends CommonOptions {
  readonly force?: string;
  readonly acceptPolicy?: boolean;
  readonly untestedDatabases?: boolean;
  readonly json?: boolean;
}

function settings(): EffectiveConfig {
  return loadConfig({ cwd: process.cwd(), env: processEnvironment() });
}

function installation(config: EffectiveConfig): Installation {
  return {
    releases: new Releases(config.bundleDir.value),
    config,
    who: operatingSystemUser(),
    path: processEnvironment()['PATH'] ?? '',
  };
}

/** What was done or refused is in the journal, too. */
async function journaled<T>(
  config: EffectiveConfig,
  tty: Tty,
  work: (installation: Installation) => Promise<T>,
): Promise<T> {
  const here = installation(config);
  try {
    return await work(here);
  } finally {
    const words = await writeIntoJournal(here.releases, config.dataDir.value, here.who);
    if (words !== null) tty.note(words);
  }
}

export async function create(options: CreateOptions, tty: Tty): Promise<number> {
  const { files, left } = sourcesOf(options);
  if (files.length === 0) {
    throw new BackupLensError('BL_USAGE', 'there is nothing to put into it', {
      hint: 'name at least one of --clamav, --rules, --bad, --good, --names, --policy',
    });
  }
  const now = new Date();
  const manifest = await writeBundle({
    output: resolve(options.output),
    sources: files,
    key: (await chosenSecret(settings(), options.key)).secret,
    serial: options.serial ?? Number(now.toISOString().replace(/\D/g, '').slice(0, 14)),
    created_at: now,
    expires_at: new Date(now.getTime() + options.expires * DAY_MS),
    made_by: `backuplens ${programVersion()}`,
    note: options.note,
  });
  for (const path of left.slice(0, MAX_LEFT)) tty.warn(`left out: ${path} (no bundle may hold such a file)`);
  if (left.length > MAX_LEFT) tty.warn(`left out: ${left.length - MAX_LEFT} more files`);
  if (options.json === true) tty.print(asciiJson({ bundle: options.output, ...manifest }, 2));
  else {
    tty.print(`wrote ${forTerminal(options.output)}`);
    describe(manifest, tty);
  }
  return 0;
}

const DAY_MS = 86_400_000;

const MAX_LEFT = 10;

function describe(manifest: Manifest, tty: Tty): void {
  const { serial, created_at: made, expires_at: ends, note, files } = manifest;
  tty.print(`serial       ${serial}`);
  tty.print(`made         ${made}, expires ${ends}`);
  if (note !== '') tty.print(`note         ${forTerminal(note)}`);
  for (const part of PARTS) {
    const of = files.filter(({ path }) => path.startsWith(`${part}/`));
    if (of.length === 0) continue;
    const bytes = of.reduce((sum, file) => sum + file.size, 0);
    tty.print(`${part.padEnd(13)}${counted(of.length, 'file')}, ${size(bytes)}`);
  }
}

export async function verify(file: string, { json }: ImportOptions, tty: Tty): Promise<number> {
  const { manifest, key, sha256 } = await readBundle(resolve(file), await keysOf(settings()));
  const expired = Date.now() >= Date.parse(manifest.expires_at);
  if (json === true) tty.print(asciiJson({ key, sha256, expired, ...manifest }, 2));
  else {
    tty.print(`genuine and whole, signed by key ${key}`);
    describe(manifest, tty);
    if (expired) tty.warn('it has expired: an import wants a reason (--force)');
  }
  return expired ? 1 : 0;
}

export async function take(file: string, options: ImportOptions, tty: Tty): Promise<number> {
  const config = settings();
  const choice = {
    keys: await keysOf(config),
    reason: options.force ?? null,
    acceptPolicy: options.acceptPolicy === true,
    untestedDatabases: options.untestedDatabases === true,
  };
  const done = await journaled(config, tty, async (here) => importBundle(resolve(file), choice, here));
  const overridden = overriddenBy(settings(), done.manifest);
  if (options.json === true) {
    tty.print(asciiJson({ ...done, overridden }, 2));
    return 0;
  }
  tty.print(
    done.again ? 'this bundle was in force already' : `in force: ${done.release}, signed by key ${done.key}`,
  );
  describe(done.manifest, tty);
  for (const words of [...done.tried, ...done.told]) tty.print(`  ${forTerminal(words)}`);
  for (const words of done.against) tty.warn(`taken for a reason: ${words}`);
  for (const words of overridden) tty.warn(words);
  if (done.policy === 'left') tty.warn('its policy was not taken', '--accept-policy takes it');
  tellServices(tty);
  return 0;
}

function tellServices(tty: Tty): void {
  tty.note(
    'a running service goes on with what it has',
    'kill -HUP has it read rules, lists and policy again; fewer rules it takes after a rollback, or an import with --force',
  );
}

/** Settings that somebody made stand above a bundle: then it says nothing there, and that must not stay unnoticed. */
function overriddenBy(config: EffectiveConfig, { files }: Manifest): string[] {
  const brings = (part: string): boolean => files.some(({ path }) => path.startsWith(part));
  return [
    ...(brings('yara-rules/') && config.rulesDirs.origin.startsWith('environment ')
      ? [`its rules are not used: ${config.rulesDirs.origin} names others`]
      : []),
    ...(brings('policy/') && config.scoringFile.origin.startsWith('environment ')
      ? [`its policy is not used: ${config.scoringFile.origin} names another`]
      : []),
  ];
}

export async function back(options: { reason?: string; json?: boolean }, tty: Tty): Promise<number> {
  const done = await journaled(settings(), tty, async (here) =>
    rollBack({ keys: await keysOf(here.config), reason: options.reason ?? null }, here),
  );
  if (options.json === true) tty.print(asciiJson(done, 2));
  else {
    tty.print(done.release === null ? 'no bundle is in force any more' : `in force again: ${done.release}`);
    for (const words of done.told) tty.print(`  ${forTerminal(words)}`);
    tellServices(tty);
  }
  return 0;
}

export async function list({ json }: { json?: boolean }, tty: Tty): Promise<number> {
  const releases = new Releases(settings().bundleDir.value);
  const current = await releases.current();
  const history = await releases.history();
  const expired = current !== null && Date.now() >= Date.parse(current.manifest.expires_at);
  if (json === true) {
    tty.print(
      asciiJson(
        {
          current: current === null ? null : { release: current.name, expired, ...current.manifest },
          history,
        },
        2,
      ),
    );
    return 0;
  }
  if (current === null) tty.print('no bundle is in force');
  else {
    tty.print(`in force: ${current.name}`);
    describe(current.manifest, tty);
    if (expired) tty.warn('it has expired: it is time for a newer one');
  }
  for (const done of history.slice(-MAX_HISTORY)) tty.print(forTerminal(inOneLine(done)));
  return 0;
}

function inOneLine({ at, who, action, release, serial, key, reason, against }: HistoryEntry): string {
  const ofKey = action === 'key_trusted' || action === 'key_revoked';
  const what = ofKey ? `key ${key}` : (release ?? (action === 'refused' ? `serial ${serial}` : 'no bundle'));
  const because = against.length === 0 ? '' : `: ${against.join('; ')}`;
  const said = reason === null ? '' : ` (${reason})`;
  return `${at.slice(0, 19)}Z  ${action.padEnd(8)}  ${what}, by ${who}${because}${said}`;
}

const MAX_HISTORY = 20;
