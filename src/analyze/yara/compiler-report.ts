/** What a YARA-X compiler says is wrong; both builds say it the same way. Lines and columns (in characters) from 1. */
export interface CompilerReport {
  /** `E009`; empty when it is none of the compiler's own. */
  readonly code: string;
  readonly title: string;
  readonly line: number | null;
  readonly column: number | null;
}

const MAX_TITLE_CHARS = 200;

/** Reads a report: what and where, without anything of the source, which it quotes (ATTACKS C6). */
export function readReport(text: string): CompilerReport {
  // The native build puts its own words before.
  const error = text.slice(Math.max(0, text.search(/^error\[|(?<=: )error\[/m)));
  const [first = ''] = error.split('\n', 1);
  const [, code = '', title = first] = /^(?:error\[(\w+)\]: )?(.*)$/.exec(first) ?? [];
  const place = /^ *--> line:(\d+):(\d+)$/m.exec(error);
  return {
    code,
    title: title.replace(/ *`[^`]*`/g, '').slice(0, MAX_TITLE_CHARS),
    line: place === null ? null : Number(place[1]),
    column: place === null ? null : Number(place[2]),
  };
}

/** Where in the source that is; null for a place that is not in it. */
export function offsetOf(source: string, { line, column }: CompilerReport): number | null {
  if (line === null || column === null) return null;
  let start = 0;
  for (let at = 1; at < line; at++) {
    start = source.indexOf('\n', start) + 1;
    if (start === 0) return null;
  }
  for (let at = 1; at < column && start < source.length; at++) {
    start += (source.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
  }
  return start;
}
