import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { newestSecret, signingKey, trustedKeys, type TrustedKeys } from '../../bundle/index.ts';
import { keyId } from '../../bytes/index.ts';
import { assertTrusted, type EffectiveConfig } from '../../config/index.ts';
import { BackupLensError } from '../../domain/index.ts';

/** Whose keys others could change, everybody's bundles could be. Throws BL_CONFIG, BL_UNTRUSTED_CONFIG. */
export async function keysOf({ keysDir }: Pick<EffectiveConfig, 'keysDir'>): Promise<TrustedKeys> {
  const keys = await trustedKeys(keysDir.value, Date.now());
  if (keys === null) return new Map();
  assertTrusted([{ what: 'keys', path: keysDir.value }], []);
  return keys;
}

/** The secret key that was named, or the newest one that counts. What nobody would take is not signed with. Throws BL_CONFIG. */
export async function chosenSecret(
  config: Pick<EffectiveConfig, 'keysDir'>,
  named: string | undefined,
): Promise<{ readonly id: string; readonly secret: KeyObject }> {
  const keys = await keysOf(config);
  const path = named === undefined ? newestSecret(config.keysDir.value, keys) : resolve(named);
  if (path === null) {
    throw new BackupLensError('BL_CONFIG', `there is no secret key in ${config.keysDir.value} that counts`, {
      hint: '`backuplens keys create` makes one; --key names one elsewhere',
    });
  }
  const secret = await signingKey(path);
  const id = keyId(secret);
  const why = keys.get(id)?.refused ?? null;
  if (why === null) return { id, secret };
  throw new BackupLensError('BL_CONFIG', `${why}: nothing is signed with it any more`, {
    hint: '`backuplens keys list` shows which keys count',
  });
}
