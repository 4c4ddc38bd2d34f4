import type { Command } from 'commander';
import { collect } from './option-values.ts';
import type { Run } from './run.ts';
import type { DoctorOptions } from './doctor/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./doctor/run.ts');

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
      run(options, async (tty) => (await work()).doctor(options, tty)),
    );
}
