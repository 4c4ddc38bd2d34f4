import { join, resolve } from 'node:path';
import { localFirst, readToken } from '../../config/index.ts';
import { ownToken } from '../../config/tokens/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { listen, onceTold, refuseExposure } from '../../http/index.ts';
import { openLog } from '../../observe/index.ts';
import { describeAddress } from '../../analyze/clamav/index.ts';
import { ADVICE } from './advice.ts';
import { createApp } from './app.ts';
import { clamdDaemon } from './clamd-daemon.ts';
import { readEnvironment, type UpdaterEnvironment } from './environment.ts';
import { findRuntimes, type Found } from './find-runtimes.ts';
import { schedule } from './schedule.ts';
import { UpdaterMetrics } from './updater-metrics.ts';
import { Updater } from './updater.ts';

const SHUTDOWN_MS = 20_000;

/** Who may have something run over it is root on this machine, whatever it is (ATTACKS C9). */
function holdsSocket({ runtimes }: Found): boolean {
  return runtimes.some(({ name }) => name !== 'freshclam');
}

async function madeToken({
  dataDir,
}: UpdaterEnvironment): Promise<{ readonly token: string; readonly path: string }> {
  const folder = dataDir === null ? localFirst(process.cwd(), './data', '/data') : resolve(dataDir);
  try {
    return { token: await ownToken(folder), path: join(folder, 'api-token') };
  } catch (cause) {
    throw new BackupLensError(
      'BL_CONFIG',
      `with the socket of a container runtime a token is wanted, and none can be made in ${folder}: ${inWords(cause)}`,
      {
        hint: 'set API_TOKEN_FILE, or DATA_DIR, or UPDATE_RUNTIME=freshclam; ALLOW_ANONYMOUS=true does without a token',
        cause,
      },
    );
  }
}

/** The service, from its environment until it is told to end. */
export async function serve(): Promise<void> {
  const environment = readEnvironment();
  const { host, clamd, everyMs } = environment;
  const given = readToken('API_TOKEN', { token: environment.token, file: environment.tokenFile });
  const { allowAnonymous } = environment;
  refuseExposure({ host, token: given, allowAnonymous });
  const found = findRuntimes(environment);
  const made = given === null && !allowAnonymous && holdsSocket(found) ? await madeToken(environment) : null;
  const token = given ?? made?.token ?? null;
  const access = { host, token, allowAnonymous, open: ['/health'] };
  const log = openLog({ name: 'clamav-updater', level: environment.logLevel });
  const metrics = new UpdaterMetrics();
  const daemon = clamdDaemon(clamd);
  const advice = ADVICE[environment.runtime];
  const updater = new Updater({ ...found, daemon, timeoutMs: environment.timeoutMs, advice });
  const app = createApp({
    updater,
    daemon,
    clamavHost: describeAddress(clamd),
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
  const unschedule = everyMs === null ? null : schedule(everyMs, updateByItself);
  onceTold(async () => {
    log.info('shutting down');
    unschedule?.();
    updater.stop();
    await app.close();
  }, SHUTDOWN_MS);
  log.info('listening', {
    url: await listen(app, environment),
    runtime: updater.runtime,
    token: token !== null,
  });
  if (made !== null) {
    log.warn(
      'a socket of a container runtime is root on this machine: updates want the token that was made',
      {
        runtime: updater.runtime,
        token_file: made.path,
      },
    );
  }
  if (updater.runtime === null)
    log.warn('nothing to run freshclam with', { missing: found.missing.join('; '), advice });
}
