import type { ArchiveInput } from './input.ts';

/**
 * The world as 7-Zip sees it, in place of Emscripten's file system: one archive that can be read, and a folder in
 * which every file is a numbered sink. There are no links, no folders, no host files; names are bytes that are
 * handed on and never looked up. One per run.
 */
export interface Outputs {
  /** A member begins; returns its sink, or throws to stop the program. */
  open(name: Uint8Array): Sink;
  link(name: Uint8Array, target: Uint8Array): void;
  /** The program takes back what it made under this name: an empty file in a link's place. */
  removed(name: Uint8Array): void;
  /** What the program prints, in pieces; errors (2) come at once, the rest (1) when its buffer is full. */
  print(bytes: Uint8Array, fd: number): void;
}

export interface Sink {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** The archive's place, and the folder of the sinks. */
export const ARCHIVE_PATH = '/a';
const OUT_PREFIX = Buffer.from('/o/');

/** The numbers of WASI, which Emscripten uses. */
const EBADF = 8;
const EINVAL = 28;
const ENOENT = 44;
const ENOTTY = 59;
const EPERM = 63;
/** Emscripten's names for what a program asks of a file system, and those of WASI. */
const ASKS_FOR_FILES = /^(?:__syscall|path)_/;

const FIRST_FD = 3;
const FOLDER_MODE = 0o040755;
const FILE_MODE = 0o100600;
const PATH_BYTES = 1 << 20;
/** Paths made by the program that still exist for it: enough for the folders of one member and the last files. */
const REMEMBERED = 1024;

type Open =
  | { readonly kind: 'archive'; readonly input: ArchiveInput; position: number }
  | { readonly kind: 'sink'; readonly sink: Sink; position: number; end: number }
  | { readonly kind: 'folder' };

export class Host {
  readonly #inputs: ReadonlyMap<string, ArchiveInput>;
  readonly #stdin: ArchiveInput | null;
  readonly #outputs: Outputs;
  readonly #memoryBytes: number;
  readonly #open = new Map<number, Open>();
  #memory: WebAssembly.Memory | null = null;
  #nextFd = FIRST_FD;
  readonly #recent = new Map<string, 'file' | 'folder'>();
  /** The program asked for more memory than it may have. */
  starved = false;

  /** `inputs`: what can be read, by path; a stream is read from the standard input instead. */
  constructor(inputs: ReadonlyMap<string, ArchiveInput>, outputs: Outputs, memoryBytes: number) {
    this.#inputs = inputs;
    this.#stdin = [...inputs.values()].find(({ streams }) => streams) ?? null;
    this.#outputs = outputs;
    this.#memoryBytes = memoryBytes;
  }

  /** Emscripten's imports with everything that touches files replaced; what is asked beyond that is refused. */
  imports(original: Record<string, WebAssembly.ImportValue>): Record<string, WebAssembly.ImportValue> {
    const grow = original['emscripten_resize_heap'];
    const own: Record<string, (...args: never[]) => number> = {
      __syscall_openat: (_: number, path: number, flags: number) => this.#openAt(path, flags),
      __syscall_stat64: (path: number, target: number) => this.#statPath(path, target),
      __syscall_lstat64: (path: number, target: number) => this.#statPath(path, target),
      __syscall_newfstatat: (_: number, path: number, target: number) => this.#statPath(path, target),
      __syscall_fstat64: (fd: number, target: number) => this.#statFd(fd, target),
      __syscall_symlinkat: (target: number, _: number, path: number) => this.#symlink(target, path),
      __syscall_ftruncate64: () => 0,
      __syscall_mkdirat: (_: number, path: number) => this.#made(this.#path(path), 'folder'),
      __syscall_chmod: () => 0,
      __syscall_fchownat: () => 0,
      __syscall_utimensat: () => 0,
      __syscall_unlinkat: (_: number, path: number) => this.#removed(path),
      __syscall_rmdir: (path: number) => this.#removed(path),
      __syscall_renameat: () => -EPERM,
      __syscall_readlinkat: () => -EINVAL,
      __syscall_getdents64: () => 0,
      __syscall_ioctl: () => -ENOTTY,
      __syscall_getcwd: (target: number) => this.#cwd(target),
      fd_read: (fd: number, iov: number, count: number, total: number) => this.#read(fd, iov, count, total),
      fd_write: (fd: number, iov: number, count: number, total: number) => this.#write(fd, iov, count, total),
      fd_seek: (fd: number, offset: bigint, whence: number, result: number) =>
        this.#seek(fd, offset, whence, result),
      fd_close: (fd: number) => this.#close(fd),
      emscripten_resize_heap: (bytes: number) => {
        if (bytes >>> 0 > this.#memoryBytes || typeof grow !== 'function') {
          this.starved = true;
          return 0;
        }
        return Number(Reflect.apply(grow, undefined, [bytes]));
      },
    };
    const asked = Object.keys(original).filter((name) => ASKS_FOR_FILES.test(name));
    const refused = Object.fromEntries(asked.map((name) => [name, () => -EPERM]));
    return { ...original, ...refused, ...own };
  }

  /** The program's memory, once it is there. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  // The buffer is another one after every growth: never kept.
  #buffer(): ArrayBuffer {
    if (this.#memory === null) throw new Error('7-Zip called before it was started');
    return this.#memory.buffer;
  }

  #view(): DataView {
    return new DataView(this.#buffer());
  }

  #path(at: number): Buffer {
    const bytes = Buffer.from(this.#buffer(), at, Math.min(PATH_BYTES, this.#buffer().byteLength - at));
    const end = bytes.indexOf(0);
    return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end));
  }

  #openAt(at: number, flags: number): number {
    const path = this.#path(at);
    const writes = (flags & 0b11) !== 0;
    const input = this.#inputs.get(path.toString('latin1'));
    if (input !== undefined) {
      return writes ? -EPERM : this.#register({ kind: 'archive', input, position: 0 });
    }
    if (!writes) return -ENOENT;
    this.#made(path, 'file');
    return this.#register({ kind: 'sink', sink: this.#outputs.open(insideName(path)), position: 0, end: 0 });
  }

  /** 7-Zip looks again at what it has just made; only the latest are remembered. */
  #made(path: Buffer, kind: 'file' | 'folder'): number {
    const key = path.toString('latin1');
    this.#recent.delete(key);
    this.#recent.set(key, kind);
    if (this.#recent.size > REMEMBERED) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest);
        break;
      }
    }
    return 0;
  }

  #removed(path: number): number {
    const name = this.#path(path);
    this.#outputs.removed(insideName(name));
    return this.#recent.delete(name.toString('latin1')) ? 0 : -ENOENT;
  }

  #register(open: Open): number {
    this.#open.set(this.#nextFd, open);
    return this.#nextFd++;
  }

  #symlink(target: number, path: number): number {
    const name = this.#path(path);
    this.#outputs.link(insideName(name), withoutOut(this.#path(target)));
    return this.#made(name, 'file');
  }

  #statPath(at: number, target: number): number {
    const path = this.#path(at).toString('latin1');
    const input = this.#inputs.get(path);
    if (input !== undefined) return this.#stat(target, FILE_MODE, input.size);
    if (path === '/' || path === '/o' || path === '/o/' || path === '.')
      return this.#stat(target, FOLDER_MODE, 0);
    const kind = this.#recent.get(path.replace(/(.)\/+$/, '$1'));
    return kind === undefined ? -ENOENT : this.#stat(target, kind === 'file' ? FILE_MODE : FOLDER_MODE, 0);
  }

  #statFd(fd: number, target: number): number {
    const open = this.#open.get(fd);
    if (open === undefined) return fd < FIRST_FD ? this.#stat(target, FILE_MODE, 0) : -EBADF;
    if (open.kind === 'folder') return this.#stat(target, FOLDER_MODE, 0);
    return this.#stat(target, FILE_MODE, open.kind === 'archive' ? open.input.size : open.end);
  }

  /** Emscripten's struct stat: 96 bytes, of which only kind, link count and size are told. */
  #stat(target: number, mode: number, size: number): number {
    new Uint8Array(this.#buffer(), target, 96).fill(0);
    const view = this.#view();
    view.setInt32(target + 4, mode, true);
    view.setUint32(target + 8, 1, true);
    view.setBigInt64(target + 24, BigInt(size), true);
    view.setInt32(target + 32, 4096, true);
    return 0;
  }

  #cwd(target: number): number {
    new Uint8Array(this.#buffer(), target, 2).set([0x2f, 0]);
    return 2;
  }

  #read(fd: number, iov: number, count: number, total: number): number {
    const open = this.#open.get(fd);
    if (open !== undefined && open.kind !== 'archive') return EBADF;
    if (open === undefined && fd !== 0) return EBADF;
    const input = open?.input ?? this.#stdin;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const view = this.#view();
      const target = new Uint8Array(
        this.#buffer(),
        view.getUint32(iov + i * 8, true),
        view.getUint32(iov + i * 8 + 4, true),
      );
      let filled = 0;
      while (filled < target.length) {
        if (input === null) break;
        const got = input.read(target.subarray(filled), open?.position ?? 0);
        if (got === 0) break;
        filled += got;
        if (open !== undefined) open.position += got;
      }
      sum += filled;
      if (filled < target.length) break;
    }
    this.#view().setUint32(total, sum, true);
    return 0;
  }

  #write(fd: number, iov: number, count: number, total: number): number {
    const open = this.#open.get(fd);
    if (fd >= FIRST_FD && open?.kind !== 'sink') return EBADF;
    let sum = 0;
    const view = this.#view();
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(
        this.#buffer(),
        view.getUint32(iov + i * 8, true),
        view.getUint32(iov + i * 8 + 4, true),
      );
      if (open?.kind === 'sink') writeAt(open, bytes);
      else this.#outputs.print(bytes, fd);
      sum += bytes.length;
    }
    view.setUint32(total, sum, true);
    return 0;
  }

  #seek(fd: number, offset: bigint, whence: number, result: number): number {
    const open = this.#open.get(fd);
    if (open === undefined || open.kind === 'folder') return EBADF;
    const size = open.kind === 'archive' ? open.input.size : open.end;
    const to = Number(offset) + (whence === 0 ? 0 : whence === 1 ? open.position : size);
    if (!Number.isSafeInteger(to) || to < 0) return EINVAL;
    open.position = to;
    this.#view().setBigInt64(result, BigInt(to), true);
    return 0;
  }

  #close(fd: number): number {
    const open = this.#open.get(fd);
    if (open === undefined) return fd < FIRST_FD ? 0 : EBADF;
    this.#open.delete(fd);
    if (open.kind === 'sink') open.sink.close();
    return 0;
  }
}

function insideName(path: Buffer): Buffer {
  return path.subarray(0, OUT_PREFIX.length).equals(OUT_PREFIX) ? path.subarray(OUT_PREFIX.length) : path;
}

/** 7-Zip puts the output folder before absolute targets. */
function withoutOut(target: Buffer): Buffer {
  return target.subarray(0, OUT_PREFIX.length).equals(OUT_PREFIX)
    ? target.subarray(OUT_PREFIX.length - 1)
    : target;
}

const ZEROS = new Uint8Array(64 * 1024);

/** A sink only goes forward: what is skipped is a hole, what would be written a second time is refused. */
function writeAt(open: Open & { kind: 'sink' }, bytes: Uint8Array): void {
  if (open.position < open.end) throw new Error('7-Zip wants to write backwards');
  for (let hole = open.position - open.end; hole > 0; hole -= ZEROS.length) {
    open.sink.write(ZEROS.subarray(0, Math.min(hole, ZEROS.length)));
  }
  open.sink.write(bytes);
  open.position += bytes.length;
  open.end = open.position;
}
