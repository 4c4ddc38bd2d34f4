import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  doubtsOf,
  placeDatabases,
  readBundle,
  type BundleHead,
  type HistoryEntry,
  type Manifest,
  type Release,
  type Releases,
  type TrustedKeys,
} from '../../bundle/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { clamavNow, reloadClamd, reloadYara } from './tell-engines.ts';
import { tryRelease } from './trial.ts';
import { Witness } from './witness.ts';

/** Moments between which everything can stop; tests stop it there. */
export type Step = 'received' | 'tried' | 'kept' | 'switched' | 'recorded' | 'placed' | 'told';

export interface Installation {
  readonly releases: Releases;
  readonly config: EffectiveConfig;
  readonly who: string;
  /** PATH, for clamscan. */
  readonly path: string;
  readonly step?: (step: Step) => void;
}

export interface ImportChoice {
  readonly keys: TrustedKeys;
  /** Why it is taken in spite of what speaks against it; null: it is not. */
  readonly reason: string | null;
  readonly acceptPolicy: boolean;
  readonly untestedDatabases: boolean;
}

export interface Installed {
  readonly manifest: Manifest;
  readonly key: string;
  readonly release: string;
  /** It was in force already. */
  readonly again: boolean;
  readonly tried: readonly string[];
  /** What was accepted for a reason. */
  readonly against: readonly string[];
  readonly policy: 'none' | 'taken' | 'left';
  /** What was done for the engines, in words. */
  readonly told: readonly string[];
}

/**
 * Verifies a bundle, tries it, and puts it in force. Until the link to the release in force is turned, nothing has changed; what
 * comes after can be done again, by importing the same bundle. Throws BL_BUNDLE when it is refused.
 */
export async function importBundle(
  file: string,
  choice: ImportChoice,
  installation: Installation,
): Promise<Installed> {
  const { releases, who } = installation;
  return releases.alone(async () => {
    const step = installation.step ?? (() => undefined);
    await releases.catchUp(who);
    const history = await releases.history();
    const before = await releases.current();
    const against: string[] = [];
    let head: BundleHead | null = null;
    let again = false;
    let withPolicy = false;
    const incoming = await releases.receive({
      admit: (verified) => {
        head = verified;
        withPolicy = choice.acceptPolicy && bringsPolicy(verified.manifest);
        again = before?.name === releases.nameOf(verified, withPolicy);
        if (!again) against.push(...doubtsOf(verified, history, Date.now()));
        refuse(against, choice);
      },
      skip: ({ path }) => path.startsWith('policy/') && !choice.acceptPolicy,
    });
    try {
      const { manifest, key } = await readBundle(file, choice.keys, incoming);
      const policy = withPolicy ? 'taken' : bringsPolicy(manifest) ? 'left' : 'none';
      const told = { manifest, key, policy } as const;
      step('received');
      if (again && before !== null) {
        await incoming.remove();
        const done = await settle(before, installation, step);
        return { ...told, release: before.name, again, tried: [], against, told: done };
      }
      const clamav = await clamavNow(installation.config);
      const trial = await tryRelease(incoming.path, {
        config: installation.config,
        canaryIsFound: clamav?.status === 'ok',
        path: installation.path,
      });
      against.push(...trial.against);
      refuse(against, choice);
      if (trial.untested && !choice.untestedDatabases) {
        throw new BackupLensError(
          'BL_BUNDLE',
          'its ClamAV databases cannot be tested here: there is no clamscan',
          {
            hint: 'install ClamAV (its clamscan), or take them as they are with --untested-databases',
          },
        );
      }
      step('tried');
      const release = await releases.keep(incoming, withPolicy);
      step('kept');
      await releases.switchTo(release.name);
      step('switched');
      await releases.record(entryOf('import', release, { who, key, reason: choice.reason, against }));
      step('recorded');
      const done = await settleAndLook(release, before, clamav?.status === 'ok', installation, step);
      await releases.prune();
      return { ...told, release: release.name, again: false, tried: trial.tried, against, told: done };
    } catch (error) {
      await incoming.remove();
      // What nobody trusted has signed is not worth a line, and could fill the disk with them.
      if (head !== null && error instanceof BackupLensError && error.code === 'BL_BUNDLE') {
        await releases.record(refusalOf(head, { who, reason: choice.reason, against: [error.message] }));
      }
      throw error;
    }
  });
}

/** Puts what was in force before back in force. Throws BL_BUNDLE when nothing was, or its key was revoked and there is no reason. */
export async function rollBack(
  { keys, reason }: Pick<ImportChoice, 'keys' | 'reason'>,
  installation: Installation,
): Promise<{ readonly release: string | null; readonly told: readonly string[] }> {
  const { releases, who } = installation;
  return releases.alone(async () => {
    const step = installation.step ?? (() => undefined);
    await releases.catchUp(who);
    const before = await releases.before();
    if (before === undefined)
      throw new BackupLensError('BL_BUNDLE', 'no bundle is in force: there is nothing to go back from');
    const release = before === null ? null : await releases.release(before);
    const against = await revokedKeyOf(before, releases, keys);
    refuse(against, { reason }, '--reason');
    await releases.switchTo(before);
    step('switched');
    await releases.record(entryOf('rollback', release, { who, key: null, reason, against }));
    step('recorded');
    return { release: before, told: await settle(release, installation, step) };
  });
}

function bringsPolicy({ files }: Manifest): boolean {
  return files.some(({ path }) => path.startsWith('policy/'));
}

/** What speaks against going back to a release: its key was revoked since. One that expired was good when it signed. */
async function revokedKeyOf(
  release: string | null,
  releases: Releases,
  keys: TrustedKeys,
): Promise<string[]> {
  const id = await releases.signerOf(release);
  const key = id === null ? undefined : keys.get(id);
  if (key === undefined || key.revoked === null) return [];
  return [`${release} is what would be in force again, and ${key.refused}`];
}

function refuse(
  against: readonly string[],
  { reason }: Pick<ImportChoice, 'reason'>,
  option: '--force' | '--reason' = '--force',
): void {
  if (against.length === 0 || reason !== null) return;
  throw new BackupLensError('BL_BUNDLE', against.join('; '), {
    hint: `if there is a good reason to take it all the same, give it: ${option} "REASON"; it is recorded`,
  });
}

/** What can be done again: databases where clamd reads them, and the engines told. */
async function settle(
  release: Release | null,
  { config, releases }: Installation,
  step: (step: Step) => void,
): Promise<string[]> {
  const told: string[] = [];
  const folder = config.clamavDbDir.value;
  const bundled = release === null ? null : join(release.path, 'clamav');
  const brings = bundled !== null && existsSync(bundled);
  // What a bundle does not bring stays in clamd's folder: taking databases away would blind it.
  if (folder !== null && existsSync(folder) && (brings || release === null)) {
    const done = await placeDatabases(brings ? bundled : null, folder, releases.replacedPath);
    const { placed, removed, kept } = done;
    if (placed.length + removed.length > 0) {
      told.push(
        `${placed.length} databases placed in ${folder}, ${removed.length} of the last bundle removed`,
      );
    }
    if (kept.length > 0) told.push(`${kept.join(', ')}: yours, kept in ${releases.replacedPath}`);
  } else if (brings) {
    const reads = join(releases.currentPath, 'clamav');
    told.push(`no folder of clamd's is known (CLAMAV_DB_DIR): let its DatabaseDirectory be ${reads}`);
  }
  step('placed');
  if (brings || release === null) told.push(await reloadClamd(config));
  const yara = await reloadYara(config, true);
  if (yara !== null) told.push(yara);
  step('told');
  return told;
}

/** What was settled, and whether clamd, which found its canary before, goes on finding it. */
async function settleAndLook(
  release: Release,
  before: Release | null,
  foundBefore: boolean,
  installation: Installation,
  step: (step: Step) => void,
): Promise<string[]> {
  const folder = installation.config.clamavDbDir.value;
  if (!foundBefore || !existsSync(join(release.path, 'clamav'))) return settle(release, installation, step);
  const witness = folder === null ? null : await Witness.place(folder);
  try {
    const told = await settle(release, installation, step);
    return [...told, await stayFinding(witness, before, installation)];
  } finally {
    await witness?.remove();
  }
}

/** The official databases take half a minute on a slow machine. */
const LOADED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;

/**
 * With new databases clamd must go on finding its canary (ATTACKS C8): otherwise everything goes back. Resolves to what was seen,
 * in words. Throws BL_BUNDLE.
 */
async function stayFinding(
  witness: Witness | null,
  before: Release | null,
  installation: Installation,
): Promise<string> {
  const { config, releases, who } = installation;
  const end = performance.now() + LOADED_WITHIN_MS;
  for (;;) {
    const loaded = witness !== null && (await clamavNow(config, witness.text))?.status === 'ok';
    const now = await clamavNow(config);
    const late = performance.now() >= end;
    if (now === null || (late && now.status === 'unavailable')) return 'clamd does not answer any more';
    // A clamd that loads may answer nothing for a while; what it does not find any more is no such silence.
    const blind = now.status === 'unproven' || (now.status === 'failed' && (late || loaded));
    if (blind) {
      const against = [`clamd no longer finds its canary: ${now.detail ?? now.status}`];
      await releases.switchTo(before?.name ?? null);
      await releases.record(entryOf('rollback', before, { who, key: null, reason: null, against }));
      await settle(before, installation, () => undefined);
      throw new BackupLensError('BL_BUNDLE', `${against[0]}; what was in force before is in force again`);
    }
    if (loaded && now.status === 'ok')
      return 'clamd has loaded the databases, and finds its canary with them';
    if (late || witness === null) return 'whether clamd has loaded the databases could not be seen';
    await sleep(LOOK_EVERY_MS);
  }
}

type Facts = Pick<HistoryEntry, 'who' | 'key' | 'reason' | 'against'>;

function entryOf(action: 'import' | 'rollback', release: Release | null, facts: Facts): HistoryEntry {
  return {
    at: new Date().toISOString(),
    action,
    release: release?.name ?? null,
    serial: release?.manifest.serial ?? null,
    ...facts,
  };
}

function refusalOf({ manifest, key }: BundleHead, facts: Omit<Facts, 'key'>): HistoryEntry {
  const { serial } = manifest;
  return { at: new Date().toISOString(), action: 'refused', release: null, serial, key, ...facts };
}
