import { expect, test } from 'vitest';
import { diagnosticOf, loadEngine } from './load-engine.ts';

const SOURCES = [
  'rule fine { strings: $a = "abcdef" condition: $a }',
  'import "nomodule"\nrule a { condition: nomodule.x }\nrule b { condition: b }',
  'rule a {\n  condition\n    true }',
  'rule a { strings: $a = "abcd" $b = "efgh" condition: $a }',
  'rule a { strings: $a = { 00 00 00 00 } condition: $a }',
  'rule a { condition: true }',
  'import "hash" rule a { condition: hash.md5(0, filesize) == "abc" }',
  'rule a { condition: for any i in (0..filesize) : (uint8(i) == 1) }',
  'rule a { condition: filename == "x" and nowhere }',
];

test.each(SOURCES)('both engines say the same of %j, errors before warnings', async (source) => {
  const [native, wasm] = await Promise.all(
    (['native', 'wasm'] as const).map(async (kind) =>
      (await loadEngine(kind)).diagnose(source).map(diagnosticOf),
    ),
  );
  expect(wasm).toEqual(native);
  const severities = (native ?? []).map(({ severity }) => severity);
  expect(severities).toEqual(severities.toSorted());
});

test('what is included by the source is not opened, and not quoted', async () => {
  const [report = ''] = (await loadEngine('native')).diagnose('include "/etc/passwd"');
  expect(report).not.toContain('root:');
  expect(diagnosticOf(report)).toMatchObject({ code: 'E044', line: 1, column: 1 });
});
