import {
  cacheDoubt,
  findClamd,
  findClamdConf,
  parseClamdAddress,
  provenBytes,
  type ClamdAddress,
  type ClamdConf,
} from '../../analyze/clamav/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { isLoopback } from '../../domain/index.ts';
import { counted, size } from '../../report/index.ts';
import { fail, ok, warn } from './check.ts';
import { checkClamdConf } from './check-clamd-conf.ts';
import { checkDatabase } from './check-database.ts';

/** To an address where nobody answers; there may be two. */
const PROBE_MS = 4000;
/** As much as one stream is tried with: what Debian's limits hide shows far below, and it takes a second of CPU. */
const TRIED_BYTES = 100 * 2 ** 20;
/** Smaller windows lose signatures that need a whole program or document. */
const ENOUGH_BYTES = TRIED_BYTES;

type Settings = Pick<EffectiveConfig, 'clamd' | 'clamdCanary' | 'clamdConf' | 'clamdMaxAgeDays'>;

/** ClamAV: whether it is there and finds anything, how old its signatures are, and what it does not look at. */
export async function checkClamd(settings: Settings): Promise<readonly HealthCheck[]> {
  const [first, ...more] = settings.clamd.value.map((address) => parseClamdAddress(address));
  if (first === undefined) {
    const todo = 'leave --clamd and CLAMD_HOST away, or say where it is';
    return [warn('clamd', 'ClamAV is switched off: every report has a gap for it', todo)];
  }
  const found = await findClamd([first, ...more], {
    canary: settings.clamdCanary.value,
    conf: settings.clamdConf.value,
    deadline_ms: PROBE_MS,
  });
  const { address, canary, state, threads } = found;
  const facts = {
    status: state.status,
    version: state.version,
    address: state.address,
    threads,
    signatures: state.signatures,
    database_time: state.database_time,
  };
  const where = state.address ?? settings.clamd.value.join(', ');
  if (state.status === 'unavailable') {
    const what = `ClamAV is away (${where}): ${state.detail ?? ''}; what is approved is provisional`;
    const todo =
      'start clamd (Debian: apt-get install clamav-daemon), say where it is (CLAMD_HOST, CLAMD_PORT), or turn it off (CLAMD_HOST=off)';
    return [
      settings.clamd.origin === 'default'
        ? warn('clamd', what, todo, facts)
        : fail('clamd', what, todo, facts),
    ];
  }
  if (state.status === 'failed') {
    const todo = 'look at its log; whatever answers there is not believed, and everything goes to review';
    return [fail('clamd', `ClamAV at ${where} failed: ${state.detail ?? ''}`, todo, facts)];
  }
  const conf = await findClamdConf(address, settings.clamdConf.value);
  return [
    state.status === 'ok'
      ? ok(
          'clamd',
          `${state.version} at ${where} finds its canary${threads === null ? '' : `, with ${counted(threads, 'thread')}`}`,
          facts,
        )
      : warn(
          'clamd',
          `${state.version} at ${where} answers, and is not proven: ${state.detail ?? ''}`,
          'give it the official signatures (freshclam), or name harmless text that its database knows: CLAMD_CANARY',
          facts,
        ),
    ...(await checkDatabase(state, conf, settings.clamdMaxAgeDays.value)),
    await checkSize(address, canary),
    checkCache(state.version, conf),
    ...exposure(address),
    ...checkClamdConf(conf),
  ];
}

async function checkSize(address: ClamdAddress, canary: Buffer | null): Promise<HealthCheck> {
  const id = 'clamd-size';
  const todo =
    'set StreamMaxLength, MaxFileSize and MaxScanSize as in config/clamav/clamd.conf, and restart clamd';
  if (canary === null) {
    return warn(
      id,
      'without a canary nobody knows how much of a file it looks at: 20 MiB at a time are sent',
      todo,
    );
  }
  const proven = await provenBytes(address, canary, TRIED_BYTES);
  const facts = { proven_bytes: proven, tried_bytes: TRIED_BYTES };
  if (proven === 0) {
    const what =
      'its canary is only known at the beginning of a file: nothing proves how much it looks at, 20 MiB at a time are sent';
    return warn(id, what, todo, facts);
  }
  return proven >= ENOUGH_BYTES
    ? ok(id, `it looks at ${size(proven)} of a file and more in one stream`, facts)
    : warn(
        id,
        `it looks at ${size(proven)} of a file at most: larger ones go in windows, which whole-file signatures do not see`,
        todo,
        facts,
      );
}

function checkCache(version: string | null, conf: ClamdConf | null): HealthCheck {
  const doubt = cacheDoubt(version, conf);
  if (doubt === null) return ok('clamd-cache', 'no answer comes from a cache that can be deceived');
  return warn(
    'clamd-cache',
    doubt,
    'write DisableCache yes into its clamd.conf and restart it; where it lies elsewhere, CLAMD_CONF names it',
  );
}

/** Whoever reaches a clamd can shut it down, and sees what is sent to it. */
function exposure(address: ClamdAddress): HealthCheck[] {
  if (address.kind === 'unix' || isLoopback(address.host)) return [];
  const what = `what is scanned goes to ${address.host} unencrypted, and whoever reaches that port can shut clamd down`;
  return [warn('clamd-network', what, 'let nobody else into that network, or use a socket on this machine')];
}
