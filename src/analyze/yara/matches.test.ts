import { expect, test } from 'vitest';
import { Matches } from './matches.ts';

const match = (rule: string, offset: number): Parameters<Matches['add']>[0][number] => ({
  rule,
  namespace: 'n',
  tags: ['t'],
  meta: { description: 'what it is', severity: 'high', hash: 'not shown' },
  strings: [{ id: '$a', offset, length: 4 }],
});

test('a rule is one claim for all windows, at its first place, and what both windows saw counts once', () => {
  const matches = new Matches();
  matches.add([match('R', 500)], 0, 0);
  matches.add([match('R', 400), match('R', 450)], 0, 100);
  expect(matches.claims().claims).toEqual([
    {
      kind: 'yara_match',
      rule: 'R',
      namespace: 'n',
      tags: ['t'],
      detail: 'YARA rule R of n matched: what it is',
      offset: 500,
      evidence: {
        namespace: 'n',
        tags: ['t'],
        description: 'what it is',
        severity: 'high',
        matches: 2,
        strings: ['$a'],
      },
    },
  ]);
});

test('names and numbers of hostile rules are bounded, and what is left out is counted', () => {
  const matches = new Matches();
  matches.add(
    Array.from({ length: 1500 }, (_, n) => match(`${n}`.padEnd(5000, 'x'), 0)),
    7,
    0,
  );
  const { claims, omitted } = matches.claims();
  expect(claims).toHaveLength(1000);
  expect(omitted).toBe(507);
  expect(claims[0]?.rule).toHaveLength(256);
});

test('what was found is shown with its place: three of a pattern, twenty of a rule, nothing that a terminal would obey', () => {
  const matches = new Matches();
  const strings = Array.from({ length: 50 }, (_, n) => ({
    id: `$${n % 10}`,
    offset: n,
    length: 4,
    excerpt: n === 0 ? `\u001b[2J\u202e${'x'.repeat(500)}` : `text ${n}`,
  }));
  matches.add([{ ...match('R', 0), strings }], 0, 1000);
  // The same places once more, out of the next window.
  matches.add([{ ...match('R', 0), strings }], 0, 1000);
  const found = matches.claims().claims[0]?.evidence['found'];
  expect(found).toHaveLength(20);
  expect(found).toContain('$7 at 1017: text 17');
  const [first] = Array.isArray(found) ? found : [];
  expect(first).toMatch(/^\$0 at 1000: \?\[2J\?x+…$/);
  expect(String(first).length).toBeLessThan(150);
});
