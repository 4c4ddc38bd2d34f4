import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readAtMost } from '../../bytes/index.ts';
import { programFile } from '../../domain/index.ts';
import type { Message, ThreadData } from './protocol.ts';

/** The program is 1.7 MB. */
const PROGRAM_BYTES = 16 * 1024 * 1024;
/** A thread's own heap (not the program's memory), in MiB. */
const HEAP_MIB = 64;

/** A thread that runs one job at a time. Whoever takes it gives it back, or ends it. */
export interface SevenZipThread {
  readonly worker: Worker;
  /** Told of every message; set by whoever has the thread. */
  hear: ((message: Message) => void) | null;
  /** Told when the thread died. */
  died: ((error: Error) => void) | null;
}

let compiled: Promise<WebAssembly.Module> | null = null;
/** At most one thread waits for work: starting one costs about 20 ms. */
let idle: SevenZipThread | null = null;

async function compile(): Promise<WebAssembly.Module> {
  const folder = dirname(createRequire(import.meta.url).resolve('7z-wasm'));
  return WebAssembly.compile(await readAtMost(join(folder, '7zz.wasm'), PROGRAM_BYTES));
}

/** An idle thread, or a new one: nested archives each need their own, so nobody ever waits for another. */
export async function takeThread(): Promise<SevenZipThread> {
  if (idle !== null) {
    const thread = idle;
    idle = null;
    thread.worker.ref();
    return thread;
  }
  compiled ??= compile();
  const program = await compiled;
  const file = programFile('unpack/seven-zip/thread');
  const worker = new Worker(file, {
    workerData: { program } satisfies ThreadData,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    stdout: true,
    stderr: true,
  });
  const thread: SevenZipThread = { worker, hear: null, died: null };
  worker.on('message', (message: Message) => thread.hear?.(message));
  worker.on('error', (error: Error) => thread.died?.(error));
  worker.on('exit', () => {
    if (idle === thread) idle = null;
    thread.died?.(new Error('the 7-Zip thread ended'));
  });
  return thread;
}

/** Gives a thread back after its job ended by itself. */
export async function giveBack(thread: SevenZipThread): Promise<void> {
  thread.hear = null;
  thread.died = null;
  if (idle !== null) {
    await thread.worker.terminate();
    return;
  }
  idle = thread;
  thread.worker.unref();
}

/** Ends a thread in the middle of its job. */
export async function endThread(thread: SevenZipThread): Promise<void> {
  thread.hear = null;
  thread.died = null;
  await thread.worker.terminate();
}

/** Ends the thread that waits for work. Those at work end with their jobs. */
export async function closeUnpackers(): Promise<void> {
  if (idle !== null) await endThread(idle);
}
