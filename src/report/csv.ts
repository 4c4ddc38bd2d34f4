import type { Writable } from 'node:stream';
import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import { boundResult } from './bound-result.ts';
import { engineWords } from './engine-words.ts';
import { forCsv, forTerminal, trailInText } from './escape.ts';
import { Sink } from './sink.ts';
import type { ReportWriter } from './writer.ts';

/** Columns are only ever added, at the end. */
const COLUMNS = [
  'row',
  'path',
  'path_base64',
  'decision',
  'verdict',
  'score',
  'provisional',
  'size',
  'sha256',
  'mime',
  'kind',
  'rule',
  'by',
  'weight',
  'member',
  'member_sha256',
  'offset',
  'bytes',
  'detail',
  'accepted',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string | number | boolean | null | undefined>>;

/**
 * RFC 4180: a row for each file, then one for each of its findings and gaps with the same path; at the end a row for
 * each engine and one for the run, without which the file was cut short. Nothing is kept, so memory is constant.
 */
export class CsvWriter implements ReportWriter {
  readonly #sink: Sink;

  constructor(output: Writable) {
    this.#sink = new Sink(output);
  }

  async begin(_header: ReportHeader): Promise<void> {
    await this.#sink.write(`${COLUMNS.join(',')}\r\n`);
  }

  async result(whole: FileResult): Promise<void> {
    const result = boundResult(whole);
    const { path, path_base64, decision } = result;
    const of = { path: forTerminal(path), path_base64, decision };
    const rows: Row[] = [
      {
        row: 'file',
        ...of,
        verdict: result.verdict,
        score: result.score,
        provisional: result.provisional,
        size: result.size,
        sha256: result.sha256,
        mime: forTerminal(result.content_type.mime),
        detail: dispositionOf(result),
      },
      ...result.findings.map((finding) => ({ row: 'finding', ...of, ...findingRow(finding) })),
      ...result.gaps.map((gap) => ({ row: 'gap', ...of, ...gapRow(gap) })),
    ];
    const { findings = 0, gaps = 0 } = result.omitted ?? {};
    if (findings + gaps > 0) {
      const detail = `${findings} more findings and ${gaps} more gaps than a report lists`;
      rows.push({ row: 'omitted', ...of, detail });
    }
    await this.#write(rows);
  }

  async skipped({ path, reason }: SkippedEntry): Promise<void> {
    await this.#write([{ row: 'skipped', path: forTerminal(path), kind: reason }]);
  }

  async error({ path, code, message }: ErrorEntry): Promise<void> {
    const detail = forTerminal(message);
    await this.#write([{ row: 'error', path: forTerminal(path), kind: forTerminal(code), detail }]);
  }

  async end({ engines, summary }: ReportFooter): Promise<void> {
    const engineRows = engineWords(engines).map(({ line, below }) => ({
      row: 'engine',
      detail: [line, ...below].map(forTerminal).join('; '),
    }));
    const { decision, artifacts, bytes, interrupted } = summary;
    const counts = [
      `${summary.files} files`,
      `${artifacts} artifacts`,
      `${summary.auto_approve} approved`,
      `${summary.manual_review} for review`,
      `${summary.quarantine} to quarantine`,
      `${summary.gaps} gaps`,
      `${summary.errors} errors`,
      ...(interrupted ? ['interrupted before everything was seen'] : []),
    ];
    const provisional = summary.provisional > 0;
    const run = { row: 'run', decision, provisional, size: bytes, detail: counts.join(', ') };
    await this.#write([...engineRows, run]);
    await this.#sink.flush();
  }

  async #write(rows: readonly Row[]): Promise<void> {
    await this.#sink.write(rows.map(recordOf).join(''));
  }
}

function recordOf(row: Row): string {
  return `${COLUMNS.map((column) => cell(row[column])).join(',')}\r\n`;
}

/** Figures stay figures; every text is quoted and led by nothing that a spreadsheet takes for a formula. */
function cell(value: Row[keyof Row]): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? forCsv(value) : String(value);
}

function findingRow(finding: FileResult['findings'][number]): Row {
  const { kind, rule, engine, weight, trail, sha256, offset, detail, accepted } = finding;
  return {
    kind,
    rule: forTerminal(rule),
    by: forTerminal(engine),
    weight,
    member: trailInText(trail.slice(1)),
    member_sha256: sha256,
    offset,
    detail: forTerminal(detail),
    accepted: accepted === undefined ? null : forTerminal(accepted),
  };
}

function gapRow(gap: FileResult['gaps'][number]): Row {
  const { reason, rule, by, trail, bytes, detail, accepted, artifacts = 1 } = gap;
  const many = artifacts > 1 ? ` (${artifacts} artifacts)` : '';
  return {
    kind: reason,
    rule,
    by: forTerminal(by),
    member: trailInText(trail.slice(1)),
    bytes,
    detail: forTerminal(detail) + many,
    accepted: accepted === undefined ? null : forTerminal(accepted),
  };
}

function dispositionOf({ disposition }: FileResult): string | null {
  if (disposition === undefined || disposition.action === 'none') return null;
  const { action, location, detail } = disposition;
  return [action, forTerminal(location), ...(detail === null ? [] : [forTerminal(detail)])].join(': ');
}
