import { nameFromBytes } from '../../bytes/index.ts';
import type { ClamdAddress } from './address.ts';
import { ClamdConnection, type Reply } from './connection.ts';
import { databaseTime } from './database-time.ts';
import { odd } from './reply.ts';

const MAX_VERSION_LENGTH = 200;

/** What clamd answered to a command, or why it did not. */
export type Said = { readonly failed: null; readonly text: string } | { readonly failed: string };

/** One question with an answer of one line, over a connection of its own: `VERSION`, `RELOAD`. */
export async function askClamd(
  address: ClamdAddress,
  command: 'PING' | 'VERSION' | 'RELOAD',
  deadlineMs: number,
): Promise<Said> {
  const connection = await ClamdConnection.connect(address, deadlineMs);
  if ('refused' in connection) return { failed: connection.refused };
  try {
    // RELOAD is refused within a session.
    await connection.send([Buffer.from(`z${command}\0`)], deadlineMs, true);
    return lineOf(await connection.reply(deadlineMs), command, '');
  } finally {
    connection.destroy();
  }
}

/** The signatures that clamd uses, as it says itself; null when it does not answer. */
export async function clamdDatabase(
  address: ClamdAddress,
  deadlineMs: number,
): Promise<{ readonly version: string; readonly time: string | null } | null> {
  const said = await askClamd(address, 'VERSION', deadlineMs);
  return said.failed === null ? identityOf(said.text) : null;
}

/** Of an answer to VERSION. */
export function identityOf(text: string): { readonly version: string; readonly time: string | null } {
  return { version: text.slice(0, MAX_VERSION_LENGTH), time: databaseTime(text) };
}

/** One question with an answer of one line, within the connection's session. */
export async function ask(connection: ClamdConnection, command: string, deadlineMs: number): Promise<Said> {
  await connection.send([connection.begin(command)], deadlineMs, true);
  return lineOf(await connection.reply(deadlineMs), command, `${connection.requestId}: `);
}

function lineOf(reply: Reply, command: string, prefix: string): Said {
  if (reply.kind === 'late') return { failed: `it did not answer ${command} in time` };
  if (reply.kind === 'odd') return { failed: reply.detail };
  if (reply.kind === 'closed' && reply.received.length === 0) return { failed: reply.detail };
  const raw = reply.kind === 'whole' ? reply.raw : reply.received;
  if (reply.kind === 'closed' || raw.toString('latin1', 0, prefix.length) !== prefix)
    return { failed: odd(raw).detail };
  return { failed: null, text: nameFromBytes(raw.subarray(prefix.length)) };
}
