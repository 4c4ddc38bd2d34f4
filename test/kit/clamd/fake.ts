import { createHash } from 'node:crypto';
import { rm, mkdtemp } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClamdAddress } from '../../../src/analyze/clamav/index.ts';

/** What a clamd can do wrong. Without one it speaks the real protocol and says OK to every stream. */
export type Fault =
  | { readonly kind: 'none' }
  /** Takes everything and never says a word. */
  | { readonly kind: 'silent' }
  /** Does not even read what is sent. */
  | { readonly kind: 'deaf' }
  /** Closes once it has taken so many bytes of a stream; with an RST where that is asked for. */
  | { readonly kind: 'closes'; readonly afterBytes: number; readonly reset?: boolean }
  /** Closes once so many bytes came over a connection, commands and lengths included; 0: at once. */
  | { readonly kind: 'closes_after'; readonly received: number }
  /** Closes without an answer at a stream's end. */
  | { readonly kind: 'closes_at_end' }
  /** Reads so many bytes, says that the limit is exceeded, and closes with what is unread: an RST over TCP. */
  | { readonly kind: 'size_limit'; readonly bytes: number }
  /** Exactly these bytes at a stream's end; `%d` becomes the request's number. */
  | { readonly kind: 'says'; readonly reply: string | Buffer; readonly close?: boolean }
  /** The same, before the stream's end. */
  | { readonly kind: 'says_early'; readonly afterBytes: number; readonly reply: string }
  /** The same, byte by byte, with a pause before each. */
  | { readonly kind: 'says_slowly'; readonly reply: string; readonly pauseMs: number }
  /** The same, after a pause. */
  | { readonly kind: 'says_late'; readonly reply: string; readonly pauseMs: number }
  /** A good answer, and after a pause another one that nobody asked for. */
  | { readonly kind: 'says_more'; readonly reply: string; readonly pauseMs: number }
  /** Keeps its answers until so many streams are whole, then gives them last first: streams of odd length are infected. */
  | { readonly kind: 'says_in_reverse'; readonly together: number }
  /** Never answers a stream of so many bytes. */
  | { readonly kind: 'says_nothing_to'; readonly bytes: number }
  /** A good answer to the first request of a session, then what clamd says when it waited too long for the next. */
  | { readonly kind: 'session_times_out' }
  /** A good answer, and a moment later the connection is closed, as a daemon does that restarts. */
  | { readonly kind: 'closes_when_idle' };

/** One stream as it arrived. */
export interface Received {
  readonly bytes: number;
  readonly sha256: string;
}

export interface FakeClamd {
  readonly address: ClamdAddress;
  /** In the order in which their ends arrived. */
  readonly streams: readonly Received[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Those that stand now. */
  readonly open: number;
  /** The most streams that it had whole and unanswered at a time. */
  readonly mostJudged: number;
  /** Chunks of one byte of all streams so far: what says "still here". */
  readonly drips: number;
  /** How often it was asked for STATS. */
  readonly statsAsked: number;
  /** Streams of others that wait, as STATS tells. */
  setQueue(items: number): void;
  /** From now on, for streams that have not begun. */
  setFault(fault: Fault): void;
  /** Takes no more connections; those that stand go on. */
  refuse(): void;
  stop(): Promise<void>;
}

/** A clamd that speaks the protocol of clamd(8), sessions and INSTREAM, with one scripted fault. */
export async function startFakeClamd(
  options: {
    readonly fault?: Fault;
    readonly unix?: boolean;
    readonly at?: ClamdAddress;
    /** Found at the end of a stream, whatever the fault: it wants to be believed. */
    readonly canary?: Buffer;
    /** As STATS tells; without it STATS is not known. */
    readonly threads?: number;
  } = {},
): Promise<FakeClamd> {
  const state: State = {
    fault: options.fault ?? { kind: 'none' },
    canary: options.canary ?? null,
    threads: options.threads ?? null,
    queue: 0,
    statsAsked: 0,
    drips: 0,
    reloads: 0,
    judged: 0,
    mostJudged: 0,
    streams: [],
    connections: 0,
    open: new Set(),
  };
  const server = createServer((socket) => serve(socket, state));
  const folder = options.unix === true ? await mkdtemp(join(tmpdir(), 'backuplens-fake-')) : null;
  const address = await listen(server, folder, options.at);
  return {
    address,
    streams: state.streams,
    get connections() {
      return state.connections;
    },
    get open() {
      return state.open.size;
    },
    get mostJudged() {
      return state.mostJudged;
    },
    get drips() {
      return state.drips;
    },
    get statsAsked() {
      return state.statsAsked;
    },
    setFault: (fault) => {
      state.fault = fault;
    },
    setQueue: (items) => {
      state.queue = items;
    },
    refuse: () => server.close(),
    stop: async () => {
      for (const socket of state.open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}

interface State {
  fault: Fault;
  readonly canary: Buffer | null;
  readonly threads: number | null;
  queue: number;
  drips: number;
  statsAsked: number;
  /** Each brings a newer database. */
  reloads: number;
  judged: number;
  mostJudged: number;
  readonly streams: Received[];
  connections: number;
  readonly open: Set<Socket>;
}

async function listen(server: Server, folder: string | null, at?: ClamdAddress): Promise<ClamdAddress> {
  if (folder !== null) {
    const path = join(folder, 'fake.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return { kind: 'unix', path };
  }
  await new Promise<void>((resolve) => server.listen(at?.kind === 'tcp' ? at.port : 0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port was bound');
  return { kind: 'tcp', host: '127.0.0.1', port: bound.port };
}

/** One connection: commands ended by NUL, streams as chunks, replies numbered within a session. */
function serve(socket: Socket, state: State): void {
  state.connections++;
  state.open.add(socket);
  socket.on('close', () => state.open.delete(socket));
  socket.on('error', () => {
    // The client went away, which is what many of these tests are about.
  });
  let pending: Buffer = Buffer.alloc(0);
  let session = false;
  let request = 0;
  let stream: Stream | null = null;

  const kept: string[] = [];

  const say = (text: string) => socket.write(`${session ? `${request}: ` : ''}${text}\0`);
  const command = (name: string): void => {
    if (name === 'IDSESSION') {
      session = true;
      return;
    }
    request++;
    if (name === 'INSTREAM')
      stream = {
        hash: createHash('sha256'),
        bytes: 0,
        left: 0,
        fault: state.fault,
        last: Buffer.alloc(0),
      };
    else if (state.fault.kind === 'silent') return;
    else if (state.fault.kind === 'says') socket.write(numbered(state.fault.reply, request));
    else if (name === 'PING') say('PONG');
    else if (name === 'STATS' && state.threads !== null) {
      state.statsAsked++;
      say(statsOf(state.threads, state.queue));
    } else if (name === 'RELOAD') {
      state.reloads++;
      say('RELOADING');
    } else if (name === 'VERSION') say(`ClamAV 9.9.9/${12_345 + state.reloads}/Sun Mar  2 08:30:00 2025`);
    else say('UNKNOWN COMMAND');
  };
  const step = (): boolean => {
    if (stream === null) {
      const end = pending.indexOf(0);
      if (end < 0) return false;
      if (pending[0] !== 0x7a)
        throw new Error(`not framed by z and NUL: ${pending.toString('latin1', 0, 40)}`);
      const name = pending.toString('latin1', 1, end);
      pending = pending.subarray(end + 1);
      command(name);
      return true;
    }
    if (stream.left > 0) {
      if (pending.length === 0) return false;
      const data = pending.subarray(0, stream.left);
      pending = pending.subarray(data.length);
      return take(socket, stream, data, request);
    }
    if (pending.length < 4) return false;
    stream.left = pending.readUInt32BE(0);
    pending = pending.subarray(4);
    if (stream.left > 0) {
      if (stream.left === 1) state.drips++;
      return true;
    }
    const { hash, bytes, fault, last } = stream;
    const isCanary = state.canary !== null && last.equals(state.canary);
    state.streams.push({ bytes, sha256: hash.digest('hex') });
    stream = null;
    if (isCanary) say('stream: Canary FOUND');
    else if (fault.kind === 'session_times_out' && request > 1) socket.end('COMMAND READ TIMED OUT\n');
    else if (fault.kind === 'says_in_reverse') {
      kept.unshift(`${request}: stream: ${bytes % 2 === 1 ? `Length.${bytes} FOUND` : 'OK'}\0`);
      if (kept.length === fault.together) socket.write(kept.join(''));
    } else if (fault.kind === 'says_nothing_to' && fault.bytes === bytes) return true;
    else {
      state.mostJudged = Math.max(state.mostJudged, ++state.judged);
      void answer(socket, fault, request, say).finally(() => state.judged--);
    }
    return true;
  };
  let received = 0;
  if (state.fault.kind === 'closes_after' && state.fault.received === 0) socket.destroy();
  socket.on('data', (data: Buffer) => {
    received += data.length;
    if (state.fault.kind === 'closes_after' && received >= state.fault.received) {
      socket.destroy();
      return;
    }
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    while (!socket.destroyed && step());
  });
  if (state.fault.kind === 'deaf') socket.pause();
}

interface Stream {
  readonly hash: ReturnType<typeof createHash>;
  readonly fault: Fault;
  /** The last piece that came. */
  last: Buffer;
  bytes: number;
  /** Bytes of the current chunk still to come. */
  left: number;
}

function take(socket: Socket, stream: Stream, data: Buffer, request: number): boolean {
  const before = stream.bytes;
  stream.hash.update(data);
  stream.last = Buffer.from(data.subarray(-100));
  stream.bytes += data.length;
  stream.left -= data.length;
  const passed = (mark: number) => before < mark && stream.bytes >= mark;
  const { fault } = stream;
  if (fault.kind === 'closes' && passed(fault.afterBytes)) {
    if (fault.reset === true) socket.resetAndDestroy();
    else socket.destroy();
  } else if (fault.kind === 'size_limit' && passed(fault.bytes)) {
    // Paused first: what lies unread when it closes makes the kernel send an RST, as it does for clamd.
    socket.pause();
    socket.write(`${request}: INSTREAM size limit exceeded. ERROR\0`, () => socket.destroy());
    return false;
  } else if (fault.kind === 'says_early' && passed(fault.afterBytes)) {
    socket.write(numbered(fault.reply, request));
  }
  return !socket.destroyed;
}

async function answer(
  socket: Socket,
  fault: Fault,
  request: number,
  say: (text: string) => void,
): Promise<void> {
  switch (fault.kind) {
    case 'silent':
    case 'says_early':
    case 'says_in_reverse':
      return;
    case 'closes_at_end':
      socket.destroy();
      return;
    case 'says':
      socket.write(numbered(fault.reply, request), () => {
        if (fault.close === true) socket.end();
      });
      return;
    case 'says_slowly':
      return sayByteByByte(socket, numbered(fault.reply, request), fault.pauseMs);
    case 'says_late':
      await sleep(fault.pauseMs);
      if (!socket.destroyed) socket.write(numbered(fault.reply, request));
      return;
    case 'says_more':
      say('stream: OK');
      await sleep(fault.pauseMs);
      if (!socket.destroyed) socket.write(numbered(fault.reply, request));
      return;
    case 'closes_when_idle':
      say('stream: OK');
      setImmediate(() => socket.destroy());
      return;
    case 'none':
    case 'session_times_out':
    case 'deaf':
    case 'closes':
    case 'closes_after':
    case 'size_limit':
    case 'says_nothing_to':
      say('stream: OK');
  }
}

/** As clamd 1.4.6 writes it. */
function statsOf(threads: number, queue: number): string {
  return `POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live 1  idle 0 max ${threads} idle-timeout 30\nQUEUE: ${queue} items\n\tSTATS 0.000040 \n\nMEMSTATS: heap N/A mmap N/A used N/A free N/A releasable N/A pools 1 pools_used 1.848M pools_total 1.866M\nEND`;
}

async function sayByteByByte(socket: Socket, reply: Buffer, pauseMs: number): Promise<void> {
  for (const byte of reply) {
    await sleep(pauseMs);
    if (socket.destroyed) return;
    socket.write(Buffer.from([byte]));
  }
}

function numbered(reply: string | Buffer, request: number): Buffer {
  return typeof reply === 'string' ? Buffer.from(reply.replaceAll('%d', String(request)), 'latin1') : reply;
}
