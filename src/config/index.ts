/** Settings: defaults, then the policy file, then the environment, then flags. More doors: start/, folders/, tokens/. */
export { BaselineCollector, loadBaseline, writeBaseline, type Judgement } from './baseline.ts';
export { describeConfig, type ConfigRow } from './describe.ts';
export type { YaraChoice } from './engine-address.ts';
export { VARIABLES, type LogLevel } from './environment.ts';
export {
  hashSetFolders,
  limitValues,
  loadConfig,
  loadScannerSettings,
  VERDICTS,
  verdictKeyFolder,
  type EffectiveConfig,
  type Flags,
  type Limits,
  type ScannerSettings,
} from './load.ts';
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
