import { clamavAway, type ClamavState } from '../../domain/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { findClamdConf } from './clamd-conf.ts';
import { cacheDoubt } from './clean-cache.ts';
import { readDatabaseFolder } from './database-folder.ts';
import { type ProbeOptions, type ProbedClamd, probeClamd } from './probe.ts';

export interface FindOptions extends ProbeOptions {
  /** Where its clamd.conf is; otherwise it is looked for in the usual places. */
  readonly conf?: string | null;
}

/**
 * The first candidate that is not unavailable, with its state. When all are: the first of them, with what was
 * tried in `detail`.
 */
export async function findClamd(
  candidates: readonly [ClamdAddress, ...ClamdAddress[]],
  options: FindOptions = {},
): Promise<{ readonly address: ClamdAddress } & ProbedClamd> {
  const tried: { readonly where: string; readonly detail: string | null }[] = [];
  for (const address of candidates) {
    const probed = await probeClamd(address, options);
    if (probed.state.status !== 'unavailable') {
      return { address, ...probed, state: await withItsFiles(address, probed.state, options.conf ?? null) };
    }
    tried.push({ where: describeAddress(address), detail: probed.state.detail });
  }
  const [first] = candidates;
  const [only] = tried;
  const state =
    tried.length === 1
      ? clamavAway('unavailable', describeAddress(first), only?.detail ?? null)
      : clamavAway('unavailable', null, tried.map(({ where, detail }) => `${where}: ${detail}`).join('; '));
  return { address: first, canary: null, threads: null, state };
}

/** What it does not say itself, from its configuration and its database folder where these can be read. */
async function withItsFiles(
  address: ClamdAddress,
  state: ClamavState,
  given: string | null,
): Promise<ClamavState> {
  const conf = await findClamdConf(address, given);
  const folder = conf?.value('DatabaseDirectory') ?? null;
  const database = folder === null ? null : await readDatabaseFolder(folder);
  const doubt = cacheDoubt(state.version, conf);
  return {
    ...state,
    database_time: state.database_time ?? database?.built ?? null,
    signatures: database?.signatures ?? null,
    caveats: doubt === null ? [] : [doubt],
  };
}
