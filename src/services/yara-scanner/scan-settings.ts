import type { EngineChoice } from '../../analyze/yara/load-engine.ts';

/** How to scan, whoever asks. */
export interface ScanSettings {
  readonly rules: readonly string[];
  readonly engine: EngineChoice;
  readonly engines: number;
  readonly scanTimeoutMs: number;
}
