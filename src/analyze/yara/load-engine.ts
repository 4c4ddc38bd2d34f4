import type { YaraEngine } from './engine.ts';
import { nativeEngine } from './native-engine.ts';
import { wasmEngine } from './wasm-engine.ts';

/** The door to the engines, for the processes of the yara-scanner program only: native code may end its process. */
export { ScanTimedOut, type RuleFile, type RuleMatch, type RuleSet, type YaraEngine } from './engine.ts';

export type EngineChoice = 'auto' | 'native' | 'wasm';

/** The native engine where this platform has it, WebAssembly elsewhere. */
export async function loadEngine(choice: EngineChoice = 'auto'): Promise<YaraEngine> {
  if (choice === 'wasm') return wasmEngine();
  try {
    return nativeEngine();
  } catch (error) {
    if (choice === 'native') throw error;
    return wasmEngine();
  }
}
