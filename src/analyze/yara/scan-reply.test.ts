import { expect, test } from 'vitest';
import { parseError, parseReply } from './scan-reply.ts';

test('a reply of another implementation is read as far as it makes sense', () => {
  expect(parseReply('{"matches":[{"rule":"R","tags":null}],"match_count":3}')).toEqual({
    matches: [{ rule: 'R', namespace: 'default', tags: null, meta: {}, strings: [] }],
    omitted: 2,
  });
  const odd =
    '{"matches":[{"rule":"R","tags":[1,"t"],"meta":{"a":{},"b":1},"strings":[{"id":"$a","offset":-1}]}]}';
  expect(parseReply(odd)?.matches).toEqual([
    { rule: 'R', namespace: 'default', tags: ['t'], meta: { b: 1 }, strings: [] },
  ]);
});

test.each(['', 'OK', '[]', '{}', '{"matches":{}}', '{"matches":[1]}', '{"matches":[{"rule":7}]}', 'null'])(
  'what is no reply is not taken for "nothing found": %s',
  (text) => {
    expect(parseReply(text)).toBeNull();
  },
);

test('an error needs no body to be one', () => {
  expect(parseError('<html>')).toEqual({ message: 'no reason given', code: null });
  expect(parseError('{"error":"no rules are loaded","code":"no_rules"}').code).toBe('no_rules');
});
