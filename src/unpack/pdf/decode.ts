import { ByteReader } from '../byte-reader.ts';
import { inflateAtOnce } from '../inflate-at-once.ts';
import { inflated } from '../zlib-pump.ts';
import { ascii85, asciiHex, runLength } from './ascii-filters.ts';
import { lzw } from './lzw.ts';
import { pngRows } from './predictor.ts';
import type { PdfDict, PdfValue } from './values.ts';

/** Streams of this size are decoded in one call, to at most so much: a decoder of their own costs more than they do. */
const SMALL_BYTES = 32 * 1024;
const SMALL_OUTPUT = 512 * 1024;

type Chunks = AsyncIterable<Buffer>;

/** ISO 32000-1, 7.4, table 6, and the abbreviations of inline images (table 94), which readers accept anywhere. */
const FULL_NAMES: Readonly<Record<string, string>> = {
  Fl: 'FlateDecode',
  LZW: 'LZWDecode',
  AHx: 'ASCIIHexDecode',
  A85: 'ASCII85Decode',
  RL: 'RunLengthDecode',
  CCF: 'CCITTFaxDecode',
  DCT: 'DCTDecode',
};
/** Pictures in formats of their own: handed on as they are. */
const PICTURES = new Set(['DCTDecode', 'JPXDecode', 'CCITTFaxDecode', 'JBIG2Decode']);

export interface Filter {
  readonly name: string;
  readonly parameters: PdfDict | null;
}

export function fullName(name: string): string {
  return FULL_NAMES[name] ?? name;
}

/** The stream with its filters undone, as far as they are known. */
export interface Decoded {
  readonly content: AsyncGenerator<Buffer, void, undefined>;
  /** The filter at which decoding stopped; null: none. */
  readonly unknown: string | null;
  /** What the first filter did not want, once the content has been read to its end. */
  readonly rest: ByteReader;
}

export function undoFilters(stored: Chunks, storedSize: number, filters: readonly Filter[]): Decoded {
  const rest = new ByteReader(stored);
  let content: AsyncGenerator<Buffer, void, undefined> = rest.rest();
  let size = storedSize;
  let first: ByteReader | null = rest;
  for (const { name, parameters } of filters) {
    if (name === 'Crypt') continue;
    if (PICTURES.has(name)) break;
    if (name === 'FlateDecode') content = flateDecoded(first ?? new ByteReader(content), size);
    else {
      const decoder = decoderOf(name, parameters);
      if (decoder === null) return { content, unknown: name, rest };
      content = decoder(content);
    }
    first = null;
    size = Infinity;
    const rows = predictor(parameters);
    if (rows !== null) content = rows(content);
  }
  return { content, unknown: null, rest };
}

type Decoder = (chunks: Chunks) => AsyncGenerator<Buffer, void, undefined>;

function decoderOf(name: string, parameters: PdfDict | null): Decoder | null {
  switch (name) {
    case 'LZWDecode': {
      const early = number(parameters?.get('EarlyChange') ?? null, 1);
      return (chunks) => lzw(chunks, early !== 0);
    }
    case 'ASCIIHexDecode':
      return asciiHex;
    case 'ASCII85Decode':
      return ascii85;
    case 'RunLengthDecode':
      return runLength;
    default:
      return null;
  }
}

function number(value: PdfValue, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** Only the PNG predictors change where bytes lie (ISO 32000-1, 7.4.4.4); TIFF's changes the colours of a picture. */
function predictor(parameters: PdfDict | null): Decoder | null {
  if (parameters === null || number(parameters.get('Predictor'), 1) < 10) return null;
  const colours = number(parameters.get('Colors'), 1);
  const bits = number(parameters.get('BitsPerComponent'), 8);
  const columns = number(parameters.get('Columns'), 1);
  return (chunks) => pngRows(chunks, { colours, bits, columns });
}

async function* flateDecoded(reader: ByteReader, size: number): AsyncGenerator<Buffer, void, undefined> {
  if (size <= SMALL_BYTES) {
    const whole = inflateAtOnce(await reader.peek(size), 'zlib', SMALL_OUTPUT);
    if (whole !== null) {
      await reader.skip(whole.used);
      if (whole.content.length > 0) yield whole.content;
      return;
    }
  }
  yield* inflated(reader);
}
