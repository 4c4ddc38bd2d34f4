import { nameFromBytes } from '../../bytes/index.ts';

/** What clamd said of one stream. */
export type Answer =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly signature: string }
  | { readonly kind: 'error'; readonly text: string; readonly size_limit: boolean }
  /** It had given the connection up before the request came. */
  | { readonly kind: 'stale' }
  /** Nothing that clamd says: whoever speaks there is not believed. */
  | { readonly kind: 'odd'; readonly detail: string };

const SIZE_LIMIT = 'INSTREAM size limit exceeded. ERROR';
/** What clamd sends over an idle session before it closes it, whatever the framing. */
const IDLE_CUT = 'COMMAND READ TIMED OUT';
/** `ExtendedDetectionInfo yes` adds hash and size to the name. */
const DETECTION_INFO = /\([0-9a-f]{32}:\d+\)$/;

/**
 * The answer in one reply without its NUL. `id` is the request's number within its session (clamd(8), IDSESSION):
 * a verdict with any other number, or none, belongs to something else.
 */
export function readAnswer(raw: Buffer, id: number): Answer {
  // latin1 keeps byte and character offsets equal; names are decoded from their bytes.
  const text = raw.toString('latin1');
  if (text.trimEnd() === IDLE_CUT) return { kind: 'stale' };
  const number = /^\d{1,10}: /.exec(text)?.[0] ?? '';
  const body = text.slice(number.length);
  const ours = number === `${id}: `;
  if (body.endsWith('ERROR') && (ours || number === '')) {
    return {
      kind: 'error',
      text: nameFromBytes(raw.subarray(number.length)),
      size_limit: body === SIZE_LIMIT,
    };
  }
  if (!ours) return odd(raw);
  if (body === 'stream: OK') return { kind: 'clean' };
  const found = /^stream: ([^\n]+) FOUND$/s.exec(body)?.[1];
  if (found === undefined) return odd(raw);
  const start = number.length + 'stream: '.length;
  const name = found.replace(DETECTION_INFO, '');
  return { kind: 'found', signature: nameFromBytes(raw.subarray(start, start + (name || found).length)) };
}

/** What was said instead of an answer, cut short. */
export function odd(raw: Buffer): Extract<Answer, { kind: 'odd' }> {
  return { kind: 'odd', detail: `it answered ${JSON.stringify(nameFromBytes(raw.subarray(0, 100)))}` };
}
