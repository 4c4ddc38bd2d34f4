import { Releases, type Release, type TrustedKey } from '../../bundle/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { keysOf } from '../keys/folder.ts';
import { fail, ok, warn } from './check.ts';

/** Time for a stick with the next key to come round. */
const SOON_MS = 60 * 86_400_000;

const NEXT_KEY =
  'where bundles are made: backuplens keys rotate; here: backuplens keys add with the new bundle-….pem';

/** What bundles bring is in force as long as nobody says otherwise: whether it is old, and whether the next one would be taken. */
export async function checkBundles(config: EffectiveConfig): Promise<readonly HealthCheck[]> {
  try {
    const releases = new Releases(config.bundleDir.value);
    const inForce = await releases.current();
    const keys = await keysOf(config);
    const signer = keys.get((await releases.signerOf(inForce?.name ?? null)) ?? '');
    return [
      ...(inForce === null ? [] : [checkInForce(inForce, signer)]),
      ...(keys.size === 0 && inForce === null ? [] : [checkKeys([...keys.values()], config.keysDir.value)]),
    ];
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    return [fail('bundles', error.message, error.hint ?? 'backuplens bundle --help')];
  }
}

function checkInForce({ name, manifest }: Release, signer: TrustedKey | undefined): HealthCheck {
  const { serial, expires_at } = manifest;
  const facts = { release: name, serial, expires_at, key: signer?.id ?? null };
  const id = 'bundle';
  if (signer !== undefined && signer.revoked !== null) {
    const what = `the bundle in force, ${name}, was signed by a key that was revoked since: ${signer.revoked.reason}`;
    return fail(id, what, 'import a newer one, or backuplens bundle rollback', facts);
  }
  if (Date.now() >= Date.parse(expires_at)) {
    return warn(id, `the bundle in force, ${name}, expired at ${expires_at}`, 'import a newer one', facts);
  }
  return ok(id, `the bundle in force, ${name}, expires at ${expires_at}`, facts);
}

function checkKeys(keys: readonly TrustedKey[], folder: string): HealthCheck {
  const good = keys.filter(({ refused }) => refused === null);
  const facts = { path: folder, keys: keys.map(({ id, until }) => `${id} ${until ?? ''}`.trim()) };
  const id = 'bundle-keys';
  if (good.length === 0) {
    const why = keys.map(({ refused }) => refused).join('; ');
    const what = keys.length === 0 ? `there is no key in ${folder}` : `no key in ${folder} counts: ${why}`;
    return warn(id, `${what}: no bundle is taken`, NEXT_KEY, facts);
  }
  const ends = good.map(({ until }) => (until === null ? Infinity : Date.parse(until)));
  const last = Math.max(...ends);
  if (last - Date.now() < SOON_MS) {
    const what = `the last key for bundles counts until ${new Date(last).toISOString()}: after that no bundle is taken`;
    return warn(id, what, NEXT_KEY, facts);
  }
  return ok(id, `${good.length} of ${keys.length} keys for bundles count`, facts);
}
