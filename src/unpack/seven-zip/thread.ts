import { parentPort, workerData } from 'node:worker_threads';
import { Complaints, linkOf } from './complaints.ts';
import { ARCHIVE_PATH, Host, type Outputs, type Sink } from './host.ts';
import { archiveInput, type ArchiveInput } from './input.ts';
import { Lines, ListingReader } from './listing.ts';
import { startProgram } from './program.ts';
import {
  CELL,
  CHUNK_BYTES,
  WINDOW,
  type Ending,
  type Job,
  type Message,
  type ThreadData,
} from './protocol.ts';

// The 7-Zip thread: one job at a time, a fresh instance of the program for each. It runs synchronously and waits on
// shared memory when the main thread is behind; the main thread ends it when time is up.

const port = parentPort;
if (port === null) throw new Error('this file is a thread of BackupLens, not a program');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pool.ts gives it, and nobody else
const { program } = workerData as ThreadData;

/** By file descriptor. */
interface Printed {
  readonly 1: Lines;
  readonly 2: Lines;
}

type Piece = Message & { kind: 'piece' };

/** Thrown through the program to stop it: nothing more is to be learned. */
class Enough extends Error {}

port.on('message', (job: Job) => {
  void answer(job);
});

async function answer(job: Job): Promise<void> {
  port?.postMessage(await run(job));
}

async function run(job: Job): Promise<Ending> {
  const control = new Int32Array(job.control);
  const complaints = new Complaints();
  const reader = job.task === 'list' ? new ListingReader() : null;
  const hear = (line: string): void => {
    if (outputs instanceof Members) outputs.line(line);
    complaints.line(line);
    reader?.line(line);
  };
  const lines = { 1: new Lines(hear), 2: new Lines(hear) };
  const outputs =
    job.task === 'extract' ? new Members(control, lines) : new Proof(job, lines, () => complaints.any);
  const host = new Host(inputsOf(job.input, control), outputs, job.memoryBytes);
  let code: number | null = null;
  let died: string | null = null;
  try {
    code = (await startProgram(program, host)).main(argumentsFor(job));
  } catch (error) {
    // Numbers are its own C++ exceptions: it gives up on what it reads. Everything else is a fault of the program.
    if (typeof error === 'number') complaints.add('it is cut off or damaged beyond what can be read');
    else if (!(error instanceof Enough) && !host.starved) died = inWords(error);
  }
  lines[1].end();
  lines[2].end();
  if (outputs instanceof Members) outputs.end();
  return {
    kind: 'end',
    died,
    code,
    errors: complaints.list,
    harmless: complaints.harmless > 0 && !complaints.any,
    starved: host.starved,
    entries: outputs.entries,
    refused: outputs instanceof Members ? outputs.refused : 0,
    proven: outputs instanceof Proof && !complaints.any && (outputs.passed || (code !== null && code <= 2)),
    listing: reader?.end() ?? null,
  };
}

function argumentsFor(job: Job): string[] {
  const common = ['-y', '-bd', '-bsp0', '-sccUTF-8', ...(job.type === null ? [] : [`-t${job.type}`])];
  // Asked for a password that it was not given, the program gives up: the list shows so that it needs one. Members
  // that need none must come out all the same: for them it gets one that nobody uses.
  const given = job.password ?? (job.task === 'list' ? null : 'no password was given');
  const password = given === null ? [] : [`-p${given}`];
  const path = job.input.kind === 'volumes' ? `/${job.input.names[0] ?? ''}` : ARCHIVE_PATH;
  const archive = job.input.kind === 'ring' ? ['-si'] : ['--', path];
  if (job.task === 'list') return ['l', '-slt', '-sns', ...common, ...password, ...archive];
  return ['x', '-aoa', '-sns', '-o/o', ...common, ...password, ...archive];
}

function inputsOf(input: Job['input'], control: Int32Array): ReadonlyMap<string, ArchiveInput> {
  if (input.kind !== 'volumes') return new Map([[ARCHIVE_PATH, archiveInput(input, control)]]);
  return new Map(input.parts.map((part, i) => [`/${input.names[i] ?? ''}`, archiveInput(part, control)]));
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Every member as messages, at most WINDOW of them ahead of the main thread. */
class Members implements Outputs {
  entries = 0;
  refused = 0;
  readonly #control: Int32Array;
  readonly #lines: Printed;
  /** The member that was closed last, if it is empty: it may turn out to stand for a link, or for a wrong password. */
  #empty: Piece | null = null;
  #sent = 0;

  constructor(control: Int32Array, lines: Printed) {
    this.#control = control;
    this.#lines = lines;
  }

  open(name: Uint8Array): Sink {
    this.end();
    return new MemberPieces(this.entries++, Uint8Array.from(name), this.#control, (message) => {
      if (message.last && message.name !== null && message.bytes.length === 0) this.#empty = message;
      else this.#send(message);
    });
  }

  link(name: Uint8Array, target: Uint8Array): void {
    this.#link('symbolic', Uint8Array.from(name), Uint8Array.from(target));
  }

  removed(name: Uint8Array): void {
    if (this.#empty?.name === null || this.#empty === null || !Buffer.from(this.#empty.name).equals(name))
      return;
    this.#empty = null;
    this.entries--;
  }

  print(bytes: Uint8Array, fd: number): void {
    this.#lines[fd === 2 ? 2 : 1].write(bytes);
  }

  /** What the program prints can explain the last empty member: a link, or a password that it lacks. */
  line(line: string): void {
    const link = linkOf(line);
    if (link !== null) this.#link(link.how, Buffer.from(link.name), Buffer.from(link.target));
    const unsupported = /^\s*ERROR: Unsupported Method : ([^]*)$/i.exec(line)?.[1];
    if (unsupported !== undefined) this.removed(Buffer.from(unsupported));
    const refused = /^\s*ERROR: .*wrong password\?? : ([^]*)$/i.exec(line)?.[1];
    if (refused === undefined) return;
    this.refused++;
    this.removed(Buffer.from(refused));
  }

  /** Nothing more comes that could explain the last empty member. */
  end(): void {
    if (this.#empty !== null) this.#send(this.#empty);
    this.#empty = null;
  }

  #link(how: 'symbolic' | 'hard', name: Uint8Array, target: Uint8Array): void {
    this.end();
    this.entries++;
    this.#send({ kind: 'link', how, name, target });
  }

  #send(message: Message): void {
    const control = this.#control;
    for (;;) {
      const taken = Atomics.load(control, CELL.taken);
      if (this.#sent - taken < WINDOW) break;
      Atomics.wait(control, CELL.taken, taken, 1000);
    }
    this.#sent++;
    port?.postMessage(message, message.kind === 'piece' ? [message.bytes.buffer] : []);
  }
}

/** Collects what is written to one member into pieces; a small member is one message. */
class MemberPieces implements Sink {
  readonly #number: number;
  readonly #control: Int32Array;
  readonly #send: (message: Piece) => void;
  #name: Uint8Array | null;
  #piece = new Uint8Array(0);
  #length = 0;

  constructor(number: number, name: Uint8Array, control: Int32Array, send: (message: Piece) => void) {
    this.#number = number;
    this.#name = name;
    this.#control = control;
    this.#send = send;
  }

  write(bytes: Uint8Array): void {
    if (Atomics.load(this.#control, CELL.unwanted) === this.#number + 1) return;
    for (let from = 0; from < bytes.length;) {
      if (this.#length === this.#piece.length) this.#room(bytes.length - from);
      const part = bytes.subarray(from, from + this.#piece.length - this.#length);
      this.#piece.set(part, this.#length);
      this.#length += part.length;
      from += part.length;
    }
  }

  close(): void {
    this.#flush(true);
  }

  #room(wanted: number): void {
    if (this.#length === CHUNK_BYTES) this.#flush(false);
    const size = Math.min(CHUNK_BYTES, Math.max(4096, this.#length * 4, this.#length + wanted));
    const larger = new Uint8Array(size);
    larger.set(this.#piece.subarray(0, this.#length));
    this.#piece = larger;
  }

  #flush(last: boolean): void {
    const bytes = this.#piece.subarray(0, this.#length);
    this.#send({ kind: 'piece', number: this.#number, name: this.#name, bytes, last });
    this.#name = null;
    this.#piece = new Uint8Array(0);
    this.#length = 0;
  }
}

/** Takes members and keeps nothing; knows when the one that was asked for came out without complaint. */
class Proof implements Outputs {
  entries = 0;
  passed = false;
  readonly #provenBy: number;
  readonly #enough: number;
  readonly #lines: Printed;
  readonly #complained: () => boolean;

  constructor({ provenBy, enough }: Job, lines: Printed, complained: () => boolean) {
    this.#provenBy = provenBy;
    this.#enough = enough;
    this.#lines = lines;
    this.#complained = complained;
  }

  open(): Sink {
    // 7-Zip complains of a member after closing it: the next one being opened means that it is content.
    if (this.entries++ > this.#provenBy) {
      this.passed = true;
      throw new Enough();
    }
    const isProof = this.entries === this.#provenBy + 1;
    let length = 0;
    const write = (bytes: Uint8Array): void => {
      length += bytes.length;
      if (!isProof || length < this.#enough || this.#complained()) return;
      this.passed = true;
      throw new Enough();
    };
    return { write, close: () => {} };
  }

  link(): void {}
  removed(): void {}

  print(bytes: Uint8Array, fd: number): void {
    this.#lines[fd === 2 ? 2 : 1].write(bytes);
    if (this.#complained()) throw new Enough();
  }
}
