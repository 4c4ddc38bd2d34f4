import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import {
  loadEngine,
  MAX_ABOUT_BYTES,
  ScanTimedOut,
  type Externals,
  type RuleSet,
} from '../../analyze/yara/load-engine.ts';
import { receive, send, sendSoon } from './blocking-wire.ts';
import { answerOf } from './engine-answer.ts';
import {
  ANSWER,
  ASK,
  MAX_INLINE_BYTES,
  MAX_SET_BYTES,
  MAX_WINDOW_BYTES,
  type FileWindow,
  type Load,
} from './engine-wire.ts';

/**
 * An engine process: loads the compiled rules that it is sent, then scans one thing at a time, synchronously.
 * Asynchronous native calls cost 60 times more, and a native scan that hangs or crashes takes only this process with
 * it. Any exception ends it: the pool starts another.
 */
const MAX_MATCHES_PER_PATTERN = 100;

const told = Buffer.allocUnsafeSlow(MAX_ABOUT_BYTES);
const inline = Buffer.allocUnsafeSlow(MAX_INLINE_BYTES);
/** Made when first needed: most engines never see a large file. */
let window: Buffer | null = null;
let rules: RuleSet | null = null;
let readsMd5 = false;

async function load({ engine, scanTimeoutMs, reads }: Load, set: Buffer): Promise<void> {
  const loaded = await loadEngine(engine);
  rules = loaded.load(set, { scanTimeoutMs, maxMatchesPerPattern: MAX_MATCHES_PER_PATTERN, reads });
  readsMd5 = reads.includes('md5');
  send(ANSWER.ready, Buffer.from(loaded.version));
}

/** `whole`: all of an artifact, and not a part. */
function scan(bytes: Buffer, about: Externals, whole: boolean): void {
  if (rules === null) throw new Error('asked to scan before rules were loaded');
  try {
    const md5 = readsMd5 && whole ? createHash('md5').update(bytes).digest('hex') : '';
    sendSoon(ANSWER.matches, answerOf(rules.scan(bytes, { ...about, md5 }), bytes));
  } catch (error) {
    if (!(error instanceof ScanTimedOut)) throw error;
    sendSoon(ANSWER.timedOut, Buffer.from(error.message));
  }
}

/** Reads, and never maps: a mapped file that somebody empties would end this process (ATTACKS A1). */
function scanWindow({ path, offset, length, identity, followLink, about }: FileWindow): void {
  if (length > MAX_WINDOW_BYTES) throw new Error(`asked for a window of ${length} bytes`);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (followLink ? 0 : constants.O_NOFOLLOW));
  } catch (error) {
    sendSoon(ANSWER.unreadable, Buffer.from(wordsFor(error)));
    return;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return sendSoon(ANSWER.unreadable, Buffer.from('not a regular file'));
    const same =
      identity === null ||
      (String(stat.dev) === identity.dev &&
        String(stat.ino) === identity.ino &&
        stat.size === BigInt(identity.size));
    if (!same) return sendSoon(ANSWER.changed, Buffer.from('this is not the file that was opened'));
    const target = length <= inline.length ? inline : (window ??= Buffer.allocUnsafeSlow(MAX_WINDOW_BYTES));
    let filled = 0;
    while (filled < length) {
      const got = readSync(fd, target, filled, length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    if (filled < length) return sendSoon(ANSWER.changed, Buffer.from('the file became shorter'));
    scan(target.subarray(0, filled), about, offset === 0 && BigInt(length) === stat.size);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'read')) throw error;
    sendSoon(ANSWER.unreadable, Buffer.from(wordsFor(error)));
  } finally {
    closeSync(fd);
  }
}

/** The system's code only: its message would show a path. */
function wordsFor(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
}

/** Room for a message; only compiled rules may be large. */
function room(kind: number, about: number, payload: number): readonly [Buffer, Buffer] {
  if (about > told.length || payload > (kind === ASK.load ? MAX_SET_BYTES : inline.length)) {
    throw new Error(`${about} and ${payload} bytes were sent`);
  }
  const target = kind === ASK.load ? Buffer.allocUnsafeSlow(payload) : inline.subarray(0, payload);
  return [told.subarray(0, about), target];
}

const NOTHING: Externals = {};

for (let message = receive(room); message !== null; message = receive(room)) {
  const { kind, about, payload } = message;
  if (kind === ASK.bytes) scan(payload, about.length === 0 ? NOTHING : JSON.parse(about.toString()), true);
  else if (kind === ASK.window) scanWindow(JSON.parse(payload.toString()));
  else if (kind === ASK.load) await load(JSON.parse(about.toString()), payload);
  else throw new Error(`asked for ${kind}`);
}
