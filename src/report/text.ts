import type { Writable } from 'node:stream';
import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import { boundResult } from './bound-result.ts';
import { BoundedList } from './bounded-list.ts';
import { engineWords } from './engine-words.ts';
import { forTerminal } from './escape.ts';
import { number } from './figures.ts';
import { paint } from './paint.ts';
import type { Paint } from './paint.ts';
import { Sink } from './sink.ts';
import { Tally } from './tally.ts';
import { notedOf, Table } from './text-file.ts';
import { summaryLines } from './text-summary.ts';
import type { ReportOptions, ReportWriter } from './writer.ts';

/** Approved files that get a row; after them they are only counted, unless `verbose` asks for all. */
const MAX_APPROVED_ROWS = 100;
const MAX_ERRORS = 20;
const MAX_ERROR_UNITS = 1024 * 1024;

/** The report for people: who did not look, a table with the grounds, what was not inspected, the decision. */
export class TextWriter implements ReportWriter {
  readonly #sink: Sink;
  readonly #paint: Paint;
  readonly #table: Table;
  readonly #verbose: boolean;
  readonly #maxApproved: number;
  readonly #tally = new Tally();
  readonly #errors: BoundedList<ErrorEntry>;
  #header: ReportHeader | null = null;
  #approved = 0;
  #rows = 0;
  #afterGrounds = false;
  readonly plain: NonNullable<ReportWriter['plain']>;

  constructor(output: Writable, options: ReportOptions) {
    this.#sink = new Sink(output);
    this.#paint = paint(options.color ?? false);
    this.#verbose = options.verbose ?? false;
    this.#table = new Table(this.#paint, options.columns ?? null, this.#verbose);
    this.#maxApproved = options.quiet ? 0 : this.#verbose ? Number.POSITIVE_INFINITY : MAX_APPROVED_ROWS;
    this.plain = {
      one_by_one: this.#maxApproved,
      count: (files, bytes) => {
        this.#approved += files;
        this.#tally.approved(files, bytes);
      },
    };
    this.#errors = new BoundedList(this.#verbose ? 1000 : MAX_ERRORS, MAX_ERROR_UNITS);
  }

  async begin(header: ReportHeader): Promise<void> {
    this.#header = header;
    const lines = engineWords(header.engines).flatMap(({ loud, line, below }) => {
      const color = loud ? this.#paint.warning : this.#paint.dim;
      return [
        color(forTerminal(line)),
        ...below.map((rejected) => this.#paint.warning(`  ${forTerminal(rejected)}`)),
      ];
    });
    await this.#write([...lines, '']);
  }

  async result(result: FileResult): Promise<void> {
    this.#tally.result(result);
    if (result.decision === 'auto_approve') {
      // What was approved in spite of something is always worth its line, unless only the rest was asked for.
      const plain = notedOf(result) === null;
      if (plain) this.#approved++;
      if (plain ? this.#approved > this.#maxApproved : this.#maxApproved === 0) return;
    }
    const lines = this.#table.lines(boundResult(result));
    const above = this.#rows === 0 ? [this.#table.heading()] : this.#afterGrounds ? [''] : [];
    this.#rows++;
    this.#afterGrounds = lines.length > 1;
    await this.#write([...above, ...lines]);
  }

  async skipped(entry: SkippedEntry): Promise<void> {
    this.#tally.skip(entry);
  }

  async error(entry: ErrorEntry): Promise<void> {
    this.#errors.push(entry, entry.path.length + entry.message.length);
  }

  async end(footer: ReportFooter): Promise<void> {
    if (this.#header === null) throw new TypeError('a report ended before it began');
    const lines: string[] = [];
    const counted = this.#approved - this.#maxApproved;
    if (counted > 0 && this.#maxApproved > 0) {
      lines.push(this.#paint.dim(`… and ${number(counted)} more approved; --verbose lists them`));
    }
    if (this.#rows > 0) lines.push('');
    const run = {
      header: this.#header,
      footer,
      tally: this.#tally,
      errors: this.#errors,
      verbose: this.#verbose,
    };
    await this.#write([...lines, ...summaryLines(run, this.#paint)]);
    await this.#sink.flush();
  }

  async #write(lines: readonly string[]): Promise<void> {
    await this.#sink.write(`${lines.join('\n')}\n`);
  }
}
