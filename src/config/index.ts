/** Settings: defaults, then the policy file, then the environment, then flags. More doors: start/, folders/, tokens/. */
export { BaselineCollector, loadBaseline, writeBaseline, type Judgement } from './baseline.ts';
export { describeConfig, type ConfigRow } from './describe.ts';
export type { YaraChoice } from './engine-address.ts';
export { VARIABLES } from './environment.ts';
export type { LogLevel } from './value-kinds.ts';
export { VERDICTS, verdictKeyFolder } from './caches.ts';
export type { Flags } from './flags.ts';
export { hashSetFolders } from './hash-sets.ts';
export { limitValues, type Limits } from './limits.ts';
export { loadConfig, type EffectiveConfig } from './load.ts';
export { loadScannerSettings, type ScannerSettings } from './scanner-settings.ts';
export { outwardSettings, type OutwardSettings } from './outward.ts';
export { loadPolicy, type LoadedPolicy } from './policy.ts';
export { knownKeys } from './policy-schema.ts';
export { loadRansomwareNames } from './ransomware-names.ts';
export { localFirst } from './places.ts';
export { readToken } from './token.ts';
export type { Origin, Setting } from './setting.ts';
export {
  assertTrusted,
  decidingFiles,
  type ToTrust,
  type TrustedWhat,
  type UsedFile,
} from './trusted-files.ts';
