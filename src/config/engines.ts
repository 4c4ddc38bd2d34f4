import { BackupLensError } from '../domain/index.ts';
import {
  CLAMD_EXPECTED,
  YARA_EXPECTED,
  parseClamd,
  parseYara,
  socketAddress,
  tcpAddress,
  type YaraChoice,
} from './engine-address.ts';
import { usage, type Flags } from './flags.ts';
import type { Given } from './given.ts';
import type { Setting } from './setting.ts';

/** Debian's clamd listens here only, as delivered. */
const DEBIAN_CLAMD = 'unix:/var/run/clamav/clamd.ctl';

export function clamd(
  cwd: string,
  flags: Flags,
  given: Given,
  container: boolean,
): Setting<readonly string[]> {
  if (flags.clamd !== undefined) {
    const value = parseClamd(flags.clamd, cwd);
    if (value === null) throw usage('clamd', CLAMD_EXPECTED, flags.clamd);
    return { value, origin: 'flag --clamd' };
  }
  const port = given.CLAMD_PORT?.value ?? 3310;
  if (given.CLAMD_HOST !== null) {
    const { value: host, origin } = given.CLAMD_HOST;
    if (host === 'off') return { value: [], origin };
    if (!host.startsWith('unix:')) return { value: [tcpAddress(host, port)], origin };
    const socket = socketAddress(host.slice('unix:'.length), cwd);
    if (socket === null) throw new BackupLensError('BL_CONFIG', `${origin}: the socket's path is too long`);
    return { value: [socket], origin };
  }
  const usual = container ? [tcpAddress('clamav', port)] : [tcpAddress('localhost', port), DEBIAN_CLAMD];
  return { value: usual, origin: given.CLAMD_PORT?.origin ?? 'default' };
}

export function yara(flags: Flags, given: Given, container: boolean): Setting<YaraChoice> {
  if (flags.yara !== undefined) {
    const value = parseYara(flags.yara);
    // The text may hold a password.
    if (value === null) throw new BackupLensError('BL_USAGE', `--yara: expected ${YARA_EXPECTED}`);
    return { value, origin: 'flag --yara' };
  }
  const port = given.YARA_PORT?.value ?? 8081;
  if (given.YARA_HOST === null && !container) return { value: { mode: 'embedded' }, origin: 'default' };
  const host = given.YARA_HOST?.value ?? 'yara-scanner';
  return {
    value: { mode: 'service', url: `http://${tcpAddress(host, port)}` },
    origin: given.YARA_HOST?.origin ?? given.YARA_PORT?.origin ?? 'default',
  };
}
