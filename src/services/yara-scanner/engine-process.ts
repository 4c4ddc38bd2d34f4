import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { loadEngine, ScanTimedOut, type RuleSet } from '../../analyze/yara/load-engine.ts';
import { answerOf } from './engine-answer.ts';
import {
  ANSWER,
  ASK,
  HEADER_BYTES,
  MAX_INLINE_BYTES,
  MAX_LOAD_BYTES,
  MAX_WINDOW_BYTES,
  header,
  type Compiled,
  type FileWindow,
  type Load,
} from './engine-wire.ts';

/**
 * An engine process: compiles the rules it is sent, then scans one thing at a time, synchronously. Asynchronous
 * native calls cost 60 times more, and a native scan that hangs or crashes takes only this process with it. Any
 * exception ends it: the pool starts another.
 */

/** The socket pair to the front. It is a blocking one, and its end means that the front is gone. */
const FRONT_FD = 3;
const MAX_MATCHES_PER_PATTERN = 100;

const head = Buffer.alloc(HEADER_BYTES);
const inline = Buffer.allocUnsafeSlow(MAX_INLINE_BYTES);
/** Made when first needed: most engines never see a large file. */
let window: Buffer | null = null;
let rules: RuleSet | null = null;

/** False when the front is gone. */
function receive(target: Buffer): boolean {
  for (let filled = 0; filled < target.length;) {
    const got = readSync(FRONT_FD, target, filled, target.length - filled, null);
    if (got === 0) return false;
    filled += got;
  }
  return true;
}

function send(kind: number, payload: Buffer): void {
  const message = Buffer.concat([header(kind, payload.length), payload]);
  for (let sent = 0; sent < message.length;) sent += writeSync(FRONT_FD, message, sent);
}

async function load({ files, engine, scanTimeoutMs }: Load): Promise<void> {
  const loaded = await loadEngine(engine);
  rules = loaded.compile(files, { scanTimeoutMs, maxMatchesPerPattern: MAX_MATCHES_PER_PATTERN });
  const compiled: Compiled = {
    version: loaded.version,
    rules: rules.rules,
    ruleFiles: rules.ruleFiles,
    rejected: rules.rejected,
  };
  send(ANSWER.ready, Buffer.from(JSON.stringify(compiled)));
}

function scan(bytes: Buffer): void {
  if (rules === null) throw new Error('asked to scan before rules were loaded');
  try {
    send(ANSWER.matches, answerOf(rules.scan(bytes)));
  } catch (error) {
    if (!(error instanceof ScanTimedOut)) throw error;
    send(ANSWER.timedOut, Buffer.from(error.message));
  }
}

/** Reads, and never maps: a mapped file that somebody empties would end this process (ATTACKS A1). */
function scanWindow({ path, offset, length, identity, followLink }: FileWindow): void {
  if (length > MAX_WINDOW_BYTES) throw new Error(`asked for a window of ${length} bytes`);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (followLink ? 0 : constants.O_NOFOLLOW));
  } catch (error) {
    send(ANSWER.unreadable, Buffer.from(wordsFor(error)));
    return;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return send(ANSWER.unreadable, Buffer.from('not a regular file'));
    const same =
      identity === null ||
      (String(stat.dev) === identity.dev &&
        String(stat.ino) === identity.ino &&
        stat.size === BigInt(identity.size));
    if (!same) return send(ANSWER.changed, Buffer.from('this is not the file that was opened'));
    const target = length <= inline.length ? inline : (window ??= Buffer.allocUnsafeSlow(MAX_WINDOW_BYTES));
    let filled = 0;
    while (filled < length) {
      const got = readSync(fd, target, filled, length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    if (filled < length) return send(ANSWER.changed, Buffer.from('the file became shorter'));
    scan(target.subarray(0, filled));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'read')) throw error;
    send(ANSWER.unreadable, Buffer.from(wordsFor(error)));
  } finally {
    closeSync(fd);
  }
}

/** The system's code only: its message would show a path. */
function wordsFor(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
}

while (receive(head)) {
  const kind = head.readUInt8(0);
  const length = head.readUInt32LE(1);
  if (length > (kind === ASK.load ? MAX_LOAD_BYTES : MAX_INLINE_BYTES))
    throw new Error(`${length} bytes were sent`);
  const payload = kind === ASK.load ? Buffer.allocUnsafeSlow(length) : inline.subarray(0, length);
  if (!receive(payload)) break;
  if (kind === ASK.bytes) scan(payload);
  else if (kind === ASK.window) scanWindow(JSON.parse(payload.toString()));
  else if (kind === ASK.load) await load(JSON.parse(payload.toString()));
  else throw new Error(`asked for ${kind}`);
}
