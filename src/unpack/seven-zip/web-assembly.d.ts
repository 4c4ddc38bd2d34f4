// TypeScript knows WebAssembly only as part of a browser. What this room uses of it:
declare namespace WebAssembly {
  type ImportValue = ((...args: never[]) => unknown) | Memory | number;
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, ImportValue>>);
    readonly exports: { readonly memory?: Memory };
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
