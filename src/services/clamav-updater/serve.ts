import { readToken } from '../../config/index.ts';
import { listen, onceTold, refuseExposure } from '../../http/index.ts';
import { openLog } from '../../observe/index.ts';
import { describeAddress } from '../../analyze/clamav/index.ts';
import { ADVICE } from './advice.ts';
import { createApp } from './app.ts';
import { clamdDaemon } from './clamd-daemon.ts';
import { readEnvironment } from './environment.ts';
import { findRuntimes } from './find-runtimes.ts';
import { schedule } from './schedule.ts';
import { UpdaterMetrics } from './updater-metrics.ts';
import { Updater } from './updater.ts';

const SHUTDOWN_MS = 20_000;

/** The service, from its environment until it is told to end. */
export async function serve(): Promise<void> {
  const environment = readEnvironment();
  const { host, clamd, everyMs } = environment;
  const token = readToken('API_TOKEN', { token: environment.token, file: environment.tokenFile });
  const access = { host, token, allowAnonymous: environment.allowAnonymous, open: ['/health'] };
  refuseExposure(access);
  const log = openLog({ name: 'clamav-updater', level: environment.logLevel });
  const metrics = new UpdaterMetrics();
  const daemon = clamdDaemon(clamd);
  const advice = ADVICE[environment.runtime];
  const found = findRuntimes(environment);
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
  if (updater.runtime === null)
    log.warn('nothing to run freshclam with', { missing: found.missing.join('; '), advice });
}
