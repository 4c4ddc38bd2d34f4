import { readAtMost } from '../../bytes/index.ts';
import { isLoopback } from '../../domain/index.ts';
import type { ClamdAddress } from './address.ts';

/** Where the packages of Debian, of Red Hat's and of the official image, FreeBSD and Homebrew put it. */
const USUAL_PLACES = [
  '/etc/clamav/clamd.conf',
  '/etc/clamd.d/scan.conf',
  '/etc/clamd.conf',
  '/usr/local/etc/clamav/clamd.conf',
  '/usr/local/etc/clamd.conf',
  '/opt/homebrew/etc/clamav/clamd.conf',
];
/** One with every setting and its explanation has 30 KiB. */
const MAX_CONF_BYTES = 1024 * 1024;
/** clamd.conf(5): what yes and no may be called. */
const YES = ['yes', 'true', '1'];
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** The configuration of a clamd, as far as it could be read. Nothing in it is a proof of what the daemon does. */
export interface ClamdConf {
  readonly path: string;
  /** The last value of a setting, as it stands; null: it is not set. */
  value(name: string): string | null;
  /** Every value of a setting that may be given more than once. */
  values(name: string): readonly string[];
  isOn(name: string): boolean;
  /** Of a size such as 25M, in bytes; null when it is not set or no size. 0 means: no limit. */
  bytes(name: string): number | null;
}

/** What is written in a clamd.conf: `Name value` lines. Names are case-sensitive; later lines win. */
export function readClamdConf(path: string, text: string): ClamdConf {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z0-9]+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    settings.set(name, [...(settings.get(name) ?? []), value.replace(/^(["'])(.*)\1$/, '$2')]);
  }
  const values = (name: string): readonly string[] => settings.get(name) ?? [];
  const last = (name: string): string | null => values(name).at(-1) ?? null;
  return {
    path,
    values,
    value: last,
    isOn: (name) => YES.includes(last(name)?.toLowerCase() ?? ''),
    bytes: (name) => {
      const [, figure, unit = ''] = /^(\d{1,12})([KkMmGg]?)$/.exec(last(name) ?? '') ?? [];
      return figure === undefined ? null : Number(figure) * (UNITS[unit.toLowerCase()] ?? 1);
    },
  };
}

/**
 * The clamd.conf that makes a clamd listen at this address: `given`, else the first usual one that does. Null when
 * there is none that we can read, as for a clamd in a container or on another machine. Never rejects.
 */
export async function findClamdConf(
  address: ClamdAddress,
  given: string | null = null,
): Promise<ClamdConf | null> {
  for (const path of given === null ? USUAL_PLACES : [given]) {
    const conf = await confAt(path);
    if (conf !== null && (given !== null || listensAt(conf, address))) return conf;
  }
  return null;
}

async function confAt(path: string): Promise<ClamdConf | null> {
  try {
    return readClamdConf(path, (await readAtMost(path, MAX_CONF_BYTES)).toString('utf8'));
  } catch {
    return null; // Not there, not for us, or no configuration: nothing is known then.
  }
}

function listensAt(conf: ClamdConf, address: ClamdAddress): boolean {
  if (address.kind === 'unix') return plain(conf.value('LocalSocket')) === plain(address.path);
  return isLoopback(address.host) && Number(conf.value('TCPSocket')) === address.port;
}

/** /var/run is a link to /run on every system that has both. */
function plain(path: string | null): string | null {
  return path === null ? null : path.replace(/^\/var\/run\//, '/run/');
}
