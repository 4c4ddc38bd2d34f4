import type { Format } from '../format.ts';
import { base64 } from '../mail/transfer.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';

/** Ends every `;base64,`, however it is written. */
const LAST = '64,';
/** `data:` and a media type before it. */
const HEAD_BYTES = 200;
const HEAD = /data:([a-z0-9!#$&^_.+-]{0,60}\/?[a-z0-9!#$&^_.+-]{0,60})(?:;[^;,"'()\s]{1,60}){0,3};base64,$/i;
/** Shorter ones hold nothing that could do harm. */
const MIN_CHARACTERS = 64;

export const dataUri: Format = {
  id: 'data-uri',
  access: 'random',
  partial: true,
  doc: {
    name: 'Data in text (data: URI)',
    description: 'What pages, pictures, style sheets, scripts and notes carry within themselves in base64.',
    recognised: 'text of a kind that may carry `data:` addresses with base64',
    limits: ['a URI must begin in the first 128 KiB of the text'],
    references: ['RFC 2397: https://www.rfc-editor.org/rfc/rfc2397'],
    limitations: [
      'A text is only looked through when a data: URI in base64 begins within its first 128 KiB',
      'Data that are percent-encoded, or put together by a script, are seen as they stand',
    ],
  },
  async unpack({ source }, sink, { signal }) {
    if (source === null) throw new Damaged('not a readable file');
    const window = new Window(source);
    for (let at = 0; at < source.size;) {
      signal.throwIfAborted();
      const hit = await nextHit(window, at);
      if (hit === null) return;
      at = hit;
      const start = Math.max(0, hit - HEAD_BYTES);
      const mime = HEAD.exec((await window.slice(start, hit - start)).toString('latin1'))?.[1];
      if (mime === undefined) continue;
      const end = await dataEnd(window, hit);
      at = end;
      if (end - hit < MIN_CHARACTERS) continue;
      const content = base64(source.stream(hit, end));
      await sink.member({ name: `(data at ${hit}, ${mime})`, size: null, content });
    }
  },
};

/** Behind the next `64,`; null: there is none. */
async function nextHit(window: Window, from: number): Promise<number | null> {
  for (let at = from; ;) {
    const piece = await window.ahead(at);
    const hit = piece.indexOf(LAST, 0, 'latin1');
    if (hit >= 0) return at + hit + LAST.length;
    if (at + piece.length >= window.size || piece.length < LAST.length) return null;
    at += piece.length - LAST.length + 1;
  }
}

/** Of the alphabet, of its variant for URLs, and the backslash that JSON puts before a slash. */
const ALPHABET = new Uint8Array(256);
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\'))
  ALPHABET[byte] = 1;

/** Data may go on in the next line, behind its indent. */
async function dataEnd(window: Window, from: number): Promise<number> {
  let broken = false;
  for (let at = from; at < window.size;) {
    const piece = await window.ahead(at);
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] ?? 0;
      if (ALPHABET[byte] === 1) broken = false;
      else if (byte === 10 || byte === 13) broken = true;
      else if (!(broken && (byte === 32 || byte === 9))) return at + i;
    }
    at += piece.length;
  }
  return window.size;
}
