import { ENCODERS, type EventFormat } from '../encode/encoder.ts';
import type { OutwardEvent, Severity } from '../event.ts';
import { lighter } from '../lighter.ts';

/** `local0`: what a receiver keeps apart most easily. */
const FACILITY = 16;
/** RFC 5424, 6.2.1. */
const SEVERITY: Readonly<Record<Severity, number>> = { info: 6, low: 5, medium: 4, high: 3, critical: 2 };
const NIL = '-';
const APP = 'backuplens';
/** Of RFC 5612, for those who have no number of their own. */
const ENTERPRISE = 32473;
/** A value of structured data: ours are ids, hashes and words. */
const MAX_VALUE = 256;

export interface MessageOptions {
  readonly format: EventFormat;
  readonly host: string;
  /** Of the whole message. */
  readonly max_bytes: number;
}

/**
 * A message of RFC 5424 that is never longer than allowed: an event that does not fit loses findings first, then gaps, text and
 * the middle of its names, and says so (`shortened`). It is never cut, so that its payload can always be read.
 */
export function messageOf(event: OutwardEvent, { format, host, max_bytes }: MessageOptions): Buffer {
  const head = headOf(event, host);
  for (const one of lighter(event)) {
    // Without a byte order mark: receivers look for `CEF:` or `{` at the beginning of the message.
    const message = Buffer.from(`${head} ${ENCODERS[format](one)}`);
    if (message.length <= max_bytes) return message;
  }
  return Buffer.from(head);
}

function headOf(event: OutwardEvent, host: string): string {
  const { id, type, severity, time, journal, instance, decision, verdict, item, file } = event;
  const priority = FACILITY * 8 + SEVERITY[severity];
  const data: readonly (readonly [string, string | number | null])[] = [
    ['id', id],
    ['type', type],
    ['seq', journal.seq],
    ['hash', journal.hash],
    ['instance', instance],
    ['file', file],
    ['item', item],
    ['decision', decision],
    ['verdict', verdict],
  ];
  const elements = data.flatMap(([name, value]) =>
    value === null ? [] : [`${name}="${inData(String(value))}"`],
  );
  const sd = `[${APP}@${ENTERPRISE} ${elements.join(' ')}]`;
  return `<${priority}>1 ${time} ${printable(host, 255)} ${APP} ${process.pid} ${printable(type, 32)} ${sd}`;
}

/** A field of the header: printable ASCII without blanks. */
function printable(text: string, most: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, most) || NIL;
}

/** RFC 5424, 6.3.3. */
function inData(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, MAX_VALUE)
    .replace(/["\\\]]/g, '\\$&');
}
