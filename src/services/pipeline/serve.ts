import { processEnvironment } from '../../config/start/index.ts';
import { ownToken } from '../../config/tokens/index.ts';
import { listen, type Server } from '../../http/index.ts';
import { openLog, type Log } from '../../observe/index.ts';
import { announce } from './announce.ts';
import { createApp, localUrl } from './api/app.ts';
import { Keyring } from './api/keyring.ts';
import { ReadAgain } from './read-again.ts';
import { PipelineService } from './service.ts';
import { readSettings, readSettingsAgain, type ServiceSettings } from './settings.ts';

const DEFAULT_PORT = 8080;
/** Beyond what SHUTDOWN_WITHIN gives to the files, in ms. */
const SHUTDOWN_SLACK_MS = 5000;

const from = { cwd: process.cwd(), env: processEnvironment() };

/** The service, from its settings until it is told to end. Throws what readSettings does. */
export async function serve(): Promise<void> {
  const settings = await readSettings(from);
  const { config, incoming } = settings;
  const log = openLog({ name: 'backuplens-pipeline', level: config.logLevel.value });
  warnOfSettings(settings, log);
  // From here on a signal ends it in order, also one that comes while it starts.
  const end = told();
  const readAgain = new ReadAgain(() => readSettingsAgain(from, incoming));
  process.on('SIGHUP', () => readAgain.ask());
  const service = await PipelineService.start(settings, log);
  readAgain.serve(service);
  let app: Server;
  let withdraw: () => Promise<void>;
  try {
    const keyring = await keyringOf(settings, log);
    app = await createApp({ served: service, keyring, host: settings.access.host, log });
    const port = config.port.value ?? DEFAULT_PORT;
    const address = await listen(app, { host: config.host.value, port });
    withdraw = await announce(config.dataDir.value, { url: localUrl(app), pid: process.pid });
    log.info('watching', { address, version: service.version, untrusted: { incoming: incoming.toString() } });
  } catch (error) {
    await service.close();
    throw error;
  }
  await end;
  log.info('ending');
  const late = setTimeout(() => {
    log.error('not ended in time: what is under way is taken up again at the next start');
    // An exit would wait for every call to a file system that is still out; one that hangs never comes back.
    process.kill(process.pid, 'SIGKILL');
  }, config.shutdownWithin.value + SHUTDOWN_SLACK_MS);
  await withdraw();
  await app.close();
  await service.close();
  clearTimeout(late);
  log.info('ended');
}

async function keyringOf({ config, access }: ServiceSettings, log: Log): Promise<Keyring> {
  const own = await ownToken(config.dataDir.value);
  return Keyring.open({ own, administrator: access.token, tokensFile: config.tokensFile.value, log });
}

async function told(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

/** Settings that other parts of the program will need, or that promise less than they seem: said, so that nobody relies on them. */
function warnOfSettings({ config, outward }: ServiceSettings, log: Log): void {
  if (config.storeUrl.value !== null)
    log.warn('this variable is set and does nothing yet', { variable: 'STORE_URL' });
  if (outward.webhook !== null && outward.webhook.secrets.length === 0)
    log.warn('events are posted without a signature: WEBHOOK_SECRET_FILE is not set');
}
