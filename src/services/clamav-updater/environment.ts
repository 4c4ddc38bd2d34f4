import { z } from 'zod';
import { parseClamdAddress, type ClamdAddress } from '../../analyze/clamav/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { LOG_LEVELS } from '../../observe/index.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = 'a time such as 90s, 15m, 24h or 7d';
const duration = (minMs: number, maxMs: number, bounds: string): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,9}[smhd]$/, DURATION)
    .transform((text) => Number.parseInt(text, 10) * (UNITS[text.slice(-1)] ?? 1))
    .pipe(z.number().min(minMs, `${DURATION}, ${bounds}`).max(maxMs, `${DURATION}, ${bounds}`));

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'a port from 0 to 65535')
  .transform(Number)
  .pipe(z.number().max(65_535, 'a port from 0 to 65535'));
const text = z.string().max(4096, 'a text of at most 4096 characters');
/** `docker run --name` allows no others. */
const containerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'the name of a container');
const socket = z
  .string()
  .regex(/^unix:\/\/\//, 'unix:///PATH (engines on other machines are not used)')
  .transform((url) => url.slice('unix://'.length));
const bool = z
  .enum(['true', 'false', '1', '0'], 'true, false, 1 or 0')
  .transform((value) => value === 'true' || value === '1');

const HOUR_MS = 3_600_000;

/** Every variable of the service, its type and what it is without one. */
export const UPDATER_VARIABLES = {
  HOST: {
    schema: text,
    fallback: null,
    doc: 'address to listen on (127.0.0.1; 0.0.0.0 in our containers); default-route: see docs/configuration.md',
  },
  PORT: { schema: port, fallback: '8082', doc: 'port to listen on' },
  CLAMAV_HOST: {
    schema: text,
    fallback: 'clamav',
    doc: 'where clamd listens, to be told of new signatures; or unix:/PATH',
  },
  CLAMAV_PORT: { schema: port, fallback: '3310', doc: 'its port' },
  CLAMAV_CONTAINER: { schema: containerName, fallback: 'clamav', doc: 'container that freshclam is run in' },
  UPDATE_RUNTIME: {
    schema: z.enum(['auto', 'podman', 'docker', 'freshclam'], 'auto, podman, docker or freshclam'),
    fallback: 'auto',
    doc: 'where freshclam is run; auto: Podman, then Docker, then this machine',
  },
  UPDATE_TIMEOUT: {
    schema: duration(1000, 24 * HOUR_MS, 'a day at most'),
    fallback: '15m',
    doc: 'for one update',
  },
  UPDATE_EVERY: {
    schema: duration(HOUR_MS, 30 * 24 * HOUR_MS, 'an hour at least and 30 days at most'),
    fallback: null,
    doc: 'update by itself so often (an hour at least); unset: only when asked',
  },
  FRESHCLAM_CONFIG: { schema: text, fallback: null, doc: "configuration of this machine's freshclam" },
  CONTAINER_HOST: { schema: socket, fallback: null, doc: "Podman's socket" },
  DOCKER_HOST: { schema: socket, fallback: null, doc: "Docker's socket" },
  API_TOKEN: { schema: text, fallback: null, doc: 'token wanted for everything but /health' },
  API_TOKEN_FILE: { schema: text, fallback: null, doc: 'file that holds it' },
  DATA_DIR: {
    schema: text,
    fallback: null,
    doc: 'where a token is made when a socket is used and none is set (./data, else /data)',
  },
  ALLOW_ANONYMOUS: {
    schema: bool,
    fallback: 'false',
    doc: 'no token: beyond loopback, or with the socket of a runtime',
  },
  LOG_LEVEL: {
    schema: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`),
    fallback: 'info',
    doc: 'least severity that is logged',
  },
  BACKUPLENS_CONTAINER: { schema: bool, fallback: 'false', doc: 'set in our images' },
  XDG_RUNTIME_DIR: { schema: text, fallback: null, doc: "where Podman's socket of a user lies" },
  PATH: { schema: text, fallback: '', doc: 'where freshclam is looked for' },
} as const;

export interface UpdaterEnvironment {
  readonly host: string;
  readonly port: number;
  readonly clamd: ClamdAddress;
  readonly container: string;
  readonly runtime: 'auto' | 'podman' | 'docker' | 'freshclam';
  readonly timeoutMs: number;
  /** null: never by itself. */
  readonly everyMs: number | null;
  readonly freshclamConfig: string | null;
  readonly podmanSocket: string | null;
  readonly dockerSocket: string | null;
  readonly token: string | null;
  /** Holds the token; stands above `token`. */
  readonly tokenFile: string | null;
  readonly allowAnonymous: boolean;
  /** null: the usual place. */
  readonly dataDir: string | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly userRuntimeFolder: string | null;
  readonly path: string;
}

/** Throws BL_USAGE for a socket's path that is none. */
function addressOf(host: string, tcpPort: number): ClamdAddress {
  return host.startsWith('unix:') ? parseClamdAddress(host) : { kind: 'tcp', host, port: tcpPort };
}

type Name = keyof typeof UPDATER_VARIABLES;
type ValueOf<N extends Name> = z.output<(typeof UPDATER_VARIABLES)[N]['schema']>;

/** `BACKUPLENS_NAME` wins over `NAME`. Throws BL_CONFIG with all that is wrong, one line each. */
export function readEnvironment(): UpdaterEnvironment {
  const problems: string[] = [];
  const get = <N extends Name>(name: N): ValueOf<N> | null => {
    const { schema, fallback } = UPDATER_VARIABLES[name];
    const written = process.env[`BACKUPLENS_${name}`] ?? process.env[name];
    const given = written === undefined || written === '' ? fallback : written;
    if (given === null) return null;
    const parsed = z.safeParse(schema, given);
    // The table pairs each name with its own schema; the compiler cannot follow that through the index.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    if (parsed.success) return parsed.data as ValueOf<N>;
    const shown = name.includes('TOKEN') ? '[redacted]' : JSON.stringify(given.slice(0, 100));
    problems.push(`${name}: expected ${parsed.error.issues[0]?.message ?? 'another value'}, got ${shown}`);
    return null;
  };
  const environment: UpdaterEnvironment = {
    host: get('HOST') ?? (get('BACKUPLENS_CONTAINER') === true ? '0.0.0.0' : '127.0.0.1'),
    port: get('PORT') ?? 8082,
    clamd: addressOf(get('CLAMAV_HOST') ?? 'clamav', get('CLAMAV_PORT') ?? 3310),
    container: get('CLAMAV_CONTAINER') ?? 'clamav',
    runtime: get('UPDATE_RUNTIME') ?? 'auto',
    timeoutMs: get('UPDATE_TIMEOUT') ?? 0,
    everyMs: get('UPDATE_EVERY'),
    freshclamConfig: get('FRESHCLAM_CONFIG'),
    podmanSocket: get('CONTAINER_HOST'),
    dockerSocket: get('DOCKER_HOST'),
    token: get('API_TOKEN'),
    tokenFile: get('API_TOKEN_FILE'),
    allowAnonymous: get('ALLOW_ANONYMOUS') ?? false,
    dataDir: get('DATA_DIR'),
    logLevel: get('LOG_LEVEL') ?? 'info',
    userRuntimeFolder: get('XDG_RUNTIME_DIR'),
    path: get('PATH') ?? '',
  };
  if (problems.length > 0) throw new BackupLensError('BL_CONFIG', problems.join('\n'));
  return environment;
}

/** A line for each, for `--help`. */
export function describeEnvironment(): string {
  return Object.entries(UPDATER_VARIABLES)
    .filter(([name]) => name !== 'PATH')
    .map(
      ([name, { fallback, doc }]) => `  ${name.padEnd(22)}${doc}${fallback === null ? '' : ` (${fallback})`}`,
    )
    .join('\n');
}
