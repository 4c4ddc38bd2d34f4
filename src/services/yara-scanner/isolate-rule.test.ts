import { expect, test } from 'vitest';
import { declarationsIn, readSource } from '../../analyze/yara/load-engine.ts';
import { isolateRule } from './isolate-rule.ts';

const SOURCE = `import "pe"
global rule gate { condition: filesize < 1MB }
private rule base { condition: pe.is_pe }
rule middle { condition: base }
rule other { condition: true }
rule last { condition: middle }
`;

test.each([
  ['last', ['gate', 'base', 'middle', 'last']],
  ['other', ['gate', 'other']],
  ['gate', ['gate']],
])('%s alone is left with what it needs, in its place', (name, left) => {
  const rules = declarationsIn(SOURCE);
  const chosen = rules.find((rule) => rule.name === name);
  if (chosen === undefined) throw new Error('no such rule');
  const alone = isolateRule(SOURCE, rules, chosen);
  const kept = declarationsIn(alone);
  expect(readSource(alone).imports).toHaveLength(1);
  expect(kept.map((rule) => rule.name)).toEqual(left);
  expect(kept.find((rule) => rule.name === name)).toMatchObject({
    line: chosen.line,
    column: chosen.column,
  });
});
