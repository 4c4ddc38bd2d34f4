import type { ClamavState } from '../../domain/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { type ProbeOptions, type ProbedClamd, probeClamd } from './probe.ts';

/**
 * The first candidate that is not unavailable, with its state. When all are: the first of them, with what was
 * tried in `detail`.
 */
export async function findClamd(
  candidates: readonly [ClamdAddress, ...ClamdAddress[]],
  options: ProbeOptions = {},
): Promise<{ readonly address: ClamdAddress } & ProbedClamd> {
  const tried: string[] = [];
  let last: ClamavState | null = null;
  for (const address of candidates) {
    const probed = await probeClamd(address, options);
    const { state } = probed;
    if (state.status !== 'unavailable') return { address, ...probed };
    last = state;
    tried.push(`${describeAddress(address)}: ${state.detail}`);
  }
  const [first] = candidates;
  return {
    address: first,
    canary: null,
    state: {
      status: 'unavailable',
      version: null,
      address: candidates.length === 1 ? describeAddress(first) : null,
      database_time: null,
      detail: candidates.length === 1 ? (last?.detail ?? null) : tried.join('; '),
    },
  };
}
