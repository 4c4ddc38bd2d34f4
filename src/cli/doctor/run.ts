import { asciiJson } from '../../bytes/index.ts';
import { loadConfig, readToken, type EffectiveConfig } from '../../config/index.ts';
import { processEnvironment, programVersion } from '../../config/start/index.ts';
import {
  DOCTOR_SCHEMA,
  type DoctorReport,
  type HealthCheck,
  type HealthState,
} from '../../contracts/index.ts';
import { engineChoice } from '../../pipeline/index.ts';
import { DONE, WRONG } from '../command-io.ts';
import { checkBundles } from './check-bundles.ts';
import { checkClamd } from './check-clamd.ts';
import { checkFolders } from './check-folders.ts';
import { checkRuntime } from './check-runtime.ts';
import { checkSettings } from './check-settings.ts';
import { checkSpace } from './check-space.ts';
import { checkStore } from './check-store.ts';
import { checkYara } from './check-yara.ts';
import { doctorText } from './doctor-text.ts';
import { examineAll } from './examine-all.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';

/** The largest public collections of rules take half a minute to compile. */
const DEADLINE_MS = 60_000;

export interface DoctorOptions extends CommonOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly clamd?: string;
  readonly yara?: string;
  readonly rules?: readonly string[];
  readonly scoring?: string;
}

export async function doctor({ strict, ...flags }: DoctorOptions, tty: Tty): Promise<number> {
  const report = await examine(loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags }));
  if (flags.json === true) tty.print(asciiJson(report, 2));
  else {
    const { quiet = false } = flags;
    for (const line of doctorText(report, { color: tty.color, quiet })) tty.print(line);
  }
  return report.state === 'ok' || (report.state === 'warn' && strict !== true) ? DONE : WRONG;
}

async function examine(config: EffectiveConfig): Promise<DoctorReport> {
  const choice = engineChoice({
    clamd: config.clamd.value,
    clamd_canary: config.clamdCanary.value,
    clamd_conf: config.clamdConf.value,
    clamd_max_age_days: config.clamdMaxAgeDays.value,
    yara: config.yara.value,
    yara_token: readToken('YARA_TOKEN', {
      token: config.yaraToken.value?.reveal() ?? null,
      file: config.yaraTokenFile.value,
    }),
    rules: config.rulesDirs.value,
    yara_cache: config.yaraCacheDir.value,
  });
  const checks = await examineAll(
    {
      runtime: checkRuntime,
      clamd: async () => checkClamd(config),
      yara: async () => checkYara(choice),
      settings: async () => checkSettings(config),
      folders: async () => checkFolders(config),
      space: async () => checkSpace(config),
      store: async () => checkStore(config),
      bundles: async () => checkBundles(config),
    },
    DEADLINE_MS,
  );
  return {
    schema: DOCTOR_SCHEMA,
    tool: { name: 'backuplens', version: programVersion() },
    state: worst(checks),
    checks,
  };
}

function worst(checks: readonly HealthCheck[]): HealthState {
  const has = (state: HealthState): boolean => checks.some((check) => check.state === state);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}
