import type { YaraFileProof, YaraMatch } from '../../contracts/index.ts';

export interface ParsedReply {
  readonly matches: readonly YaraMatch[];
  /** Rules that matched and are not told. */
  readonly omitted: number;
  /** Only where the reply tells of which file it is. */
  readonly file?: YaraFileProof;
}

/** What a scanner of ours can do beside what every scanner can. */
export interface Abilities {
  /** `/scan` takes a body that is the file. */
  readonly takesBytes: boolean;
  /** `/scan-file` proves that it has opened the same file. */
  readonly provesFiles: boolean;
}

/** A 200's body, checked by hand: this runs for every artifact, and the scanner may be somebody else's. */
export function parseReply(text: string): ParsedReply | null {
  // What an engine of ours says of nearly everything.
  if (text === '{"matches":[],"match_count":0}') return { matches: [], omitted: 0 };
  const body = parse(text);
  if (body === null || !Array.isArray(body['matches'])) return null;
  const matches: YaraMatch[] = [];
  for (const entry of body['matches'] as readonly unknown[]) {
    const match = toMatch(entry);
    if (match === null) return null;
    matches.push(match);
  }
  const count = body['match_count'];
  const omitted = isSize(count) ? Math.max(0, count - matches.length) : 0;
  const file = toProof(body['file']);
  return file === null ? { matches, omitted } : { matches, omitted, file };
}

/** The `error` and `code` of any other status. */
export function parseError(text: string): { readonly message: string; readonly code: string | null } {
  const body = parse(text);
  const message = body?.['error'];
  const code = body?.['code'];
  return {
    message: typeof message === 'string' ? message.slice(0, 300) : 'no reason given',
    code: typeof code === 'string' ? code : null,
  };
}

export function parseAbilities(health: string): Abilities {
  const body = parse(health);
  return { takesBytes: body?.['takes_bytes'] === true, provesFiles: body?.['proves_files'] === true };
}

type Fields = Readonly<Record<string, unknown>>;

function toMatch(entry: unknown): YaraMatch | null {
  if (!isFields(entry)) return null;
  const { rule, namespace, tags, meta, strings } = entry as { readonly [key in keyof YaraMatch]?: unknown };
  if (typeof rule !== 'string') return null;
  return {
    rule,
    namespace: typeof namespace === 'string' ? namespace : 'default',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : null,
    meta: isFields(meta) ? onlyPlain(meta) : {},
    strings: Array.isArray(strings) ? strings.flatMap(toStringMatch) : [],
  };
}

function toProof(entry: unknown): YaraFileProof | null {
  if (!isFields(entry)) return null;
  const { ino, size, mtime_ns, ctime_ns, proof } = entry as {
    readonly [key in keyof YaraFileProof]?: unknown;
  };
  if (typeof ino !== 'string' || typeof mtime_ns !== 'string' || typeof ctime_ns !== 'string') return null;
  return isSize(size) && typeof proof === 'string' ? { ino, size, mtime_ns, ctime_ns, proof } : null;
}

function toStringMatch(entry: unknown): YaraMatch['strings'] {
  if (!isFields(entry)) return [];
  const { id, offset, length } = entry as { id?: unknown; offset?: unknown; length?: unknown };
  return typeof id === 'string' && isSize(offset) && isSize(length) ? [{ id, offset, length }] : [];
}

function onlyPlain(meta: Fields): YaraMatch['meta'] {
  const plain = Object.entries(meta).filter(
    (pair): pair is [string, string | number | boolean] =>
      typeof pair[1] === 'string' || typeof pair[1] === 'number' || typeof pair[1] === 'boolean',
  );
  return Object.fromEntries(plain);
}

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    // Not JSON: the caller says so.
    return null;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
