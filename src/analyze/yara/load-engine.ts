import type { EngineKind, YaraEngine } from './engine.ts';
import { nativeEngine } from './native-engine.ts';
import { wasmEngine } from './wasm-engine.ts';

/** The door to the engines, for the processes of the yara-scanner program only: native code may end its process. */
export {
  EXTERNALS,
  ScanTimedOut,
  type CompileReport,
  type EngineKind,
  type External,
  type Externals,
  type Origin,
  type RuleFile,
  type RuleMatch,
  type RuleSet,
  type YaraEngine,
} from './engine.ts';
export { ABOUT_HEADER, extensionOf } from './about.ts';
export {
  ASKED,
  FrameReader,
  frameParts,
  gathered,
  joined,
  MAX_ABOUT_BYTES,
  MAX_SENT_BYTES,
  SAID,
  type Frame,
} from './frames.ts';
export { engineBuild } from './engine-build.ts';
export { diagnosticOf } from './diagnostics.ts';
export { identityOf, isNonce, isSameFile, proofOf } from './same-file.ts';
export { salvage } from './salvage.ts';
export { declarationsIn, type RuleDeclaration } from './rule-declarations.ts';
export { readSource } from './rule-source.ts';

export type EngineChoice = 'auto' | EngineKind;

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
