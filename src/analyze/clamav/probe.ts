import { nameFromBytes } from '../../bytes/index.ts';
import type { ClamavState } from '../../domain/index.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { eicarTestString } from './canary.ts';
import { ClamdConnection } from './connection.ts';
import { databaseTime } from './database-time.ts';
import { odd } from './reply.ts';
import { streamWhole } from './verdict.ts';

const PROBE_MS = 10_000;
const CONNECT_MS = 5_000;
const MAX_VERSION_LENGTH = 200;

export interface ProbeOptions {
  /** Bytes that this clamd's database is known to name, where it does not name EICAR. At most 1 MiB. */
  readonly canary?: Buffer | string;
  /** For all of it together; 10 s. */
  readonly deadline_ms?: number;
}

/** Asks clamd who it is, and proves by a canary that it finds anything at all. Ends within its deadline. */
export async function probeClamd(address: ClamdAddress, options: ProbeOptions = {}): Promise<ClamavState> {
  const total = options.deadline_ms ?? PROBE_MS;
  const end = performance.now() + total;
  const left = () => Math.max(1, end - performance.now());
  const blank = { version: null, address: describeAddress(address), database_time: null };

  const connection = await ClamdConnection.connect(address, Math.min(CONNECT_MS, total));
  if ('refused' in connection) return { ...blank, status: 'unavailable', detail: connection.refused };
  try {
    const pong = await ask(connection, 'PING', left());
    if (pong.failed !== null) return { ...blank, status: 'failed', detail: pong.failed };
    if (pong.text !== 'PONG')
      return { ...blank, status: 'failed', detail: `it answered PING with ${quote(pong.text)}` };
    const said = await ask(connection, 'VERSION', left());
    if (said.failed !== null) return { ...blank, status: 'failed', detail: said.failed };
    const version = said.text.slice(0, MAX_VERSION_LENGTH);
    const known = { ...blank, version, database_time: databaseTime(said.text) };

    const canaries = [
      eicarTestString(),
      ...(options.canary === undefined ? [] : [Buffer.from(options.canary)]),
    ];
    for (const canary of canaries) {
      const deadlines = { stall_ms: left(), reply_ms: left(), cut_reply_ms: left() };
      const verdict = await streamWhole(connection, canary, deadlines);
      if (verdict.kind === 'found') return { ...known, status: 'ok', detail: null };
      if (verdict.kind !== 'clean') {
        const detail =
          'detail' in verdict ? verdict.detail : verdict.kind === 'error' ? verdict.text : 'it hung up';
        return { ...known, status: 'failed', detail };
      }
    }
    const detail = 'its canary is not in the database: what it does not find proves nothing';
    return { ...known, status: 'unproven', detail };
  } finally {
    connection.destroy();
  }
}

type Said = { readonly failed: null; readonly text: string } | { readonly failed: string };

/** One question with an answer of one line. */
async function ask(connection: ClamdConnection, command: string, deadlineMs: number): Promise<Said> {
  await connection.send([connection.begin(command)], deadlineMs, true);
  const reply = await connection.reply(deadlineMs);
  if (reply.kind === 'late') return { failed: `it did not answer ${command} in time` };
  if (reply.kind === 'odd') return { failed: reply.detail };
  if (reply.kind === 'closed' && reply.received.length === 0) return { failed: reply.detail };
  const raw = reply.kind === 'whole' ? reply.raw : reply.received;
  const prefix = `${connection.requestId}: `;
  if (reply.kind === 'closed' || raw.toString('latin1', 0, prefix.length) !== prefix)
    return { failed: odd(raw).detail };
  return { failed: null, text: nameFromBytes(raw.subarray(prefix.length)) };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
