import { freeBytes } from '../../bytes/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { size } from '../../report/index.ts';
import { ok, warn } from './check.ts';

/** A member that an engine needs as a file is written out, one along a path of nesting: less is soon a gap. */
const SCRATCH_BYTES = 2 * 2 ** 30;

type Settings = Pick<
  EffectiveConfig,
  'dataDir' | 'quarantineDir' | 'reviewDir' | 'approvedDir' | 'tmpDir' | 'minFree'
>;

/** Room where files are moved to, and where they are unpacked. */
export async function checkSpace(config: Settings): Promise<readonly HealthCheck[]> {
  const { dataDir, quarantineDir, reviewDir, approvedDir, tmpDir, minFree } = config;
  const checks: HealthCheck[] = [];
  for (const [name, path, least] of [
    ['DATA_DIR', dataDir.value, minFree.value],
    ['QUARANTINE_DIR', quarantineDir.value, minFree.value],
    ['REVIEW_DIR', reviewDir.value, minFree.value],
    ['APPROVED_DIR', approvedDir.value, minFree.value],
    ['TMPDIR', tmpDir.value, SCRATCH_BYTES],
  ] as const) {
    if (path === null) continue;
    const id = `space-${name.toLowerCase().replaceAll('_', '-')}`;
    const free = await freeBytes(path);
    const known = Number.isFinite(free);
    const facts = { path, free_bytes: known ? free : null, least_bytes: least };
    const what = `${name} ${path} has ${known ? size(free) : 'any amount of'} free`;
    if (free >= least) checks.push(ok(id, what, facts));
    else if (name === 'TMPDIR') {
      checks.push(
        warn(
          id,
          `${what}: what does not fit when it is unpacked is a gap`,
          'point TMPDIR at a larger file system',
          facts,
        ),
      );
    } else {
      const todo = 'make room, or give it a larger file system';
      checks.push(
        warn(id, `${what}, less than MIN_FREE (${size(least)}): nothing new is taken in`, todo, facts),
      );
    }
  }
  return checks;
}
