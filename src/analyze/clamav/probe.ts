import { clamavAway, type ClamavState } from '../../domain/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { ask, identityOf } from './ask.ts';
import { eicarTestString, nameOfCanary, sendCanary } from './canary.ts';
import { ClamdConnection } from './connection.ts';
import { askStats } from './stats.ts';

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
  /** Streams that it scans at a time; null: it does not say. */
  readonly threads: number | null;
}

/** Asks clamd who it is, and proves by a canary that it finds anything at all. Ends within its deadline. */
export async function probeClamd(address: ClamdAddress, options: ProbeOptions = {}): Promise<ProbedClamd> {
  const total = options.deadline_ms ?? PROBE_MS;
  const end = performance.now() + total;
  const left = () => Math.max(1, end - performance.now());
  const blank = {
    version: null,
    address: describeAddress(address),
    database_time: null,
    signatures: null,
    caveats: [],
  };
  const failed = (detail: string, known: typeof blank | ClamdIdentity = blank): ProbedClamd => ({
    state: { ...known, status: 'failed', detail },
    canary: null,
    threads: null,
  });

  const connection = await ClamdConnection.connect(address, Math.min(CONNECT_MS, total));
  if ('refused' in connection) {
    const state = clamavAway('unavailable', blank.address, connection.refused);
    return { state, canary: null, threads: null };
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
    const threads = sighting.kind === 'failed' ? null : await threadsOf(address, left());
    if (sighting.kind === 'found') {
      return { state: { ...known, status: 'ok', detail: null }, canary, threads };
    }
    if (sighting.kind === 'failed') return failed(sighting.detail, known);
    if (promised !== null) {
      return failed(`it does not find ${nameOfCanary(canary)}, which its database is said to name`, known);
    }
    const detail = 'EICAR is not in its database: that it finds nothing proves nothing';
    return { state: { ...known, status: 'unproven', detail }, canary: null, threads };
  } finally {
    connection.destroy();
  }
}

async function threadsOf(address: ClamdAddress, deadlineMs: number): Promise<number | null> {
  const stats = await askStats(address, deadlineMs);
  return stats === null ? null : stats.max_threads;
}

type ClamdIdentity = Omit<ClamavState, 'status' | 'detail'>;

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
