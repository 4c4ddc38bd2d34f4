import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import { Damaged } from '../trouble.ts';
import type { Window } from '../window.ts';
import { handOnEncoded, type Range } from './encoded.ts';
import type { Fields } from './header.ts';
import { fileNameIn } from './parameters.ts';
import { base64, quotedPrintable } from './transfer.ts';

/** What a body is looked at for, to tell what it is encoded in. */
const SAMPLE_BYTES = 4096;
/** Text around the parts that is shorter than this is what every mail program writes there. */
const MIN_AROUND = 1024;

export interface Place {
  readonly source: ByteSource;
  readonly window: Window;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

type Reading = 'as it is' | 'base64' | 'quoted-printable';

/** Uuencoded data say where they begin and end: they are found in any text. */
const ENCODINGS: Readonly<Record<string, Reading>> = {
  '7bit': 'as it is',
  '8bit': 'as it is',
  binary: 'as it is',
  base64: 'base64',
  'x-base64': 'base64',
  'quoted-printable': 'quoted-printable',
  'x-uuencode': 'as it is',
  uuencode: 'as it is',
  'x-uue': 'as it is',
  uue: 'as it is',
  'x-uu': 'as it is',
};

/** Hands on one body under every reading that a mail program may choose. `fields` null: it lies around the parts. */
export async function handOnBody(
  place: Place,
  range: Range,
  fields: Fields | null,
  label: string,
): Promise<void> {
  const { source, window, sink, context } = place;
  const sample = Buffer.from(
    await window.slice(range.start, Math.min(SAMPLE_BYTES, range.end - range.start)),
  );
  if (range.end - range.start <= SAMPLE_BYTES && sample.toString('latin1').trim() === '') return;
  const readings = readingsOf(fields, sample);
  const plain = readings.has('as it is');
  if (fields === null && plain && readings.size === 1 && isShortText(range, sample)) readings.clear();
  const name = nameOf(fields) ?? label;
  for (const reading of readings) {
    const about = reading === 'as it is' || readings.size === 1 ? name : `${name} (read as ${reading})`;
    try {
      const content = decoded(reading, source.stream(range.start, range.end));
      await sink.member({ name: about, size: null, content });
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      sink.gap('corrupt', error.message, { member: about, bytes: range.end - range.start });
    }
  }
  if (plain) await handOnEncoded({ source, window }, range, sink, context.signal);
}

function nameOf(fields: Fields | null): string | null {
  if (fields === null) return null;
  for (const field of [...fields.dispositions, ...fields.types]) {
    const name = fileNameIn(field);
    if (name !== null) return name;
  }
  return null;
}

/** What is declared; besides that, what it looks like, where the declaration is missing, unknown or contradicts itself. */
function readingsOf(fields: Fields | null, sample: Buffer): Set<Reading> {
  const declared = (fields?.encodings ?? []).map((word) => ENCODINGS[word] ?? null);
  const known = new Set(declared.filter((reading) => reading !== null));
  const certain = known.size === 1 && !declared.includes(null) && !known.has('as it is');
  if (known.has('base64') && certain && inAlphabet(sample)) return known;
  if (known.has('quoted-printable') && certain) return known;
  known.add('as it is');
  if (isBase64(sample)) known.add('base64');
  return known;
}

/** Nothing but base64, as far as it was looked at. */
function inAlphabet(sample: Buffer): boolean {
  return /^[A-Za-z0-9+/=\s]*$/.test(sample.toString('latin1'));
}

const MIN_BASE64 = 64;

/** Its first lines hold nothing else, and are of one length but for the last. */
function isBase64(sample: Buffer): boolean {
  const lines = sample
    .toString('latin1')
    .split(/[\r\n]+/, 6)
    .filter((line) => line.trim() !== '');
  const first = lines[0] ?? '';
  const length = lines.reduce((total, line) => total + line.trim().length, 0);
  if (length < MIN_BASE64 && !/^[A-Za-z0-9+/]{3,}={1,2}$/.test(first.trim())) return false;
  return lines.every((line) => /^[A-Za-z0-9+/]+={0,2}$/.test(line.trim()));
}

function isShortText({ start, end }: Range, sample: Buffer): boolean {
  // oxlint-disable-next-line no-control-regex
  return end - start < MIN_AROUND && /^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(sample.toString('latin1'));
}

function decoded(reading: Reading, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (reading === 'base64') return base64(chunks);
  if (reading === 'quoted-printable') return quotedPrintable(chunks);
  return chunks;
}
