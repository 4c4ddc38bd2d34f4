/** Keys of the CEF dictionary (ArcSight Common Event Format, version 0) that are used here. */
const KEYS = new Set(
  'externalId rt act deviceExternalId deviceProcessName suser filePath fname fsize fileHash fileId outcome reason msg cs1 cs2 cs3 cs4 cs5 cs6 cn1 cn2 cn3'.split(
    ' ',
  ),
);

export interface ParsedCef {
  /** Version, vendor, product, version, class, name, severity. */
  readonly header: readonly string[];
  readonly extension: Readonly<Record<string, string>>;
}

/** Throws for what is no CEF. */
export function parseCef(line: string): ParsedCef {
  const header: string[] = [];
  let at = 0;
  while (header.length < 7) {
    let field = '';
    for (; line[at] !== '|'; at++) {
      if (at >= line.length) throw new Error('the header has no end');
      if (line[at] === '\\') {
        at++;
        if (line[at] !== '\\' && line[at] !== '|') throw new Error('an escape that the header does not know');
      }
      field += line[at] ?? '';
    }
    header.push(field);
    at++;
  }
  const extension: Record<string, string> = {};
  // Every `=` that is not escaped ends a key; what is before it, up to a blank, is the key.
  const text = line.slice(at);
  const keys = [...text.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)].filter(({ index }) => !isEscaped(text, index));
  if (keys[0]?.index !== 0) throw new Error('the extension begins with no key');
  for (const [n, found] of keys.entries()) {
    const key = found[1] ?? '';
    const value = text.slice(found.index + found[0].length, keys[n + 1]?.index ?? text.length);
    if (!/^(?:[^\\=]|\\[\\=nr])*$/.test(value)) throw new Error(`${key}: something is not escaped`);
    if (!KEYS.has(key.replace(/Label$/, ''))) throw new Error(`${key} is no key`);
    if (key in extension) throw new Error(`${key} comes twice`);
    extension[key] = value.replaceAll(/\\([\\=])/g, '$1');
  }
  return { header, extension };
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
