import { Writable } from 'node:stream';
import { BackupLensError, ERRORS } from '../domain/index.ts';
import { forTerminal, isBrokenPipe } from '../report/index.ts';

/*
 * The only place that writes to standard output and standard error. Results go to standard output, talk to
 * standard error. Every message begins with `backuplens: `, in lower case and without a full stop; what to do next
 * is a hint on a line of its own. Whatever is said is escaped here, so that no caller can forget it.
 */

export interface TtyOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The name that messages begin with. */
  readonly program?: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** `--no-color` or NO_COLOR: no colour, whatever the terminal can. */
  readonly noColor: boolean;
}

/** Back to the first column, and erase the line. */
const ERASE_LINE = '\r\u001b[2K';

const HOW_TO_REPORT = [
  'this is a fault of BackupLens, not of your files; nothing was approved because of it',
  'please report it with the command line, `backuplens --version` and what --verbose prints',
];

export class Tty {
  readonly #options: TtyOptions;
  #status = '';

  constructor(options: TtyOptions) {
    this.#options = options;
    // A reader that has gone must not end the process; who writes the report hears of it and says so.
    for (const stream of [options.stdout, options.stderr]) stream.on('error', () => undefined);
  }

  /** Colour in what goes to standard output. */
  get color(): boolean {
    return this.#options.stdout.isTTY ? !this.#options.noColor : false;
  }

  /** Width of standard output; undefined when it is not a terminal. */
  get columns(): number | undefined {
    return this.#options.stdout.isTTY ? this.#options.stdout.columns : undefined;
  }

  /** Width for a line of progress on standard error; undefined where none is wanted. */
  get statusColumns(): number | undefined {
    const { stderr, quiet } = this.#options;
    return stderr.isTTY && !quiet ? stderr.columns : undefined;
  }

  /** Standard output for a report, with its back-pressure; what stands on the status line is cleared before. */
  output(): Writable {
    return new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.#clear();
        this.#options.stdout.write(chunk, done);
      },
    });
  }

  /** One line of a result (`--version`, `config show`), as it is: the caller escapes what it did not write. */
  print(line: string): void {
    this.#clear();
    this.#options.stdout.write(`${line}\n`);
  }

  /** `backuplens: …` unless quiet. */
  note(message: string, ...hints: readonly string[]): void {
    if (!this.#options.quiet) this.#say(message, hints);
  }

  /** `backuplens: warning: …`, quiet or not. */
  warn(message: string, ...hints: readonly string[]): void {
    this.#say(`warning: ${message}`, hints);
  }

  /** `backuplens: …` on one line, whatever line breaks it holds: for what begins with a name. */
  problem(line: string): void {
    this.#clear();
    this.#options.stderr.write(`${this.#program}: ${forTerminal(line)}\n`);
  }

  /** Says what went wrong and how to go on; the exit code that follows. A broken pipe is not worth a word. */
  error(error: unknown): number {
    if (isBrokenPipe(error)) return ERRORS.BL_OUTPUT.exit;
    if (error instanceof BackupLensError) {
      this.#say(error.message, error.hint === null ? [] : [error.hint]);
    } else {
      this.#say(`internal error: ${error instanceof Error ? error.message : String(error)}`, HOW_TO_REPORT);
    }
    if (this.#options.verbose) this.#stacks(error);
    return ERRORS[error instanceof BackupLensError ? error.code : 'BL_INTERNAL'].exit;
  }

  /** Replaces the line of progress; it must fit, be escaped, and only be called where `statusColumns` is set. */
  status(line: string): void {
    if (line === this.#status) return;
    this.#status = line;
    this.#options.stderr.write(ERASE_LINE + line);
  }

  get #program(): string {
    return this.#options.program ?? 'backuplens';
  }

  #clear(): void {
    if (this.#status === '') return;
    this.#status = '';
    this.#options.stderr.write(ERASE_LINE);
  }

  #say(message: string, hints: readonly string[]): void {
    this.#clear();
    // Our own messages may list several problems; a line of one can never look like a message of its own.
    const [first = '', ...more] = message.split('\n');
    const lines = [
      `${this.#program}: ${forTerminal(first)}`,
      ...more.map((line) => `  ${forTerminal(line)}`),
      ...hints.map((hint) => `hint: ${forTerminal(hint)}`),
    ];
    this.#options.stderr.write(`${lines.join('\n')}\n`);
  }

  #stacks(error: unknown): void {
    const seen = new Set<unknown>();
    for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
      seen.add(at);
      for (const line of (at.stack ?? at.message).split('\n')) {
        this.#options.stderr.write(`  ${forTerminal(line.trim())}\n`);
      }
    }
  }
}
