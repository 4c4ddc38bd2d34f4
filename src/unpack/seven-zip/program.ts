import { constants } from 'node:fs';
import factory from '7z-wasm';
import type { Host } from './host.ts';

/** One fresh instance of 7-Zip. `main` runs it to its end and returns its exit code; it can be called once. */
export interface Program {
  main(args: string[]): number;
}

/** What the Emscripten module really takes and gives, beyond the package's own types. */
interface Loader {
  (options: {
    instantiateWasm(
      imports: Record<string, Record<string, WebAssembly.ImportValue>>,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object;
    print(text: string): void;
    printErr(text: string): void;
  }): Promise<{ callMain(args: string[]): number | undefined }>;
}

// 7z-wasm asks Node's internals for the constants of `open`, which the permission model forbids; node:fs has them.
Object.assign(process, { binding: () => ({ fs: constants }) });

export async function startProgram(program: WebAssembly.Module, host: Host): Promise<Program> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package's types lack what it takes
  const load = factory as unknown as Loader;
  const module = await load({
    instantiateWasm(imports, receive) {
      const functions = host.imports(imports['env'] ?? {});
      const instance = new WebAssembly.Instance(program, {
        env: functions,
        wasi_snapshot_preview1: functions,
      });
      const { memory } = instance.exports;
      if (memory === undefined) throw new Error('7-Zip without memory');
      host.attach(memory);
      receive(instance, program);
      return {};
    },
    print: () => {},
    printErr: () => {},
  });
  return { main: (args) => module.callMain(args) ?? 0 };
}
