import type { Command } from 'commander';
import { asciiJson } from '../bytes/index.ts';
import {
  loadConfig,
  processEnvironment,
  programVersion,
  readToken,
  type EffectiveConfig,
} from '../config/index.ts';
import { DOCTOR_SCHEMA, type DoctorReport, type HealthCheck, type HealthState } from '../contracts/index.ts';
import { engineChoice } from '../pipeline/index.ts';
import { DONE, WRONG } from './command-io.ts';
import { checkClamd } from './doctor/check-clamd.ts';
import { checkFolders } from './doctor/check-folders.ts';
import { checkRuntime } from './doctor/check-runtime.ts';
import { checkSettings } from './doctor/check-settings.ts';
import { checkSpace } from './doctor/check-space.ts';
import { checkStore } from './doctor/check-store.ts';
import { checkYara } from './doctor/check-yara.ts';
import { doctorText } from './doctor/doctor-text.ts';
import { examineAll } from './doctor/examine-all.ts';
import { collect } from './option-values.ts';
import type { CommonOptions, Run } from './run.ts';

/** The largest public collections of rules take half a minute to compile. */
const DEADLINE_MS = 60_000;

interface DoctorOptions extends CommonOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly clamd?: string;
  readonly yara?: string;
  readonly rules?: readonly string[];
  readonly scoring?: string;
}

const HELP = `
What is looked at:
  engines     ClamAV (does it answer, does it find its canary) and YARA (rules, and files that were rejected)
  signatures  how many there are, and how old
  limits      how much of a file clamd is proven to look at; what its clamd.conf hides (AlertExceedsMax,
              AlertEncrypted, DisableCache), where that can be read (CLAMD_CONF)
  settings    policy and rules that others could change; what the policy lets pass; tokens; who may reach services
  folders     there, yours, nobody else's to change, none within another; room in each

For each: ok, warn (it works, and less than it could) or FAIL (something is not examined, or not safe, as long as this
stands), and what to do about it. Nothing is changed, and nothing but clamd's canary is sent anywhere.

Examples:
  backuplens doctor
  backuplens doctor --strict --quiet || exit 1
  backuplens doctor --json | jq -r '.checks[] | select(.state != "ok") | .todo'

Exit codes:
  0  nothing fails; with --strict: nothing warns either
  1  something fails
  2  it could not be done: the settings cannot be read
`;

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, run: Run): void {
  program
    .command('doctor')
    .summary('is everything there, up to date and safe; what to do about what is not')
    .description(
      'Looks at engines, signatures, limits, settings, folders and disk space, and says what to do.',
    )
    .option('--json', 'as JSON')
    .option('--strict', 'warnings count as failures do')
    .option('--clamd <address>', 'as for scan')
    .option('--yara <service>', 'as for scan')
    .option('--rules <dir>', 'as for scan; repeatable', collect)
    .option('--scoring <file>', 'as for scan')
    .option('--quiet', 'only what is not ok')
    .option('--no-color', 'no colours (as with NO_COLOR)')
    .addHelpText('after', HELP)
    .action(async (options: DoctorOptions) =>
      run(options, async (tty) => {
        const { strict, ...flags } = options;
        const report = await examine(loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags }));
        if (options.json === true) tty.print(asciiJson(report, 2));
        else {
          const { quiet = false } = options;
          for (const line of doctorText(report, { color: tty.color, quiet })) tty.print(line);
        }
        return report.state === 'ok' || (report.state === 'warn' && strict !== true) ? DONE : WRONG;
      }),
    );
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
