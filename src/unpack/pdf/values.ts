/** A name; `#46` is resolved (ISO 32000-1, 7.3.5). One character a byte. */
export class PdfName {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A literal or hexadecimal string, its escapes resolved; encrypted where the document is. */
export class PdfString {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** `12 0 R`. */
export class PdfRef {
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
}

/** Keys in the order they stand; a hostile one has a key twice, and readers differ in which they believe. */
export class PdfDict {
  readonly entries: readonly (readonly [string, PdfValue])[];

  /** `items` are keys and values in turn. */
  constructor(items: readonly PdfValue[]) {
    const entries: [string, PdfValue][] = [];
    for (let at = 0; at < items.length; at++) {
      const key = items[at];
      if (!(key instanceof PdfName)) continue;
      entries.push([key.text, items[at + 1] ?? null]);
      at++;
    }
    this.entries = entries;
  }

  /** The last value of that key; null where there is none. */
  get(...keys: readonly string[]): PdfValue {
    return this.all(...keys).at(-1) ?? null;
  }

  all(...keys: readonly string[]): PdfValue[] {
    return this.entries.filter(([key]) => keys.includes(key)).map(([, value]) => value);
  }
}

export type PdfValue = null | boolean | number | PdfName | PdfString | PdfRef | PdfDict | readonly PdfValue[];

export function isArray(value: PdfValue): value is readonly PdfValue[] {
  return Array.isArray(value);
}

/** The text of a name; null for anything else. */
export function nameText(value: PdfValue): string | null {
  return value instanceof PdfName ? value.text : null;
}
