import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Host, type Outputs } from './host.ts';

// What 7-Zip can reach of the machine, should it be taken over: it asks for this by itself, whatever the archive says.

const EPERM = -63;
const PLACE = 1024;
const TARGET = 2048;

/** What the program may have of Emscripten: memory, time, its own end. None of them knows of a file. */
const HARMLESS = [
  '__cxa_throw',
  '_abort_js',
  '_gmtime_js',
  '_localtime_js',
  '_mktime_js',
  '_tzset_js',
  'clock_time_get',
  'emscripten_date_now',
  'emscripten_get_heap_max',
  'environ_get',
  'environ_sizes_get',
  'exit',
  'fd_fdstat_get',
];

const folder = dirname(createRequire(import.meta.url).resolve('7z-wasm'));
const program = new WebAssembly.Module(readFileSync(join(folder, '7zz.wasm')));
const asked = WebAssembly.Module.imports(program).map(({ name }) => name);

let said: string[];
let memory: WebAssembly.Memory;
let host: Host;
/** What reached the functions that would have done it. */
let reached: string[];
let functions: Record<string, WebAssembly.ImportValue>;
beforeEach(() => {
  said = [];
  reached = [];
  const outputs: Outputs = {
    open: (name) => {
      said.push(`open ${text(name)}`);
      return { write: () => said.push('write'), close: () => said.push('close') };
    },
    link: (name, target) => void said.push(`link ${text(name)} -> ${text(target)}`),
    removed: (name) => void said.push(`removed ${text(name)}`),
    print: () => undefined,
  };
  host = new Host(new Map(), outputs, 2 ** 24);
  memory = new WebAssembly.Memory({ initial: 1 });
  host.attach(memory);
  const more = ['__syscall_linkat', '__syscall_mknodat', '__syscall_mkfifoat', 'path_symlink', 'path_link'];
  const names = [...asked, ...more];
  functions = host.imports(Object.fromEntries(names.map((name) => [name, () => reached.push(name)])));
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function put(at: number, path: string): number {
  Buffer.from(memory.buffer).write(`${path}\0`, at, 'latin1');
  return at;
}

function call(name: string, ...args: number[]): number {
  const wanted = functions[name];
  if (typeof wanted !== 'function') throw new TypeError(name);
  return Number(Reflect.apply(wanted, undefined, args));
}

test('whatever the program asks of a file system is answered here, and nothing of it reaches Emscripten', () => {
  for (const name of asked) {
    if (HARMLESS.includes(name)) continue;
    try {
      call(name, put(PLACE, '/o/x'), put(TARGET, '/etc/passwd'), PLACE, 0);
    } catch (error) {
      // Numbers of the wrong kind, which the program would not give.
      if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    }
  }
  // Growing its memory is Emscripten's, within the limit that is looked at first.
  expect(reached.filter((name) => name !== 'emscripten_resize_heap')).toEqual([]);
});

test('the program has no way to ask for hard links, devices or pipes; if it had, it would be refused', () => {
  expect(
    asked.filter((name) => /linkat|mknod|mkfifo|mount|exec|socket|chroot/.test(name)).toSorted(),
  ).toEqual(['__syscall_readlinkat', '__syscall_symlinkat', '__syscall_unlinkat']);
  for (const name of [
    '__syscall_linkat',
    '__syscall_mknodat',
    '__syscall_mkfifoat',
    'path_symlink',
    'path_link',
  ])
    expect(call(name, PLACE, 0, TARGET)).toBe(EPERM);
  expect([reached, said]).toEqual([[], []]);
});

test('a symbolic link is told of, and is none: what is written to its name goes to a sink of its own', () => {
  put(PLACE, '/etc/cron.d');
  put(TARGET, '/o/link');
  expect(call('__syscall_symlinkat', PLACE, 0, TARGET)).toBe(0);
  expect(call('__syscall_readlinkat', 0, TARGET, PLACE, 100)).toBeLessThan(0);
  put(PLACE, '/o/link/evil');
  expect(call('__syscall_openat', 0, PLACE, 0o101)).toBeGreaterThan(2);
  expect(said).toEqual(['link link -> /etc/cron.d', 'open link/evil']);
  expect(reached).toEqual([]);
});

test('files of the machine cannot be opened, whatever they are called', () => {
  for (const path of ['/etc/passwd', '/proc/self/environ', '../../etc/passwd', '/o/../etc/passwd', '/a'])
    expect(call('__syscall_openat', 0, put(PLACE, path), 0)).toBeLessThan(0);
  expect(call('__syscall_renameat', 0, put(PLACE, '/o/a'), 0, put(TARGET, '/o/b'))).toBe(EPERM);
  expect(reached).toEqual([]);
});
