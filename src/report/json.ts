import type { Writable } from 'node:stream';
import type {
  ErrorEntry,
  FileResult,
  Report,
  ReportFooter,
  ReportHeader,
  ReportLastLine,
  SkippedEntry,
} from '../contracts/index.ts';
import { boundResult } from './bound-result.ts';
import { BoundedList } from './bounded-list.ts';
import { forJson } from './escape.ts';
import { Sink } from './sink.ts';
import type { ReportWriter } from './writer.ts';

/** Of skipped entries, and of errors; beyond it they are counted in `omitted`. */
const MAX_LISTED = 10_000;
const MAX_LISTED_UNITS = 8 * 1024 * 1024;

/** What stands in `json` around the results, and in `ndjson` on the last line. */
class Frame {
  #header: ReportHeader | null = null;
  readonly #skipped = new BoundedList<SkippedEntry>(MAX_LISTED, MAX_LISTED_UNITS);
  readonly #errors = new BoundedList<ErrorEntry>(MAX_LISTED, MAX_LISTED_UNITS);

  begin(header: ReportHeader): void {
    this.#header = header;
  }

  skipped(entry: SkippedEntry): void {
    this.#skipped.push(entry, entry.path.length);
  }

  error(entry: ErrorEntry): void {
    this.#errors.push(entry, entry.path.length + entry.message.length);
  }

  /** The engines are those of the end: what they were at the beginning may have changed under way. */
  lastLine(footer: ReportFooter): ReportLastLine {
    if (this.#header === null) throw new TypeError('a report ended before it began');
    const omitted = { skipped: this.#skipped.omitted, errors: this.#errors.omitted };
    return {
      summary: footer.summary,
      ...this.#header,
      finished_at: footer.finished_at,
      engines: footer.engines,
      skipped: [...this.#skipped.entries],
      errors: [...this.#errors.entries],
      ...(omitted.skipped + omitted.errors > 0 ? { omitted } : {}),
      ...(footer.stats === undefined ? {} : { stats: footer.stats }),
    };
  }
}

/** One JSON object: what was used, then the results as they come, one a line, then engines and summary. */
export class JsonWriter implements ReportWriter {
  readonly #sink: Sink;
  readonly #frame = new Frame();
  #first = true;

  constructor(output: Writable) {
    this.#sink = new Sink(output);
  }

  async begin(header: ReportHeader): Promise<void> {
    this.#frame.begin(header);
    const opening: Omit<ReportHeader, 'engines'> = {
      schema: header.schema,
      tool: header.tool,
      started_at: header.started_at,
      policy: header.policy,
      used: header.used,
    };
    await this.#sink.write(`${forJson(opening).slice(0, -1)},\n"results":[`);
  }

  async result(result: FileResult): Promise<void> {
    const separator = this.#first ? '\n' : ',\n';
    this.#first = false;
    await this.#sink.write(separator + forJson(boundResult(result)));
  }

  async skipped(entry: SkippedEntry): Promise<void> {
    this.#frame.skipped(entry);
  }

  async error(entry: ErrorEntry): Promise<void> {
    this.#frame.error(entry);
  }

  async end(footer: ReportFooter): Promise<void> {
    const { skipped, errors, omitted, finished_at, engines, stats, summary } = this.#frame.lastLine(footer);
    const closing: Partial<Report> = {
      skipped,
      errors,
      ...(omitted ? { omitted } : {}),
      finished_at,
      engines,
      ...(stats === undefined ? {} : { stats }),
      summary,
    };
    await this.#sink.write(`\n],\n${forJson(closing).slice(1)}\n`);
    await this.#sink.flush();
  }
}

/** One result a line, then one line `{"summary": …}` with the rest of the report. */
export class NdjsonWriter implements ReportWriter {
  readonly #sink: Sink;
  readonly #frame = new Frame();

  constructor(output: Writable) {
    this.#sink = new Sink(output);
  }

  async begin(header: ReportHeader): Promise<void> {
    this.#frame.begin(header);
  }

  async result(result: FileResult): Promise<void> {
    await this.#sink.write(`${forJson(boundResult(result))}\n`);
  }

  async skipped(entry: SkippedEntry): Promise<void> {
    this.#frame.skipped(entry);
  }

  async error(entry: ErrorEntry): Promise<void> {
    this.#frame.error(entry);
  }

  async end(footer: ReportFooter): Promise<void> {
    await this.#sink.write(`${forJson(this.#frame.lastLine(footer))}\n`);
    await this.#sink.flush();
  }
}
