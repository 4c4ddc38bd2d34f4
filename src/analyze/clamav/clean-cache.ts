import type { ClamdConf } from './clamd-conf.ts';

/** From 1.5 on the cache goes by SHA-256 (ClamAV 1.5 release notes). */
const SAFE_SINCE = [1, 5] as const;

/**
 * Why a clean answer may be one that was given to another content with the same MD5; null: it cannot. Until 1.5 clamd
 * remembers what was clean by its MD5, and who can make two contents with one MD5 sends the harmless one first.
 */
export function cacheDoubt(version: string | null, conf: ClamdConf | null): string | null {
  const [, major, minor] = /^ClamAV (\d{1,3})\.(\d{1,3})/.exec(version ?? '') ?? [];
  if (major === undefined) return null;
  const [safeMajor, safeMinor] = SAFE_SINCE;
  const isSafe = Number(major) > safeMajor || (Number(major) === safeMajor && Number(minor) >= safeMinor);
  if (isSafe || conf?.isOn('DisableCache') === true) return null;
  const known = 'it remembers what was clean by its MD5, which can be forged';
  return conf === null
    ? `${known}, unless its clamd.conf, which cannot be read from here, has DisableCache yes`
    : `${known}: ${conf.path} lacks DisableCache yes`;
}
