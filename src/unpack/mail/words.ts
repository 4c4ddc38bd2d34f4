const WORD = /=\?([^?\s]{1,60})\?([BbQq])\?([^?]{0,2000})\?=/g;

/** RFC 2047: `=?utf-8?B?…?=` in a name becomes text; what cannot be decoded stays as it is. */
export function withoutEncodedWords(text: string): string {
  return text
    .replace(/\?=[ \t]{1,20}=\?/g, '?==?')
    .replace(WORD, (whole, charset: string, kind: string, content: string) => {
      const bytes =
        kind.toLowerCase() === 'b'
          ? Buffer.from(content, 'base64')
          : percentDecoded(content.replaceAll('_', ' ').replaceAll('=', '%'));
      return inCharset(bytes, charset) ?? whole;
    });
}

/** RFC 2231, 4: `utf-8'en'na%C3%AFve.txt`. */
export function extendedValue(text: string): string {
  const [charset = '', , ...rest] = text.split("'");
  if (rest.length === 0) return inCharset(percentDecoded(text), 'utf-8') ?? text;
  return inCharset(percentDecoded(rest.join("'")), charset) ?? text;
}

function percentDecoded(text: string): Buffer {
  const latin = text.replace(/%([0-9A-Fa-f]{2})/g, (_match, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(latin, 'latin1');
}

function inCharset(bytes: Buffer, charset: string): string | null {
  try {
    return new TextDecoder(charset.replace(/\*.*$/, '')).decode(bytes);
  } catch {
    // A character set that nobody knows: the caller keeps what stands there.
    return null;
  }
}
