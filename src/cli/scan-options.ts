import { Option, type Command } from 'commander';
import { DEFAULT_LIMITS } from '../domain/index.ts';
import {
  MEMBER_LIST_FORMS,
  REPORT_FORMATS,
  type MemberListForm,
  type ReportFormat,
} from '../report/index.ts';
import { FAIL_ON, type FailOn } from './exit-code.ts';
import { bytes, collect, listOf, positive, positiveOrAuto } from './option-values.ts';

/** What `scan` was told, named as commander names it. */
export interface ScanOptions {
  format: ReportFormat;
  output?: string;
  scoring?: string;
  rules?: readonly string[];
  strict?: boolean;
  clamd?: string;
  yara?: string;
  workers?: number | 'auto';
  maxDepth?: number;
  maxEntries?: number;
  maxUnpackedBytes?: number;
  maxMemberBytes?: number;
  maxRatio?: number;
  maxScanMs?: number;
  password?: readonly string[];
  passwordFile?: readonly string[];
  cache?: string;
  rescan?: boolean;
  verifySample?: string;
  apply?: boolean;
  include?: readonly string[];
  exclude?: readonly string[];
  filesFrom?: string;
  oneFileSystem?: boolean;
  require?: readonly string[];
  baseline?: string;
  writeBaseline?: string;
  badMembers?: string;
  badMembersFormat?: MemberListForm;
  failOn: FailOn;
  quiet?: boolean;
  verbose?: boolean;
  stats?: boolean;
  color: boolean;
}

const EXAMPLES = `
Examples:
  backuplens scan /restore/nightly.tar.zst
  backuplens scan --format json --output report.json /srv/backups
  restic dump latest / | backuplens scan -
  backuplens scan --require clamav,yara --strict /restore && ./restore.sh
  backuplens scan --fail-on never --bad-members bad.txt nightly.tar &&
    tar -x --anchored --exclude-from=bad.txt -f nightly.tar
  backuplens scan --apply --exclude '*.iso' incoming/

Patterns of --include and --exclude (*, **, ?, [a-z], {a,b}): one without a slash is matched against names at any
depth (*.iso, node_modules); one with a slash against the path below the one that was given (home/*/cache).

Exit codes:
  0  everything is approved
  1  something is to be quarantined
  2  the job could not be done: usage, configuration, a path that does not exist, a required engine away
  3  something needs a person's review, nothing is to be quarantined
  130  interrupted; what was finished is reported
`;

/** Describes `scan` to commander. */
export function describeScan(
  program: Command,
  action: (paths: string[], options: ScanOptions) => Promise<void>,
): void {
  program
    .command('scan')
    .summary('examine files, folders or standard input, and decide')
    .description(
      'Identifies every file, opens every container, runs ClamAV, YARA and entropy analysis, and decides: auto_approve, manual_review or quarantine. Says what was not inspected. Moves nothing without --apply.',
    )
    .argument('[path...]', 'files and folders; - reads one file, or a tar stream, from standard input')
    .addOption(new Option('--format <format>', 'of the report').choices(REPORT_FORMATS).default('text'))
    .option('--output <file>', 'write the report there instead of to standard output')
    .option('--scoring <file>', 'scoring policy (default: ./config/scoring.yaml, else the delivered one)')
    .option(
      '--rules <dir>',
      'folder of YARA rules; repeatable (default: ./yara-rules, else the delivered ones)',
      collect,
    )
    .option('--strict', 'review every gap that the policy would tolerate')
    .option(
      '--clamd <address>',
      'HOST:PORT, unix:PATH or off (default: localhost:3310, then the usual socket)',
    )
    .option('--yara <service>', 'URL of a yara-scanner, embedded or off (default: embedded)')
    .option(
      '--workers <n>',
      'scan processes; auto (the default): by cores, memory and threads of clamd, at most 5',
      positiveOrAuto,
    )
    .option(
      '--max-depth <n>',
      `containers within containers (default: ${DEFAULT_LIMITS.max_depth})`,
      positive,
    )
    .option(
      '--max-entries <n>',
      'members of one file, all containers together (default: 10 million)',
      positive,
    )
    .option(
      '--max-unpacked-bytes <size>',
      'unpacked from one file (default: 100 GiB, or 200 times its size)',
      bytes,
    )
    .option('--max-member-bytes <size>', 'unpacked of one member (default: no limit of its own)', bytes)
    .option(
      '--max-ratio <n>',
      `bytes out per byte in, beyond 1 GiB (default: ${DEFAULT_LIMITS.max_ratio})`,
      positive,
    )
    .option('--max-scan-ms <ms>', 'time for one file (default: none)', positive)
    .option(
      '--password <text>',
      'try it on what is encrypted; repeatable. Others can see it: prefer a file',
      collect,
    )
    .option('--password-file <file>', 'try every line of it; repeatable', collect)
    .option('--cache <file>', 'keeps what was found out, or off (default: ~/.cache/backuplens/verdicts/…)')
    .option('--rescan', 'read and judge everything again, whatever the cache knows')
    .option(
      '--verify-sample <percent>',
      'of what the cache knows, read and judge so much all the same, and compare (default: 1)',
    )
    .option('--apply', 'carry out the decisions: move to QUARANTINE_DIR and REVIEW_DIR, after hashing again')
    .option('--include <pattern>', 'scan only files that match; repeatable', collect)
    .option('--exclude <pattern>', 'leave out files and folders that match; repeatable', collect)
    .option('--files-from <file>', 'read more paths from there, by lines or NUL bytes; - is standard input')
    .option('--one-file-system', 'do not enter other file systems')
    .option(
      '--require <engines>',
      'clamav, yara or both: fail when one of them is away',
      listOf(['clamav', 'yara']),
    )
    .option('--baseline <file>', 'findings and gaps that were judged before; they are listed as accepted')
    .option('--write-baseline <file>', 'write what is found now as a baseline, for a person to complete')
    .option(
      '--bad-members <file>',
      'write what a partial restore must leave out, for tar, rsync or unzip; not there unless it is complete',
    )
    .addOption(
      new Option(
        '--bad-members-format <program>',
        'whose exclude file that is (default: rsync for a folder, unzip for a zip, else tar)',
      ).choices(MEMBER_LIST_FORMS),
    )
    .addOption(
      new Option('--fail-on <what>', 'which decisions make the exit code non-zero')
        .choices(FAIL_ON)
        .default('review'),
    )
    .option('--quiet', 'name only what is not approved; no progress bar')
    .option('--verbose', 'name every file and every measurement')
    .option('--stats', 'say where the time went, and what limited it')
    .option('--no-color', 'no colours (as with NO_COLOR)')
    .addHelpText('after', EXAMPLES)
    .action(action);
}
