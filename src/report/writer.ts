import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';

export const REPORT_FORMATS = ['text', 'json', 'ndjson', 'sarif', 'html', 'csv'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * Takes a report in the order in which it comes about: `begin` once, then results, skipped entries and errors in
 * any order, then `end` once. One call at a time: each is awaited before the next. Memory does not grow with the
 * number of results. Every method throws BL_OUTPUT when the report can no longer be written.
 */
export interface ReportWriter {
  begin(header: ReportHeader): Promise<void>;
  result(result: FileResult): Promise<void>;
  /** Set where files of which there is nothing to be said need not all be told of. */
  readonly plain?: {
    /** So many are wanted one by one; of the others, */
    readonly one_by_one: number;
    /** it is told how many are approved. */
    readonly count: (files: number, bytes: number) => void;
  };
  skipped(entry: SkippedEntry): Promise<void>;
  error(entry: ErrorEntry): Promise<void>;
  /** Comes back when everything was handed to the operating system; does not close the output. */
  end(footer: ReportFooter): Promise<void>;
}

export interface ReportOptions {
  /** Width of the terminal, for `text`; without it the table is laid out for 100 and paths are never shortened. */
  readonly columns?: number | undefined;
  /** Colour in `text`. Default: none. */
  readonly color?: boolean | undefined;
  /** `text` without a row for approved files. */
  readonly quiet?: boolean | undefined;
  /** `text` with every approved file, every place and every measurement. */
  readonly verbose?: boolean | undefined;
  /** Points above which a score quarantines (the policy's `thresholds.manual_review`), for SARIF's levels. */
  readonly quarantineAbove?: number | undefined;
}
