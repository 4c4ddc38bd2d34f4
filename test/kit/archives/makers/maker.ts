import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../tool.ts';

/** Makes a container of one format that holds the file `marker.txt` of the folder it is given. */
export interface Maker {
  /** The programs it needs. */
  readonly tools: readonly string[];
  make(folder: string): Buffer;
  /** What its members are, where the marker lies deeper. */
  readonly inner?: readonly string[];
  /** The same, locked with a password; or why that cannot be. */
  readonly encrypted: Locked | NotApplicable | NoMaker;
  /** What such a file is called, where nothing but its name tells what it is. */
  readonly called?: string;
  /** Why nobody can tell that one is cut off, where the format holds nothing to tell it by. */
  readonly cut?: NotApplicable;
}

export interface Locked {
  readonly tools: readonly string[];
  make(folder: string, password: string): Buffer;
}

/** Why the format cannot have such a cell. */
export interface NotApplicable {
  readonly na: string;
}

/** Why nobody on this machine makes one. */
export interface NoMaker {
  readonly untested: string;
}

export type Makers = Readonly<Record<string, Maker | NoMaker>>;

export const NO_ENCRYPTION: NotApplicable = { na: 'the format knows no encryption' };
export const MARKER = 'marker.txt';
export const MIB = 1024 * 1024;

type Made = Pick<Maker, 'tools' | 'make'>;

export function filter(name: string, args: readonly string[]): Made {
  return { tools: [name], make: (folder) => tool(folder, name, args, readFileSync(join(folder, MARKER))) };
}

/** A program that writes the file `out` in the folder. */
export function writes(name: string, args: readonly string[], out: string): Made {
  return {
    tools: [name],
    make(folder) {
      tool(folder, name, args);
      return readFileSync(join(folder, out));
    },
  };
}

/** A container of that format with this content as its marker, made from nothing; the folder is removed. */
export function makeContainer(maker: Maker, folder: string, content: Buffer): Buffer {
  return withMarker(folder, content, () => maker.make(folder));
}

/** The same, locked with a password. */
export function makeLocked(maker: Locked, folder: string, content: Buffer, password: string): Buffer {
  return withMarker(folder, content, () => maker.make(folder, password));
}

function withMarker(folder: string, content: Buffer, make: () => Buffer): Buffer {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MARKER), content);
  try {
    return make();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
