import type { Writable } from 'node:stream';
import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import { DECISIONS } from '../domain/index.ts';
import type { Decision } from '../domain/index.ts';
import { boundResult } from './bound-result.ts';
import { BoundedList } from './bounded-list.ts';
import { cacheTrouble, cacheWords } from './cache-words.ts';
import { allLooked, engineWords } from './engine-words.ts';
import { counted, duration, number, size } from './figures.ts';
import { approvedRow, fileBlock, more, name } from './html-file.ts';
import { markup, Markup } from './markup.ts';
import { Sink } from './sink.ts';
import { STYLE } from './html-style.ts';
import { Tally } from './tally.ts';
import type { ReportWriter } from './writer.ts';

/** What a browser opens at once and a printer prints: files listed per decision, and characters of HTML for them. */
const MAX_HTML_FILES: Readonly<Record<Decision, number>> = {
  quarantine: 2000,
  manual_review: 2000,
  auto_approve: 2000,
};
const MAX_UNITS = 4 * 1024 * 1024;
const MAX_ERRORS = 200;

const TITLES: Readonly<Record<Decision, string>> = {
  quarantine: 'To quarantine',
  manual_review: 'For review',
  auto_approve: 'Approved',
};

/**
 * One HTML file without script, that shows itself under a policy that allows nothing but its own style, and
 * prints. The summary stands first, so the lists wait in memory, bounded, until the end is known.
 */
export class HtmlWriter implements ReportWriter {
  readonly #sink: Sink;
  readonly #tally = new Tally();
  readonly #files: Readonly<Record<Decision, BoundedList<Markup>>> = {
    quarantine: new BoundedList(MAX_HTML_FILES.quarantine, MAX_UNITS),
    manual_review: new BoundedList(MAX_HTML_FILES.manual_review, MAX_UNITS),
    auto_approve: new BoundedList(MAX_HTML_FILES.auto_approve, MAX_UNITS),
  };
  readonly #errors = new BoundedList<Markup>(MAX_ERRORS, MAX_UNITS);
  #header: ReportHeader | null = null;

  constructor(output: Writable) {
    this.#sink = new Sink(output);
  }

  async begin(header: ReportHeader): Promise<void> {
    this.#header = header;
  }

  async result(whole: FileResult): Promise<void> {
    this.#tally.result(whole);
    const list = this.#files[whole.decision];
    // Past the bound a file is only counted; rendering it would be for nothing.
    const full = list.omitted > 0 || list.entries.length >= MAX_HTML_FILES[whole.decision];
    const block = full
      ? markup``
      : whole.decision === 'auto_approve'
        ? approvedRow(whole)
        : fileBlock(boundResult(whole));
    list.push(block, full ? MAX_UNITS + 1 : block.escaped.length);
  }

  async skipped(entry: SkippedEntry): Promise<void> {
    this.#tally.skip(entry);
  }

  async error({ path, code, message }: ErrorEntry): Promise<void> {
    const row = markup`<li>${name(path)}: ${message} (${code})</li>`;
    this.#errors.push(row, row.escaped.length);
  }

  async end(footer: ReportFooter): Promise<void> {
    if (this.#header === null) throw new TypeError('a report ended before it began');
    await this.#sink.write(head(footer));
    await this.#sink.write(this.#summary(this.#header, footer).escaped);
    for (const decision of ['quarantine', 'manual_review'] as const) {
      const { entries, omitted } = this.#files[decision];
      if (entries.length + omitted === 0) continue;
      await this.#sink.write(markup`<h2>${TITLES[decision]}</h2>`.escaped);
      for (const file of entries) await this.#sink.write(file.escaped);
      if (omitted > 0) await this.#sink.write(more(omitted).escaped);
    }
    await this.#approved();
    await this.#sink.write(used(this.#header).escaped);
    await this.#sink.write('</main>\n</body>\n</html>\n');
    await this.#sink.flush();
  }

  async #approved(): Promise<void> {
    const { entries, omitted } = this.#files.auto_approve;
    if (entries.length + omitted === 0) return;
    await this.#sink.write(
      '\n<h2>Approved</h2>\n<table>\n<thead><tr><th>Path</th><th>Type</th><th class="n">Size</th><th class="n">Score</th>' +
        '<th>Verdict</th></tr></thead>\n<tbody>\n',
    );
    for (const row of entries) await this.#sink.write(row.escaped);
    await this.#sink.write('</tbody>\n</table>\n');
    if (omitted > 0) await this.#sink.write(more(omitted).escaped);
  }

  #summary(header: ReportHeader, footer: ReportFooter): Markup {
    const { summary, engines, finished_at } = footer;
    const took = Math.max(0, Date.parse(finished_at) - Date.parse(header.started_at));
    const decisions = DECISIONS.toReversed().map((decision) => {
      const { files, folders, bytes, provisional } = this.#tally.decided[decision];
      const whole = folders > 0 ? `and ${counted(folders, 'folder')} as a whole` : '';
      const maybe = [whole, provisional > 0 ? `${number(provisional)} provisional` : '']
        .filter((words) => words !== '')
        .join(', ');
      return markup`<tr>
        <th class="${decision}">${decision}</th>
        <td class="n">${counted(files, 'file')}</td>
        <td class="n">${size(bytes)}</td>
        <td>${maybe}</td>
      </tr>`;
    });
    const words = engineWords(engines).map(
      ({ loud, line, below }) =>
        markup`<li${new Markup(loud ? ' class="loud"' : '')}>${line}${below.map((one) => markup`<br />${one}`)}</li>`,
    );
    const { rawOnly } = this.#tally;
    const raw =
      rawOnly.artifacts === 0
        ? markup``
        : markup`<tr>
        <th>seen raw only</th>
        <td class="n">${counted(rawOnly.artifacts, 'artifact')}</td>
        <td class="n">${size(rawOnly.bytes)}</td>
        <td>of no known type, or packed in blocks of its own: not looked into</td>
      </tr>`;
    const warnings = [
      ...(summary.files === 0 ? ['Nothing was scanned: no file was found'] : []),
      ...(summary.interrupted ? ['Interrupted: the run was ended before everything was seen'] : []),
      ...(summary.provisional > 0
        ? [
            `Provisional: an engine was away; ${counted(summary.provisional, 'decision')} may turn out harsher once everything has looked`,
          ]
        : []),
      ...cacheTrouble(summary),
    ].map((text) => markup`<p class="loud">${text}</p>`);
    const known = cacheWords(summary);
    return markup`<header>
        <p class="run">Decision for the run</p>
        <h1 class="${summary.decision}">${summary.decision}</h1>
        <p>
          ${counted(summary.files, 'file')}, ${counted(summary.artifacts, 'artifact')},
          ${size(summary.bytes)}; started ${header.started_at}, took ${duration(took)}
        </p>
        ${known === null ? markup`` : markup`<p>${known}</p>`} ${warnings}
      </header>
      <table class="decided">
          <tbody>
            ${decisions} ${raw}
          </tbody>
        </table>
        <ul class="engines">
          ${words}
        </ul>
        ${this.#uninspected(footer)}
        ${this.#errorList(summary.errors)}`;
  }

  #uninspected({ summary, engines }: ReportFooter): Markup {
    const { outward_links: outwardLinks, files, interrupted, errors } = summary;
    const rows = [...this.#tally.uninspected].map(([reason, sum]) => {
      const bytes = sum.atLeast ? `≥ ${size(sum.bytes)}` : size(sum.bytes);
      const accepted = sum.accepted > 0 ? `, ${number(sum.accepted)} accepted` : '';
      return markup`<tr>
        <th>${reason}</th>
        <td class="n">${counted(sum.artifacts, 'artifact')}</td>
        <td class="n">${bytes}</td>
        <td>${[...sum.by].join(', ')}</td>
        <td>${[...sum.rules].join(', ')}${accepted}</td>
      </tr>`;
    });
    const skipped = [...this.#tally.skipped].map(
      ([reason, count]) =>
        markup`<tr>
          <th>skipped</th>
          <td class="n">${number(count)}</td>
          <td></td>
          <td>${reason}</td>
          <td></td>
        </tr>`,
    );
    const links =
      outwardLinks > 0
        ? [
            markup`<tr>
              <th>links that lead out</th>
              <td class="n">${number(outwardLinks)}</td>
              <td></td>
              <td>not followed</td>
              <td></td>
            </tr>`,
          ]
        : [];
    const all = [...rows, ...skipped, ...links];
    if (all.length === 0) {
      const whole = files > 0 && !interrupted && errors === 0 && allLooked(engines);
      const when = summary.cache?.by_metadata ? ', now or before' : '';
      return whole ? markup`<h2>Everything was inspected${when}</h2>` : markup``;
    }
    return markup`<h2>Not inspected</h2>
      <table>
        <tbody>
          ${all}
        </tbody>
      </table>`;
  }

  #errorList(errors: number): Markup {
    const { entries, omitted } = this.#errors;
    if (errors === 0 && entries.length === 0) return markup``;
    return markup`<h2>Errors</h2>
      <ul>
        ${entries}
      </ul>
      ${omitted > 0 ? more(omitted) : markup``}`;
  }
}

function head({ summary }: ReportFooter): string {
  const title = markup`<title>backuplens: ${summary.decision}</title>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
${title.escaped}
<style>${STYLE}</style>
</head>
<body>
<main>
`;
}

function used({ tool, policy, used: files }: ReportHeader): Markup {
  const rows = files.map(
    ({ path, sha256 }) => markup`<li>${name(path)} <code>${sha256 ?? 'no hash'}</code></li>`,
  );
  return markup`<h2>Judged by</h2>
    <p>
      backuplens ${tool.version}, policy ${policy.path ?? 'built-in'}${policy.strict ? ', strict' : ''}
      <code>${policy.sha256}</code>
    </p>
    <ul>
      ${rows}
    </ul>
`;
}
