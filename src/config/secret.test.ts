import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret is shown by nothing but reveal', () => {
  const secret = new Secret('hunter2');
  expect(secret.reveal()).toBe('hunter2');
  const shown = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ nested: [secret] }, { depth: 9 }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(structuredClone({ secret })),
  ];
  expect(shown.filter((text) => text.includes('hunter2'))).toEqual([]);
  expect(String(secret)).toBe('[redacted]');
});
