import { readFileSync } from 'node:fs';

interface Module {
  /** Of its first, counted from 0. */
  readonly line: number;
  /** `analyze/entropy/analyzer.ts`. */
  readonly path: string;
}

/** What the bundler writes above the code of each module. */
const ABOVE = /^ *\/\/ src\/(\S+)$/;

const known = new Map<string, readonly Module[]>();

/** Which of our modules the code at a line of a built file comes from; empty: of none. */
export function moduleAt(url: string, line: number): string {
  let modules = known.get(url);
  if (modules === undefined) {
    modules = modulesIn(url);
    known.set(url, modules);
  }
  return modules.findLast((module) => module.line <= line)?.path ?? '';
}

function modulesIn(url: string): Module[] {
  // oxlint-disable-next-line house/no-unbounded-read -- our own file
  const lines = readFileSync(new URL(url), 'utf8').split('\n');
  return lines.flatMap((text, line) => {
    const path = ABOVE.exec(text)?.[1];
    return path === undefined ? [] : [{ line, path }];
  });
}
