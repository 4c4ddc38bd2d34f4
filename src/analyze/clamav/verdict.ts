import { type ClamdConnection, seconds } from './connection.ts';
import { END_OF_STREAM, chunksOf } from './instream.ts';
import { type Answer, odd, readAnswer } from './reply.ts';
import type { ClamdTimeouts } from './timeouts.ts';

/** How one stream ended. */
export type Verdict =
  | Answer
  /** It went away without a word. */
  | { readonly kind: 'gone'; readonly detail: string }
  | { readonly kind: 'late'; readonly detail: string };

/** Sends `bytes` as one whole stream, in one system call where they fit, and waits for the verdict. */
export async function streamWhole(
  connection: ClamdConnection,
  bytes: Buffer,
  deadlines: Pick<ClamdTimeouts, 'stall_ms' | 'reply_ms' | 'cut_reply_ms'>,
): Promise<Verdict> {
  const parts = [connection.begin('INSTREAM'), ...chunksOf(bytes), END_OF_STREAM];
  const complete = await connection.send(parts, deadlines.stall_ms, true);
  return awaitVerdict(connection, complete ? deadlines.reply_ms : deadlines.cut_reply_ms);
}

/** The verdict on the stream that was sent last, whole or cut. */
export async function awaitVerdict(connection: ClamdConnection, deadlineMs: number): Promise<Verdict> {
  const reply = await connection.reply(deadlineMs);
  if (reply.kind === 'odd') return reply;
  if (reply.kind === 'late') {
    return { kind: 'late', detail: `it did not answer within ${seconds(deadlineMs)}` };
  }
  if (reply.kind === 'whole') {
    const answer = readAnswer(reply.raw, connection.requestId);
    const judged = answer.kind === 'clean' || answer.kind === 'found';
    return judged && connection.answeredEarly
      ? { kind: 'odd', detail: 'it answered before the last byte' }
      : answer;
  }
  if (reply.received.length === 0) return { kind: 'gone', detail: reply.detail };
  // Without its NUL a reply may be a part of one: it is no verdict, but why clamd gave up is worth having.
  const text = Buffer.from(reply.received.toString('latin1').trimEnd(), 'latin1');
  const answer = readAnswer(text, connection.requestId);
  return answer.kind === 'error' || answer.kind === 'stale' ? answer : odd(reply.received);
}
