import { parseArgs } from 'node:util';
import { programVersion, readToken } from '../../config/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { listen, onceTold, refuseExposure } from '../../http/index.ts';
import { openLog } from '../../observe/index.ts';
import { createApp } from './app.ts';
import { clamdDaemon } from './clamd-daemon.ts';
import { describeEnvironment, readEnvironment } from './environment.ts';
import { findRuntimes } from './find-runtimes.ts';
import { UpdaterMetrics } from './updater-metrics.ts';
import { Updater } from './updater.ts';

/** The clamav-updater program: has freshclam run where it is asked to, and clamd load what came of it. */
const SHUTDOWN_MS = 20_000;
const ADVICE =
  'install freshclam, give this service the socket of Podman or Docker, or copy databases to ./clamav-db (docs/clamav.md)';

const HELP = `Usage: clamav-updater

Updates ClamAV's signature database when asked to: in the container of clamd over the socket of Podman or Docker, or
with the freshclam of this machine; then has clamd load it. Works without a network until somebody asks for an update.

  curl -X POST http://localhost:8082/update
  curl http://localhost:8082/health

Environment (each may also be given with the prefix BACKUPLENS_, which wins):
${describeEnvironment()}

A socket of Podman or Docker is root on this machine: without a token this service listens on loopback only.
`;

async function serve(): Promise<void> {
  const environment = readEnvironment();
  const { host, clamd, everyMs } = environment;
  const token = readToken('API_TOKEN', { token: environment.token, file: environment.tokenFile });
  const access = { host, token, allowAnonymous: environment.allowAnonymous, open: ['/health'] };
  refuseExposure(access);
  const log = openLog({ name: 'clamav-updater', level: environment.logLevel });
  const metrics = new UpdaterMetrics();
  const daemon = clamdDaemon({ kind: 'tcp', ...clamd });
  const runtimes = findRuntimes(environment);
  const updater = new Updater({ runtimes, daemon, timeoutMs: environment.timeoutMs, advice: ADVICE });
  const app = createApp({
    updater,
    daemon,
    clamavHost: `${clamd.host}:${clamd.port}`,
    access,
    log,
    metrics,
  });
  const updateByItself = async (): Promise<void> => {
    const answer = await updater.update();
    metrics.updated(answer);
    log.info('a scheduled update has ended', {
      result: answer.result,
      untrusted: { message: answer.message },
    });
  };
  const schedule = everyMs === null ? undefined : setInterval(() => void updateByItself(), everyMs);
  onceTold(async () => {
    log.info('shutting down');
    clearInterval(schedule);
    updater.stop();
    await app.close();
  }, SHUTDOWN_MS);
  log.info('listening', {
    url: await listen(app, environment),
    runtime: updater.runtime,
    token: token !== null,
  });
  if (updater.runtime === null) log.warn('nothing to run freshclam with', { advice: ADVICE });
}

const flag = { type: 'boolean', default: false } as const;

function wanted(): { readonly help: boolean; readonly version: boolean } {
  try {
    return parseArgs({ options: { help: { ...flag, short: 'h' }, version: { ...flag, short: 'V' } } }).values;
  } catch (error) {
    throw new BackupLensError('BL_USAGE', error instanceof Error ? error.message : String(error), {
      hint: '--help shows what there is; settings come from the environment',
    });
  }
}

try {
  const { help, version } = wanted();
  if (help) process.stdout.write(HELP);
  else if (version) process.stdout.write(`clamav-updater ${programVersion()}\n`);
  else await serve();
} catch (error) {
  if (!(error instanceof BackupLensError)) throw error;
  const hint = error.hint === null ? '' : `hint: ${error.hint}\n`;
  process.stderr.write(`clamav-updater: ${error.message}\n${hint}`, () => process.exit(2));
}
