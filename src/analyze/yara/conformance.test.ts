import { describe, expect, test } from 'vitest';
import type { RuleFile, RuleSet } from './engine.ts';
import { loadEngine } from './load-engine.ts';

// Both are YARA-X; whatever one finds, the other must find.
const OPTIONS = { scanTimeoutMs: 10_000, maxMatchesPerPattern: 5 };
const file = (name: string, source: string): RuleFile => ({ file: `${name}.yar`, namespace: name, source });
const names = (rules: RuleSet, text: string): string[] =>
  rules.scan(Buffer.from(text)).map(({ namespace, rule }) => `${namespace}/${rule}`);

describe.each(['native', 'wasm'] as const)('the %s engine', (choice) => {
  const compile = async (...files: RuleFile[]): Promise<RuleSet> =>
    (await loadEngine(choice)).compile(files, OPTIONS);

  test('says which it is', async () => {
    expect((await loadEngine(choice)).version).toBe(`YARA-X 1.20.0 (${choice})`);
  });

  test('reports rule, namespace, tags, meta and where each string is', async () => {
    const rules = await compile(
      file(
        'a/b',
        'rule R : t1 t2 { meta: s = "text" n = 4 b = true strings: $x = "abc" $y = /de+f/ condition: any of them }',
      ),
    );
    expect(rules.scan(Buffer.from('abc deef abc'))).toEqual([
      {
        rule: 'R',
        namespace: 'a/b',
        tags: ['t1', 't2'],
        meta: { s: 'text', n: 4, b: true },
        strings: [
          { id: '$x', offset: 0, length: 3 },
          { id: '$x', offset: 9, length: 3 },
          { id: '$y', offset: 4, length: 4 },
        ],
      },
    ]);
    expect(rules.scan(Buffer.from('nothing'))).toEqual([]);
  });

  test('keeps a rule of the same name, a global and a private rule within their own file', async () => {
    const rules = await compile(
      file('one', 'global rule never { condition: filesize > 1000 } rule same { condition: true }'),
      file('two', 'rule same { condition: true }'),
      file('three', 'private rule hidden { condition: true } rule seen { condition: hidden }'),
    );
    expect(rules.rules).toBe(5);
    expect(names(rules, 'x')).toEqual(['two/same', 'three/seen']);
  });

  test('does not report the strings that a rule keeps private', async () => {
    const rules = await compile(
      file('p', 'rule r { strings: $a = "abc" $b = "def" private condition: $a and $b }'),
    );
    expect(rules.scan(Buffer.from('def abc'))[0]?.strings).toEqual([{ id: '$a', offset: 4, length: 3 }]);
  });

  test('leaves out a file that does not compile, says where without quoting it, and keeps all others', async () => {
    const rules = await compile(
      file('good', 'rule good { condition: true }'),
      file('bad', 'rule bad {\n  strings: $a = "abc"\n  condition: $b\n}'),
      file('syntax', 'root:secret:0:0'),
      file('better', 'rule better { condition: true }'),
    );
    expect(names(rules, 'x')).toEqual(['good/good', 'better/better']);
    expect(rules.ruleFiles).toBe(2);
    expect(rules.rejected).toEqual([
      { file: 'bad.yar', line: 3, column: 14, message: 'unknown pattern `$b`' },
      { file: 'syntax.yar', line: 1, column: 1, message: 'syntax error' },
    ]);
  });

  test('includes nothing, whatever the path', async () => {
    const rules = await compile(file('peek', 'include "/etc/passwd"\nrule r { condition: true }'));
    expect(rules.rules).toBe(0);
    expect(rules.rejected).toEqual([
      { file: 'peek.yar', line: 1, column: 1, message: expect.stringContaining('include is not supported') },
    ]);
  });

  test('knows the external variables that public rule sets expect', async () => {
    const rules = await compile(
      file(
        'x',
        'rule r { condition: filename == "" and filepath == "" and extension == "" and filetype == "" and owner == "" }',
      ),
    );
    expect(names(rules, 'x')).toEqual(['x/r']);
  });

  test('knows the modules for executables, hashes and mathematics', async () => {
    const rules = await compile(
      file(
        'm',
        ['pe', 'elf', 'dotnet', 'math', 'hash', 'macho', 'lnk'].map((name) => `import "${name}"`).join('\n') +
          ' rule m { condition: not pe.is_pe and math.entropy(0, filesize) < 1.0 and hash.md5(0, filesize) == "9dd4e461268c8034f5c8564e155c67a6" }',
      ),
    );
    expect(names(rules, 'x')).toEqual(['m/m']);
  });

  test('keeps a bounded number of matches of one pattern', async () => {
    const rules = await compile(file('many', 'rule r { strings: $a = "a" condition: $a }'));
    expect(rules.scan(Buffer.alloc(1000, 'a'))[0]?.strings).toHaveLength(5);
  });

  test('scans nothing, and with no rules', async () => {
    const rules = await compile(file('e', 'rule empty { condition: filesize == 0 }'));
    expect(names(rules, '')).toEqual(['e/empty']);
    expect(names(await compile(), 'x')).toEqual([]);
  });
});

test('the native engine ends a scan that takes too long', async () => {
  const engine = await loadEngine('native');
  const source =
    'rule s { condition: for any i in (0..filesize): (for any j in (0..filesize): (i + j < 0)) }';
  const rules = engine.compile([file('s', source)], { ...OPTIONS, scanTimeoutMs: 300 });
  expect(() => rules.scan(Buffer.alloc(1_000_000))).toThrow('took too long');
  expect(rules.scan(Buffer.from('x'))).toEqual([]);
});
