import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from './reply.ts';

const read = (text: string) => readAnswer(Buffer.from(text, 'latin1'), 12);

describe("clamd's reply", () => {
  it('is clean, found or an error, under the number of its request', () => {
    expect(read('12: stream: OK')).toEqual({ kind: 'clean' });
    expect(read('12: stream: Evil-1 FOUND')).toEqual({ kind: 'found', signature: 'Evil-1' });
    expect(read('12: stream: An ERROR FOUND')).toEqual({ kind: 'found', signature: 'An ERROR' });
    expect(read('12: INSTREAM size limit exceeded. ERROR')).toMatchObject({
      kind: 'error',
      size_limit: true,
    });
    expect(read('INSTREAM size limit exceeded. ERROR')).toMatchObject({ kind: 'error', size_limit: true });
    expect(read("12: stream: Can't allocate memory ERROR")).toMatchObject({
      kind: 'error',
      size_limit: false,
    });
    expect(read('COMMAND READ TIMED OUT\n')).toEqual({ kind: 'stale' });
  });

  it('names a signature without the hash and size that ExtendedDetectionInfo adds', () => {
    const info = '(69630e4574ec6798239b091cda43dca0:68)';
    expect(read(`12: stream: Eicar${info} FOUND`)).toEqual({ kind: 'found', signature: 'Eicar' });
    expect(read(`12: stream: ${info} FOUND`)).toEqual({ kind: 'found', signature: info });
  });

  it('without its number, or with another, is no verdict', () => {
    for (const text of [
      'stream: OK',
      '1: stream: OK',
      '012: stream: OK',
      '12:stream: OK',
      'stream: Evil FOUND',
      '',
    ]) {
      expect(read(text)).toMatchObject({ kind: 'odd' });
    }
  });

  it('of any bytes at all is read without a throw, and clean only when it is exactly that', () => {
    const part = constantFrom('12: ', 'stream: ', 'OK', ' FOUND', 'ERROR', '\n', 'Evil', '\xff', '1');
    assert(
      property(array(oneof(part, string()), { maxLength: 6 }), (parts) => {
        const text = parts.join('');
        const clean = readAnswer(Buffer.from(text), 12).kind === 'clean';
        expect(clean).toBe(text === '12: stream: OK');
      }),
    );
  });
});
