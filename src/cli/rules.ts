import type { Command } from 'commander';
import { collect } from './option-values.ts';
import type { Run } from './run.ts';
import type { RulesOptions } from './rules/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./rules/run.ts');

const CHECK_HELP = `
Examples:
  backuplens rules check yara-rules
  backuplens rules check --strict --ignore missing_meta downloaded/rules
  backuplens rules check --json yara-rules | jq -r '.problems[] | select(.code == "slow_rule") | .rule'

What is wrong:
  error    a file does not compile (the compiler's code), cannot be read, ends the engine or does not come to an
           end (timed_out); a rule is found in nearly every kind of ordinary content (matches_everything)
  warning  of the compiler; a rule that is much slower than the others (slow_rule), that says what another one says
           (duplicate_rule), or that is found in much ordinary content or in an empty file (matches_much, matches_empty)
  note     a name that another file has too (duplicate_name), no description or author (missing_meta)

Exit codes:
  0  nothing is wrong
  1  there are errors; with --strict, or warnings
  2  it could not be done
`;

/** Adds `rules check` and `rules list`. */
export function addRulesCommand(program: Command, run: Run): void {
  const rules = program
    .command('rules')
    .summary('check YARA rules before they are used; list those in force')
    .description('Rules are compiled and tried in a process of their own, one file after the other.');
  rules
    .command('check')
    .summary('what does not compile, is slow, is there twice, or is found everywhere')
    .description(
      'Compiles every rule file below the folders, tries it on made samples of ordinary content, and says what is wrong.',
    )
    .argument('<dir...>', 'folders with .yar or .yara files')
    .option('--json', 'as JSON')
    .option('--strict', 'warnings count as errors do')
    .option('--ignore <code>', 'leave out what has this code; repeatable', collect)
    .option('--quiet', 'only errors')
    .option('--verbose', 'everything of the same kind too, each with its hint')
    .option('--no-color', 'no colours (as with NO_COLOR)')
    .addHelpText('after', CHECK_HELP)
    .action(async (folders: string[], options: RulesOptions) =>
      run(options, async (tty) => (await work()).check(folders, options, tty)),
    );
  rules
    .command('list')
    .summary('the rules in force, with their weights under the policy')
    .description(
      'Every rule with its namespace, tags, meta and file, and the points that it adds under the policy.',
    )
    .option('--json', 'as JSON, with all meta')
    .option('--rules <dir>', 'as for scan; repeatable', collect)
    .option('--scoring <file>', 'as for scan')
    .option('--verbose', 'with all meta')
    .option('--no-color', 'no colours (as with NO_COLOR)')
    .action(async (options: RulesOptions) => run(options, async (tty) => (await work()).list(options, tty)));
}
