import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { eicarTestString, readDatabaseFolder } from '../../analyze/clamav/index.ts';
import { buildTable } from '../../analyze/hash-sets/index.ts';
import { tryDatabases } from '../../bundle/index.ts';
import { Scratch } from '../../bytes/index.ts';
import { loadPolicy, loadRansomwareNames, type EffectiveConfig } from '../../config/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { examineRules } from '../../pipeline/rules/index.ts';

/** What came of trying a release before anything uses it. */
export interface Trial {
  /** In words, one for each part. */
  readonly tried: readonly string[];
  /** What a person may accept for a reason. */
  readonly against: readonly string[];
  /** The databases could not be tried here. */
  readonly untested: boolean;
}

export interface TrialOptions {
  readonly config: EffectiveConfig;
  /** clamd finds its canary now: then it has to go on finding it. */
  readonly canaryIsFound: boolean;
  /** Where programs are. */
  readonly path: string;
}

/** More rules than this that go at once were hardly meant to (ATTACKS A19). */
const MAX_LOST_SHARE = 0.1;

/** Tries everything in the folder. Throws BL_BUNDLE for what would not work at all. */
export async function tryRelease(folder: string, options: TrialOptions): Promise<Trial> {
  const tried: string[] = [];
  const against: string[] = [];
  let untested = false;
  const has = (part: string): boolean => existsSync(join(folder, part));
  if (has('yara-rules')) await tryRules(folder, options, tried, against);
  else await compareRules(0, options.config, against);
  if (has('hash-sets')) await tryHashSets(folder, options, tried, against);
  if (has('lists')) {
    const path = join(folder, 'lists', 'ransomware-names.txt');
    tried.push(`${refusing(() => loadRansomwareNames(path)).length} names of ransomware are read`);
  }
  if (has('policy')) {
    const path = join(folder, 'policy', 'scoring.yaml');
    const { policy } = refusing(() => loadPolicy(path, { strict: false, shown: 'policy/scoring.yaml' }));
    tried.push(`the policy is read (${policy.sha256.slice(0, 16)}…)`);
  }
  if (has('clamav')) untested = await tryClamav(folder, options, tried, against);
  return { tried, against, untested };
}

/** What its own reader does not take, nobody should. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof BackupLensError)) throw cause;
    throw new BackupLensError('BL_BUNDLE', cause.message, { cause });
  }
}

async function tryRules(
  folder: string,
  { config }: TrialOptions,
  tried: string[],
  against: string[],
): Promise<void> {
  const { engine, files } = await examineRules({ folders: [join(folder, 'yara-rules')], mode: 'list' });
  const rules = files.reduce((sum, file) => sum + file.rules.length, 0);
  if (rules === 0) throw new BackupLensError('BL_BUNDLE', 'not one of its rules compiles');
  tried.push(`${rules} rules compile (${engine})`);
  const broken = files.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error'));
  if (broken.length > 0) {
    const [first] = broken;
    against.push(
      `${broken.length} faults in its rule files; the first is ${first?.file}:${first?.line ?? '?'}: ${first?.message}`,
    );
  }
  await compareRules(rules, config, against);
}

/** Against the bundle in force only: what is here besides stays beside every bundle. */
async function compareRules(rules: number, config: EffectiveConfig, against: string[]): Promise<void> {
  const now = await bundledRules(config);
  if (rules < now * (1 - MAX_LOST_SHARE)) {
    against.push(`${rules} rules where ${now} of a bundle are in force: more than a tenth would be gone`);
  }
}

async function bundledRules({ rulesDirs, bundleDir }: EffectiveConfig): Promise<number> {
  if (!rulesDirs.origin.startsWith('bundle ')) return 0;
  const folder = join(bundleDir.value, 'current', 'yara-rules');
  const { files } = await examineRules({ folders: [folder], mode: 'list' });
  return files.reduce((sum, file) => sum + file.rules.length, 0);
}

async function tryHashSets(
  folder: string,
  { config }: TrialOptions,
  tried: string[],
  against: string[],
): Promise<void> {
  await using scratch = await Scratch.create(config.tmpDir.value);
  const folders = (['bad', 'good'] as const)
    .map((kind) => ({ kind, path: join(folder, 'hash-sets', kind) }))
    .filter(({ path }) => existsSync(path));
  const { state } = await buildTable(folders, join(scratch.path, 'table'));
  tried.push(`${state.bad} known bad and ${state.good} known good hashes are read`);
  if (state.rejected_lines > 0) {
    const [first] = state.rejected;
    against.push(
      `${state.rejected_lines} lines of its hash lists are rejected; the first is ${first?.file}:${first?.line ?? '?'}: ${first?.message}`,
    );
  }
}

/** True when they could not be tried. */
async function tryClamav(
  folder: string,
  { config, canaryIsFound, path }: TrialOptions,
  tried: string[],
  against: string[],
): Promise<boolean> {
  await using scratch = await Scratch.create(config.tmpDir.value);
  const together = await asClamdWillSee(join(folder, 'clamav'), config.clamavDbDir.value, scratch);
  against.push(...(await olderDatabases(join(folder, 'clamav'), config)));
  const canary = Buffer.from(config.clamdCanary.value ?? eicarTestString());
  const trial = await tryDatabases(together, canary, path);
  if (trial.result === 'not_tested') {
    tried.push('ClamAV databases: NOT TESTED, there is no clamscan here');
    return true;
  }
  if (trial.result === 'fails') {
    throw new BackupLensError('BL_BUNDLE', `ClamAV does not load its databases: ${trial.detail}`);
  }
  if (trial.finds) tried.push('ClamAV loads its databases, and finds the canary with them');
  else if (canaryIsFound) {
    against.push(
      'with its databases ClamAV no longer finds the canary that it finds now: they would blind it',
    );
  } else tried.push('ClamAV loads its databases; the canary is not in them (CLAMD_CANARY names another)');
  return false;
}

/** Collections of the bundle that are older than the same ones that clamd reads here, or that the bundle in force brought. */
async function olderDatabases(
  bundled: string,
  { clamavDbDir, bundleDir }: EffectiveConfig,
): Promise<string[]> {
  const brought = await collectionsIn(bundled);
  const older: string[] = [];
  for (const folder of [clamavDbDir.value, join(bundleDir.value, 'current', 'clamav')]) {
    if (folder === null) continue;
    const here = await collectionsIn(folder);
    for (const [name, { version, built }] of brought) {
      const now = here.get(name);
      if (now === undefined || version >= now.version) continue;
      const words = `its ${name} is version ${version} (${built}), and ${now.version} (${now.built}) is here: it is older`;
      if (!older.includes(words)) older.push(words);
    }
  }
  return older;
}

/** Signed collections by their names without ending; of one in both forms the newer, which is what clamd uses. */
async function collectionsIn(
  folder: string,
): Promise<ReadonlyMap<string, { readonly version: number; readonly built: string }>> {
  const found = new Map<string, { version: number; built: string }>();
  for (const { name, version, built } of (await readDatabaseFolder(folder))?.files ?? []) {
    if (version === null || version < (found.get(stem(name))?.version ?? 0)) continue;
    found.set(stem(name), { version, built: built ?? 'no date' });
  }
  return found;
}

/** The databases of the bundle beside those that clamd has of others. */
async function asClamdWillSee(bundled: string, folder: string | null, scratch: Scratch): Promise<string> {
  const together = join(scratch.path, 'databases');
  await mkdir(together);
  const names = await readdir(bundled);
  for (const name of names) await symlink(join(bundled, name), join(together, name));
  const others = folder === null || !existsSync(folder) ? [] : await readdir(folder);
  const taken = new Set(names.map(stem));
  for (const name of others) {
    if (name.startsWith('.') || taken.has(stem(name))) continue;
    await symlink(join(folder ?? '', name), join(together, name));
  }
  return together;
}

/** The same for both forms of one database. */
function stem(name: string): string {
  return name.replace(/\.c[vl]d$/, '');
}
