import { forHtml } from './escape.ts';

/** HTML that is already escaped. Only `markup` makes it. */
export class Markup {
  readonly escaped: string;

  constructor(escaped: string) {
    this.escaped = escaped;
  }
}

type Part = string | number | Markup | readonly Markup[];

/** HTML from a template; every text in it is escaped, so that no name can be forgotten. */
export function markup(pieces: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    pieces.map((piece, at) => piece + (at < parts.length ? escapedPart(parts[at] ?? '') : '')).join(''),
  );
}

function escapedPart(part: Part): string {
  if (part instanceof Markup) return part.escaped;
  if (typeof part === 'object') return part.map((one) => one.escaped).join('\n');
  return forHtml(String(part));
}
