import { Command } from 'commander';
import {
  asciiJson,
  deleteFromQuarantine,
  findQuarantined,
  inspectQuarantined,
  listQuarantine,
  recoverDispositions,
  restoreFromQuarantine,
  type QuarantineItem,
} from '../dispose/index.ts';
import { nameFromBytes } from '../bytes/index.ts';
import { BackupLensError, ERRORS } from '../domain/index.ts';

export interface QuarantineIo {
  /** A result, to standard output. */
  out(text: string): void;
  /** Talk, to standard error. */
  err(text: string): void;
  /** Makes any text safe for a terminal, on one line. */
  escape(text: string): string;
  /** From the configuration; may throw. */
  quarantineDir(): string;
  /** Sets the exit code of the program; process.exitCode when it is not given. */
  exit?(code: number): void;
}

const DONE = 0;
/** No such item, or it is not what it should be. */
const WRONG = 1;
const COULD_NOT = 2;

const EXAMPLES = `
Examples:
  backuplens quarantine list
  backuplens quarantine show 9f3a5c7e             what it is, and why it is here
  backuplens quarantine show --verify 9f3a5c7e    reads all of it and compares the hashes
  backuplens quarantine restore 9f3a5c7e          back to where it came from
  backuplens quarantine restore 9f3a5c7e --to /tmp/sample --keep
  backuplens quarantine delete 9f3a5c7e --reason 'confirmed by the owner' --yes

An ID may be cut short as long as it means one item: its beginning, or the beginning of the part after the dash.
A restored file never overwrites another one, and comes back without setuid, setgid and sticky.

Exit codes:
  0  done
  1  there is no such item, or it is damaged
  2  it could not be done
`;

/** Builds `quarantine list|show|restore|delete`. */
export function quarantineCommand(io: QuarantineIo): Command {
  const command = new Command('quarantine')
    .summary('list, show, restore or delete what is in quarantine')
    .description(
      'Files that `scan --apply` took out of the way, each in a container that nothing can run or read by accident.\n' +
        'QUARANTINE_DIR says where.',
    )
    .addHelpText('after', EXAMPLES)
    // A command that is built alone takes nothing over from the program; its own subcommands do from it.
    .exitOverride()
    .showHelpAfterError('hint: --help shows all options')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'backuplens: ').replace(/\.\n/, '\n')),
    });
  command
    .command('list')
    .description('What is in quarantine, oldest first. Damaged items are listed as damaged.')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => run(io, () => list(io, options.json === true)));
  command
    .command('show')
    .description('One item: where it came from, what it is, and why it was taken.')
    .argument('<id>', 'the item, or an unmistakable part of its id')
    .option('--json', 'as JSON, with the whole report')
    .option('--verify', 'read all of it, and compare the hashes')
    .action(async (id: string, options: ShowOptions) => run(io, () => show(io, id, options)));
  command
    .command('restore')
    .description('Brings a file back, byte by byte, and takes it out of quarantine. Never overwrites.')
    .argument('<id>', 'the item, or an unmistakable part of its id')
    .option('--to <path>', 'the new name of the file (default: where it came from)')
    .option('--keep', 'leave it in quarantine as well')
    .option('--json', 'as JSON')
    .action(async (id: string, options: RestoreFlags) => run(io, () => restore(io, id, options)));
  command
    .command('delete')
    .description('Deletes an item for good. The journal keeps who did it, when and why.')
    .argument('<id>', 'the item, or an unmistakable part of its id')
    .requiredOption('--reason <text>', 'why, for the journal')
    .option('--yes', 'really do it: without, only says what would be deleted')
    .option('--json', 'as JSON')
    .action(async (id: string, options: DeleteFlags) => run(io, () => remove(io, id, options)));
  return command;
}

interface ShowOptions {
  readonly json?: boolean;
  readonly verify?: boolean;
}
interface RestoreFlags {
  readonly to?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}
interface DeleteFlags {
  readonly reason: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

async function run(io: QuarantineIo, work: () => Promise<number>): Promise<void> {
  const exit = io.exit?.bind(io) ?? ((code: number) => void (process.exitCode = code));
  try {
    exit(await work());
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    say(io, error.message, error.hint ?? undefined);
    exit(ERRORS[error.code].exit);
  }
}

async function list(io: QuarantineIo, json: boolean): Promise<number> {
  let count = 0;
  let damaged = 0;
  if (json) io.out('[');
  for await (const item of listQuarantine(io.quarantineDir())) {
    if (json) io.out(`${count === 0 ? '' : ','}\n${asciiJson(publicFacts(item))}`);
    else io.out(`${line(io, item)}\n`);
    count++;
    if (item.damaged !== null) damaged++;
  }
  if (json) io.out('\n]\n');
  else if (count === 0) say(io, `nothing is in quarantine (${io.quarantineDir()})`);
  if (damaged > 0) {
    say(io, `${damaged} of ${count} damaged`, 'the journal and the .json beside it say what it was');
  }
  return damaged > 0 ? WRONG : DONE;
}

function line(io: QuarantineIo, item: QuarantineItem): string {
  if (item.damaged !== null) return `${io.escape(item.id)}  damaged: ${io.escape(item.damaged)}`;
  const { origin, size, reasons, taken_at: takenAt } = item.header;
  const why = reasons[0] === undefined ? '' : `  ${io.escape(reasons[0])}`;
  return `${item.id}  ${takenAt.slice(0, 19)}Z  ${size} bytes  ${io.escape(origin.path)}${why}`;
}

async function show(io: QuarantineIo, short: string, options: ShowOptions): Promise<number> {
  const id = await theOne(io, short);
  if (id === null) return WRONG;
  const found = await inspectQuarantined(io.quarantineDir(), id, { verify: options.verify === true });
  if (found === null) return missing(io, short);
  const { item, report } = found;
  if (options.json === true) {
    io.out(`${asciiJson({ ...publicFacts(item), verified: options.verify === true, report })}\n`);
  } else if (item.damaged === null) {
    for (const [name, value] of facts(item)) io.out(`${name.padEnd(12)}${io.escape(value)}\n`);
    if (options.verify === true) io.out(`${'verified'.padEnd(12)}every byte is as it was taken\n`);
  }
  if (item.damaged === null) return DONE;
  say(io, `${id} is damaged: ${item.damaged}`);
  return WRONG;
}

function facts({ header }: Extract<QuarantineItem, { damaged: null }>): [string, string][] {
  const { id, origin, size, sha256, mode, uid, gid, nlink, mtime_ns: mtime } = header;
  const others = nlink - 1;
  return [
    ['id', id],
    ['from', origin.path],
    ['taken', header.taken_at],
    ['size', `${size} bytes`],
    ['sha256', sha256],
    ['mode', `${mode}, owner ${uid}:${gid}`],
    ['modified', new Date(Number(BigInt(mtime) / 1_000_000n)).toISOString()],
    ...(others > 0
      ? ([['links', `${others} more when it was taken: they are still where they were`]] as [
          string,
          string,
        ][])
      : []),
    ['verdict', `${header.verdict}, score ${header.score}`],
    ...header.reasons.map((reason): [string, string] => ['because', reason]),
  ];
}

async function restore(io: QuarantineIo, short: string, options: RestoreFlags): Promise<number> {
  const id = await theOne(io, short);
  if (id === null) return WRONG;
  await settle(io);
  const { to, keep = false } = options;
  const restored = await restoreFromQuarantine(io.quarantineDir(), id, {
    keep,
    ...(to === undefined ? {} : { to }),
  });
  if (restored.status === 'missing') return missing(io, short);
  if (restored.status === 'damaged') {
    say(io, `${id} is damaged and was not restored: ${restored.reason}`);
    return WRONG;
  }
  const location = nameFromBytes(restored.location);
  if (options.json === true) {
    const { sha256, size } = restored;
    io.out(`${asciiJson({ id, location, sha256, size, kept: keep })}\n`);
  } else {
    io.out(`${id} restored to ${io.escape(location)}${keep ? ', and kept in quarantine' : ''}\n`);
  }
  return DONE;
}

async function remove(io: QuarantineIo, short: string, options: DeleteFlags): Promise<number> {
  const id = await theOne(io, short);
  if (id === null) return WRONG;
  if (options.yes !== true) {
    const found = await inspectQuarantined(io.quarantineDir(), id, { verify: false });
    if (found === null) return missing(io, short);
    io.out(`${line(io, found.item)}\n`);
    say(io, 'nothing was deleted', 'add --yes to delete this item for good');
    return COULD_NOT;
  }
  await settle(io);
  if (!(await deleteFromQuarantine(io.quarantineDir(), id, options.reason))) return missing(io, short);
  io.out(options.json === true ? `${asciiJson({ id, deleted: true })}\n` : `${id} deleted\n`);
  return DONE;
}

/** What an earlier run left half done comes to its end before the next change. */
async function settle(io: QuarantineIo): Promise<void> {
  for (const { id, action, detail } of await recoverDispositions(io.quarantineDir(), null)) {
    say(io, `${id}: after an interruption: ${action}: ${detail}`);
  }
}

async function theOne(io: QuarantineIo, short: string): Promise<string | null> {
  const found = await findQuarantined(io.quarantineDir(), short);
  const [first, second] = found;
  if (first === undefined) {
    missing(io, short);
    return null;
  }
  if (second === undefined) return first;
  say(io, `${short} may be any of ${found.length} items`, `for one: ${first} or ${second}`);
  return null;
}

function missing(io: QuarantineIo, short: string): number {
  say(io, `there is no item ${short} in quarantine`, '`backuplens quarantine list` shows what there is');
  return WRONG;
}

/** Everything but the key, which nobody needs who does not have the container. */
function publicFacts(item: QuarantineItem): Record<string, unknown> {
  if (item.damaged !== null) return { id: item.id, damaged: item.damaged };
  const { cipher: _, format: __, ...kept } = item.header;
  return { ...kept, damaged: null };
}

function say(io: QuarantineIo, message: string, hint?: string): void {
  io.err(`backuplens: ${io.escape(message)}\n${hint === undefined ? '' : `hint: ${io.escape(hint)}\n`}`);
}
