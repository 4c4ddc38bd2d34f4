import type { ClamavState } from '../../domain/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { ask, identityOf } from './ask.ts';
import { eicarTestString, nameOfCanary, sendCanary } from './canary.ts';
import { ClamdConnection } from './connection.ts';

const PROBE_MS = 10_000;
const CONNECT_MS = 5_000;

export interface ProbeOptions {
  /** Bytes that this clamd's database is said to name. At most 1 MiB. Without any, EICAR is tried. */
  readonly canary?: Buffer | string | null;
  /** For all of it together; 10 s. */
  readonly deadline_ms?: number;
}

/** A clamd as it answered. */
export interface ProbedClamd {
  readonly state: ClamavState;
  /** What it was seen to find; null: nothing that we know of. */
  readonly canary: Buffer | null;
}

/** Asks clamd who it is, and proves by a canary that it finds anything at all. Ends within its deadline. */
export async function probeClamd(address: ClamdAddress, options: ProbeOptions = {}): Promise<ProbedClamd> {
  const total = options.deadline_ms ?? PROBE_MS;
  const end = performance.now() + total;
  const left = () => Math.max(1, end - performance.now());
  const blank = { version: null, address: describeAddress(address), database_time: null };
  const failed = (detail: string, known: typeof blank | ClamdIdentity = blank): ProbedClamd => ({
    state: { ...known, status: 'failed', detail },
    canary: null,
  });

  const connection = await ClamdConnection.connect(address, Math.min(CONNECT_MS, total));
  if ('refused' in connection) {
    return { state: { ...blank, status: 'unavailable', detail: connection.refused }, canary: null };
  }
  try {
    const pong = await ask(connection, 'PING', left());
    if (pong.failed !== null) return failed(pong.failed);
    if (pong.text !== 'PONG') return failed(`it answered PING with ${quote(pong.text)}`);
    const said = await ask(connection, 'VERSION', left());
    if (said.failed !== null) return failed(said.failed);
    const { version, time } = identityOf(said.text);
    const known = { ...blank, version, database_time: time };

    const promised = options.canary ?? null;
    const canary = promised === null ? eicarTestString() : Buffer.from(promised);
    const deadlines = { stall_ms: left(), reply_ms: left() };
    const sighting = await sendCanary(connection, canary, canary.length, deadlines);
    if (sighting.kind === 'found') return { state: { ...known, status: 'ok', detail: null }, canary };
    if (sighting.kind === 'failed') return failed(sighting.detail, known);
    if (promised !== null) {
      return failed(`it does not find ${nameOfCanary(canary)}, which its database is said to name`, known);
    }
    const detail = 'EICAR is not in its database: that it finds nothing proves nothing';
    return { state: { ...known, status: 'unproven', detail }, canary: null };
  } finally {
    connection.destroy();
  }
}

type ClamdIdentity = Pick<ClamavState, 'version' | 'address' | 'database_time'>;

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
