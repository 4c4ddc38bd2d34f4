import type { Writable } from 'node:stream';
import { CsvWriter } from './csv.ts';
import { HtmlWriter } from './html.ts';
import { JsonWriter, NdjsonWriter } from './json.ts';
import { SarifWriter } from './sarif.ts';
import { TextWriter } from './text.ts';
import type { ReportFormat, ReportOptions, ReportWriter } from './writer.ts';

/** A scan's report for people (text, html, csv) and programs (json, ndjson, sarif, csv), as it comes about. */
export { forHtml, forJson, forTerminal } from './escape.ts';
export { MEMBER_LIST_FORMS, memberLine, type MemberListForm } from './member-list.ts';
export { counted, duration, number, size } from './figures.ts';
export { paint, type Paint } from './paint.ts';
export { isBrokenPipe, Sink } from './sink.ts';
export { padEnd, shorten, shortenEnd, width } from './width.ts';
export { REPORT_FORMATS } from './writer.ts';
export type { ReportFormat, ReportOptions, ReportWriter } from './writer.ts';

const WRITERS: Readonly<Record<ReportFormat, (output: Writable, options: ReportOptions) => ReportWriter>> = {
  text: (output, options) => new TextWriter(output, options),
  json: (output) => new JsonWriter(output),
  ndjson: (output) => new NdjsonWriter(output),
  sarif: (output, options) => new SarifWriter(output, options),
  html: (output) => new HtmlWriter(output),
  csv: (output) => new CsvWriter(output),
};

/** A writer that sends a report to `output`, which stays open and is the caller's to close. */
export function createReport(
  format: ReportFormat,
  output: Writable,
  options: ReportOptions = {},
): ReportWriter {
  return WRITERS[format](output, options);
}
