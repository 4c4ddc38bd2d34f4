// TypeScript knows WebAssembly only as part of a browser. What this room uses of it:
declare namespace WebAssembly {
  type ImportValue = ((...args: never[]) => unknown) | Memory | number;
  class Memory {
    constructor(of: { readonly initial: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { readonly module: string; readonly name: string }[];
    readonly [Symbol.toStringTag]: string;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, ImportValue>>);
    readonly exports: { readonly memory?: Memory };
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
