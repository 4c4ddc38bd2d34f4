import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as WasmModule from '@virustotal/yara-x';
import { compileRules } from './compile-rules.ts';
import { AT_ONCE, everyExternal, type RuleMatch, type YaraEngine } from './engine.ts';

type Wasm = typeof WasmModule;

/** What a scan gives; the package declares `any`. */
interface WasmResult {
  readonly matches: {
    readonly identifier: string;
    readonly namespace: string;
    readonly isPrivate: boolean;
    readonly tags: string[];
    readonly metadata: { identifier: string; value: string | number | boolean }[];
    readonly patterns: {
      identifier: string;
      isPrivate: boolean;
      matches: { offset: number; length: number }[];
    }[];
  }[];
}

/** VirusTotal's WebAssembly build: everywhere, but milliseconds a scan, and without a time-out of its own. */
export async function wasmEngine(): Promise<YaraEngine> {
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  const wasm = await import('@virustotal/yara-x');
  wasm.initSync({ module: readModule(join(dirname(entry), 'yara_x_js_bg.wasm')) });
  return {
    kind: 'wasm',
    version: 'YARA-X 1.20.0 (wasm)',
    diagnose(source) {
      const compiler = compilerOf(wasm);
      try {
        compiler.addSource(source);
      } catch {
        // What it throws is the first of its errors.
      }
      const reports = [...compiler.errors, ...compiler.warnings];
      compiler.free();
      return reports;
    },
    prepare(files, steps = AT_ONCE) {
      const { compiled, kept, report } = compileRules(
        files,
        { all: (chosen) => build(wasm, chosen), errorsOf: (source) => errorsOf(wasm, source) },
        steps,
      );
      compiled.free();
      // It cannot serialize: what is handed on are the sources, freed of all that does not compile.
      const sources: Sources = kept.map(({ namespace, source }) => ({ namespace, source }));
      return { set: Buffer.from(JSON.stringify(sources)), report };
    },
    load(set, { maxMatchesPerPattern }) {
      const sources: Sources = JSON.parse(set.toString());
      const scanner = build(wasm, sources).scanner();
      scanner.setMaxMatchesPerPattern(maxMatchesPerPattern);
      return {
        scan(bytes, about = {}) {
          for (const [name, value] of Object.entries(everyExternal(about))) scanner.setGlobal(name, value);
          return toMatches(scanner.scan(bytes));
        },
      };
    },
  };
}

type Sources = readonly { readonly namespace: string; readonly source: string }[];

function errorsOf(wasm: Wasm, source: string): readonly string[] {
  const compiler = compilerOf(wasm);
  try {
    compiler.addSource(source);
    return [];
  } catch {
    return compiler.errors;
  } finally {
    compiler.free();
  }
}

function compilerOf(wasm: Wasm): InstanceType<Wasm['Compiler']> {
  const compiler = new wasm.Compiler();
  for (const [name, value] of Object.entries(everyExternal({}))) compiler.defineGlobal(name, value);
  return compiler;
}

/** Throws the compiler's report. */
function build(wasm: Wasm, files: Sources): ReturnType<InstanceType<Wasm['Compiler']>['build']> {
  const compiler = compilerOf(wasm);
  try {
    for (const { namespace, source } of files) {
      compiler.newNamespace(namespace);
      compiler.addSource(source);
    }
    return compiler.build();
  } finally {
    compiler.free();
  }
}

function toMatches(result: WasmResult): readonly RuleMatch[] {
  // The native build leaves out what is private; this one marks it.
  const shown = result.matches.filter(({ isPrivate }) => !isPrivate);
  return shown.map(({ identifier, namespace, tags, metadata, patterns }) => ({
    rule: identifier,
    namespace,
    tags,
    meta: Object.fromEntries(metadata.map((entry) => [entry.identifier, entry.value])),
    strings: patterns.flatMap((pattern) =>
      (pattern.isPrivate ? [] : pattern.matches).map(({ offset, length }) => ({
        id: pattern.identifier,
        offset,
        length,
      })),
    ),
  }));
}

/** Our own package's file, whose size is known. */
function readModule(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const module = Buffer.alloc(fstatSync(fd).size);
    for (let at = 0; at < module.length;) {
      const got = readSync(fd, module, at, module.length - at, at);
      if (got === 0) throw new Error(`${path} is cut short`);
      at += got;
    }
    return module;
  } finally {
    closeSync(fd);
  }
}
