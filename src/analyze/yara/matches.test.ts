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
