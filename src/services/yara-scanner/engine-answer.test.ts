import { expect, test } from 'vitest';
import { yaraScanReply } from '../../contracts/index.ts';
import { answerOf } from './engine-answer.ts';
import { MAX_ANSWER_BYTES } from './engine-wire.ts';

const NONE = Buffer.alloc(0);
const LONG = 'ä'.repeat(100_000);

test('an answer keeps to the contract', () => {
  expect(yaraScanReply.parse(JSON.parse(answerOf([], NONE).toString()))).toEqual({
    matches: [],
    match_count: 0,
  });
  const found = {
    rule: 'R',
    namespace: 'n',
    tags: [],
    meta: {},
    strings: [{ id: '$a', offset: 1, length: 2 }],
  };
  expect(yaraScanReply.parse(JSON.parse(answerOf([found], Buffer.from('a\x01\\b')).toString()))).toEqual({
    matches: [{ ...found, tags: null, strings: [{ id: '$a', offset: 1, length: 2, excerpt: '\\x01\\x5c' }] }],
    match_count: 1,
  });
});

test('an answer is bounded, whatever the rules hold, and says how many matched', () => {
  const found = Array.from({ length: 20_000 }, (_, n) => ({
    rule: `${n}${LONG}`,
    namespace: LONG,
    tags: Array.from({ length: 100 }, () => LONG),
    meta: Object.fromEntries(Array.from({ length: 100 }, (_unused, key) => [`k${key}`, LONG])),
    strings: Array.from({ length: 50 }, (_unused, offset) => ({ id: LONG, offset, length: 1 })),
  }));
  const answer = answerOf(found, NONE);
  expect(answer.length).toBeLessThan(MAX_ANSWER_BYTES);
  expect(yaraScanReply.parse(JSON.parse(answer.toString())).match_count).toBe(20_000);
});
