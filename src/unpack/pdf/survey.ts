import type { ByteLedger } from '../byte-ledger.ts';
import type { Scanner } from './scanner.ts';
import { isArray, nameText, PdfDict, PdfName, PdfRef, PdfString, type PdfValue } from './values.ts';

/** Objects remembered because others may point to them (a length, a filter); more than that are not resolved. */
const MAX_SMALL = 200_000;
const MAX_NAMES = 100_000;
const MAX_LOCKS = 16;
const MAX_IDS = 16;

/** `within`: the object that the name stands in, whose key it may be encrypted with; null: in an object stream. */
export interface FileName {
  readonly bytes: Buffer;
  readonly within: number | null;
}

/** What has to be known of a document before its streams can be read. */
export class Survey {
  /** Numbers, names and short arrays by object number: what /Length and /Filter point to. */
  readonly #small = new Map<number, PdfValue>();
  /** What embedded files are called, by the number of the stream that holds them. */
  readonly names = new Map<number, FileName>();
  /** By object number. */
  readonly #locks = new Map<number, PdfDict>();
  readonly #encryptRefs: PdfValue[] = [];
  readonly ids: Buffer[] = [];
  /** Encrypt dictionaries that somebody points to; `missing`: one that is nowhere. */
  locks: { readonly found: readonly PdfDict[]; readonly missing: boolean } = { found: [], missing: false };

  /** What a linearized file says its own size is, in bytes (ISO 32000-1, F.2). */
  declaredSize = 0;

  resolve(value: PdfValue): PdfValue {
    return value instanceof PdfRef ? (this.#small.get(value.number) ?? null) : value;
  }

  /** One pass over the file, at the speed of looking for a word in it. */
  async read(scanner: Scanner, ledger: ByteLedger, signal: AbortSignal): Promise<void> {
    for (let object = await scanner.next(0); object !== null; object = await scanner.next(object.body)) {
      signal.throwIfAborted();
      this.#note(object.number, object.value, object.data !== null);
    }
    for (let at = await scanner.find('trailer', 0); at !== null;) {
      signal.throwIfAborted();
      const { value, end } = await scanner.trailerAt(at);
      if (value instanceof PdfDict) {
        this.#trailer(value);
        ledger.claim(at, end);
      }
      at = await scanner.find('trailer', Math.max(end, at + 7));
    }
    const wanted = this.#encryptRefs.map((value) =>
      value instanceof PdfRef ? (this.#locks.get(value.number) ?? null) : value,
    );
    const found = wanted.filter((value) => value instanceof PdfDict);
    const missing = found.length < wanted.length;
    // A trailer may point nowhere, or its pointer be out of sight: any lock that lies about is tried.
    this.locks = { found: found.length > 0 ? [...new Set(found)] : [...this.#locks.values()], missing };
  }

  #note(number: number, value: PdfValue, isStream: boolean): void {
    if (value instanceof PdfDict) {
      if (nameText(value.get('Type')) === 'XRef') this.#trailer(value);
      if (isStream) return;
      if (isLock(value) && this.#locks.size < MAX_LOCKS) this.#locks.set(number, value);
      this.noteNames(value, number);
      const declared = value.get('L');
      if (value.get('Linearized') !== null && typeof declared === 'number') this.declaredSize = declared;
    }
    if (isSmall(value) && (this.#small.size < MAX_SMALL || this.#small.has(number)))
      this.#small.set(number, value);
  }

  #trailer(dict: PdfDict): void {
    for (const value of dict.all('Encrypt'))
      if (value !== null && this.#encryptRefs.length < MAX_LOCKS) this.#encryptRefs.push(value);
    const id = dict.get('ID');
    const first = isArray(id) ? id[0] : null;
    if (first instanceof PdfString && this.ids.length < MAX_IDS) this.ids.push(first.bytes);
  }

  /** File specifications: `/UF (name) /EF << /F 12 0 R >>` (ISO 32000-1, 7.11.3). */
  noteNames(value: PdfValue, within: number | null): void {
    if (!(value instanceof PdfDict) || this.names.size >= MAX_NAMES) return;
    const files = value.get('EF');
    const name = value.get('UF') ?? value.get('F');
    if (!(files instanceof PdfDict) || !(name instanceof PdfString)) return;
    for (const [, target] of files.entries)
      if (target instanceof PdfRef) this.names.set(target.number, { bytes: name.bytes, within });
  }
}

function isLock(dict: PdfDict): boolean {
  const handler = dict.get('Filter');
  if (!(handler instanceof PdfName)) return false;
  return dict.get('O', 'Recipients', 'SubFilter', 'CF') !== null && dict.get('V') !== null;
}

function isSmall(value: PdfValue): boolean {
  if (isArray(value)) return value.length <= 8 && value.every(isScalar);
  if (value instanceof PdfDict)
    return value.entries.length <= 12 && value.entries.every(([, inner]) => isScalar(inner));
  return isScalar(value);
}

function isScalar(value: PdfValue): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof PdfName;
}
