import { basename, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import {
  createKey,
  PARTS,
  readBundle,
  Releases,
  trustedKeys,
  writeBundle,
  type Manifest,
  type TrustedKeys,
} from '../../bundle/index.ts';
import { asciiJson } from '../../bytes/index.ts';
import {
  assertTrusted,
  loadConfig,
  processEnvironment,
  programVersion,
  type EffectiveConfig,
} from '../../config/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { counted, forTerminal, size } from '../../report/index.ts';
import { collect, positive } from '../option-values.ts';
import { operatingSystemUser } from '../os-user.ts';
import type { CommonOptions, Run } from '../run.ts';
import type { Tty } from '../tty.ts';
import { importBundle, rollBack, type Installation } from './install.ts';
import { sourcesOf, type SourceOptions } from './sources.ts';

const HELP = `
A bundle is one signed file that carries what a machine without a network needs: it is a plain tar, and tar tvf shows it.

  clamav/       databases: main, daily and bytecode (.cvd, .cld), and of your own .hdb .hsb .mdb .msb .ndb .ldb .cdb
                (nothing that turns signatures off: .ign2 .fp .ftm .cfg …)
  yara-rules/   rules (.yar, .yara)
  hash-sets/    lists of hashes, bad and good (backuplens hashes)
  lists/        ransomware-names.txt
  policy/       scoring.yaml: only taken with --accept-policy

From one machine to the other:
  1. here, once:     backuplens bundle keygen --output ~/bundle-key
                     (keep the .key; copy the .pem to ./config/bundle-keys of every machine that is to trust you)
  2. here:           backuplens bundle create --key ~/bundle-key/bundle-….key --output stick/today.bundle \\
                       --clamav /var/lib/clamav --rules yara-rules --bad hash-sets/bad
  3. over there:     backuplens bundle verify /media/stick/today.bundle
                     backuplens bundle import /media/stick/today.bundle
  4. if it was bad:  backuplens bundle rollback

docs/offline.md goes through it step by step.
`;

const IMPORT_HELP = `
In this order: the signature is checked, then dates and serial, then every byte; rules, lists, policy and databases are tried; and
only then does everything change, at one moment. An import that is interrupted before has changed nothing; after it, import
the same bundle again to finish.

Refused, and no reason helps:   another signature or none, anything changed, cut short or added, what cannot be loaded
Refused without --force:        expired, made in the future, older than what was in force, fewer rules, faults in rules or
                                lists, databases with which ClamAV no longer finds its canary

Exit codes:
  0  in force (also: was already)   1  refused, nothing was changed   2  it could not be done
`;

const EXIT_HELP = `
Exit codes:
  0  done, or good   1  refused, or not good   2  it could not be done
`;

interface CreateOptions extends CommonOptions, SourceOptions {
  readonly output: string;
  readonly key: string;
  readonly serial?: number;
  readonly expires: number;
  readonly note: string;
  readonly json?: boolean;
}

interface ImportOptions extends CommonOptions {
  readonly force?: string;
  readonly acceptPolicy?: boolean;
  readonly untestedDatabases?: boolean;
  readonly json?: boolean;
}

/** Adds `bundle`. */
export function addBundleCommand(program: Command, run: Run): void {
  const bundle = program
    .command('bundle')
    .summary('carry databases, rules and lists to a machine without a network')
    .description(
      'One signed file with databases, rules, lists and policy: made here, verified and put in force there.',
    )
    .addHelpText('after', HELP);
  bundle
    .command('keygen')
    .summary('make a pair of keys to sign bundles with')
    .description(
      'Makes an Ed25519 pair: bundle-ID.key signs and stays secret, bundle-ID.pem is what others trust.',
    )
    .requiredOption('--output <dir>', 'folder to put them in')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CommonOptions & { output: string; json?: boolean }) =>
      run(options, (tty) => keygen(options, tty)),
    );
  bundle
    .command('create')
    .summary('make a bundle')
    .description('Puts what is named into one file, signs it, and reads it back.')
    .requiredOption('--output <file>', 'the bundle')
    .requiredOption('--key <file>', 'secret key (bundle-ID.key)')
    .option('--clamav <dir>', 'folder of ClamAV databases; repeatable', collect)
    .option('--rules <dir>', 'folder of YARA rules; repeatable', collect)
    .option('--bad <dir>', 'folder of lists of known bad hashes; repeatable', collect)
    .option('--good <dir>', 'folder of lists of known good hashes; repeatable', collect)
    .option('--names <file>', 'list of names that ransomware gives')
    .option('--policy <file>', 'scoring policy')
    .option(
      '--serial <n>',
      'greater than that of every bundle before (default: the time, as YYYYMMDDhhmmss)',
      positive,
    )
    .option('--expires <days>', 'refused after so many days', positive, 90)
    .option('--note <text>', 'for whoever imports it', '')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CreateOptions) => run(options, async (tty) => create(options, tty)));
  bundle
    .command('verify')
    .summary('say whether a bundle is genuine and whole, and what it brings')
    .description('Checks the signature against the keys in BUNDLE_KEYS_DIR, and every byte. Changes nothing.')
    .argument('<file>', 'the bundle')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (file: string, options: ImportOptions) =>
      run(options, async (tty) => verify(file, options, tty)),
    );
  bundle
    .command('import')
    .summary('verify a bundle, try it, and put it in force')
    .description(
      'Puts a bundle in force: below BUNDLE_DIR (./bundles), and its databases into CLAMAV_DB_DIR (./clamav-db).',
    )
    .argument('<file>', 'the bundle')
    .option('--force <reason>', 'take it in spite of what speaks against it; the reason is recorded', reason)
    .option('--accept-policy', 'take its scoring policy too')
    .option('--untested-databases', 'take ClamAV databases where there is no clamscan to try them')
    .option('--json', 'as JSON')
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string, options: ImportOptions) =>
      run(options, async (tty) => take(file, options, tty)),
    );
  bundle
    .command('rollback')
    .summary('put back in force what was before')
    .description('Goes back to the bundle before, or to what was there before the first one.')
    .option('--reason <text>', 'recorded', reason)
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CommonOptions & { reason?: string; json?: boolean }) =>
      run(options, async (tty) => back(options, tty)),
    );
  bundle
    .command('list')
    .summary('the bundle in force, and what was done with bundles')
    .description('The bundle in force, and the history of imports, refusals and rollbacks.')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CommonOptions & { json?: boolean }) =>
      run(options, async (tty) => list(options, tty)),
    );
}

function reason(text: string): string {
  if (text.trim() === '' || text.length > 500)
    throw new InvalidArgumentError('expected a reason, in up to 500 characters');
  return text.trim();
}

function settings(): EffectiveConfig {
  return loadConfig({ cwd: process.cwd(), env: processEnvironment() });
}

/** Whose keys others could change, everybody's bundles could be. */
async function keysOf({ bundleKeysDir }: EffectiveConfig): Promise<TrustedKeys> {
  const keys = await trustedKeys(bundleKeysDir.value);
  if (keys === null) return new Map();
  assertTrusted([{ what: 'keys', path: bundleKeysDir.value }], []);
  return keys;
}

function installation(config: EffectiveConfig): Installation {
  return {
    releases: new Releases(config.bundleDir.value),
    config,
    who: operatingSystemUser(),
    path: processEnvironment()['PATH'] ?? '',
  };
}

function keygen({ output, json }: { output: string; json?: boolean }, tty: Tty): number {
  const made = createKey(resolve(output));
  if (json === true) tty.print(asciiJson(made, 2));
  else {
    tty.print(`secret key   ${forTerminal(made.secret)}`);
    tty.print(`public key   ${forTerminal(made.trusted)}`);
    tty.note(
      `key ${made.id}`,
      `keep ${basename(made.secret)}; copy ${basename(made.trusted)} to BUNDLE_KEYS_DIR (./config/bundle-keys) of each machine`,
    );
  }
  return 0;
}

async function create(options: CreateOptions, tty: Tty): Promise<number> {
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
    key: resolve(options.key),
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

async function verify(file: string, { json }: ImportOptions, tty: Tty): Promise<number> {
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

async function take(file: string, options: ImportOptions, tty: Tty): Promise<number> {
  const config = settings();
  const done = await importBundle(
    resolve(file),
    {
      keys: await keysOf(config),
      reason: options.force ?? null,
      acceptPolicy: options.acceptPolicy === true,
      untestedDatabases: options.untestedDatabases === true,
    },
    installation(config),
  );
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
    'kill -HUP has it read rules, lists and policy again; where more than a tenth of its rules would go, only a restart does',
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

async function back(options: { reason?: string; json?: boolean }, tty: Tty): Promise<number> {
  const done = await rollBack(options.reason ?? null, installation(settings()));
  if (options.json === true) tty.print(asciiJson(done, 2));
  else {
    tty.print(done.release === null ? 'no bundle is in force any more' : `in force again: ${done.release}`);
    for (const words of done.told) tty.print(`  ${forTerminal(words)}`);
    tellServices(tty);
  }
  return 0;
}

async function list({ json }: { json?: boolean }, tty: Tty): Promise<number> {
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
  for (const { at, who, action, release, serial, reason: why, against } of history.slice(-MAX_HISTORY)) {
    const what = release ?? (action === 'refused' ? `serial ${serial}` : 'no bundle');
    const because = against.length === 0 ? '' : `: ${against.join('; ')}`;
    const said = why === null ? '' : ` (${why})`;
    tty.print(forTerminal(`${at.slice(0, 19)}Z  ${action.padEnd(8)}  ${what}, by ${who}${because}${said}`));
  }
  return 0;
}

const MAX_HISTORY = 20;
