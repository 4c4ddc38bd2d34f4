import { describe, expect, test } from 'vitest';
import type { CompileReport, RuleFile, RuleSet, YaraEngine } from './engine.ts';
import { loadEngine } from './load-engine.ts';

// Both are YARA-X; whatever one finds, the other must find.
const OPTIONS = { scanTimeoutMs: 10_000, maxMatchesPerPattern: 5 };
type Ready = RuleSet & CompileReport;
/** As the compile process and an engine process do it together. */
function ready(engine: YaraEngine, files: readonly RuleFile[], options = OPTIONS): Ready {
  const { set, report } = engine.prepare(files);
  return { ...report, ...engine.load(set, { ...options, reads: report.reads }) };
}
const file = (name: string, source: string): RuleFile => ({ file: `${name}.yar`, namespace: name, source });
const names = (rules: RuleSet, text: string): string[] =>
  rules.scan(Buffer.from(text)).map(({ namespace, rule }) => `${namespace}/${rule}`);

describe.each(['native', 'wasm'] as const)('the %s engine', (choice) => {
  const compile = async (...files: RuleFile[]): Promise<Ready> => ready(await loadEngine(choice), files);

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

  test('leaves out what does not compile, says where without quoting it, and keeps all else', async () => {
    const rules = await compile(
      file('good', 'rule good { condition: true }'),
      file(
        'some',
        'import "nonesuch"\nrule first { condition: true }\nrule bad {\n  strings: $a = "abc"\n  condition: $b\n}\n' +
          'rule needs { condition: bad }\nrule uses { condition: nonesuch.x }\nrule last { condition: first }',
      ),
      file('syntax', 'root:secret:0:0'),
      file('better', 'rule better { condition: true }'),
    );
    expect(names(rules, 'x')).toEqual(['good/good', 'some/first', 'some/last', 'better/better']);
    expect([rules.rules, rules.ruleFiles]).toEqual([4, 3]);
    expect(rules.rejected).toEqual([
      { file: 'some.yar', line: 1, column: 1, message: 'unknown module (E010); this line is left out' },
      { file: 'some.yar', line: 5, column: 14, message: 'unknown pattern (E025); this rule is left out' },
      { file: 'some.yar', line: 7, column: 25, message: 'unknown identifier (E009); this rule is left out' },
      { file: 'some.yar', line: 8, column: 24, message: 'unknown identifier (E009); this rule is left out' },
      { file: 'syntax.yar', line: 1, column: 1, message: 'syntax error (E001); this line is left out' },
    ]);
  });

  test.each([
    [
      'a brace is missing',
      'rule a { condition: true }\nrule b { condition: true\nrule c { condition: a }',
      [3, 1],
    ],
    [
      'a text has no end',
      'rule a { condition: true }\nrule b { strings: $a = "x\n condition: $a }\nrule c { condition: a }',
      [2, 24],
    ],
    [
      'a name comes twice',
      'rule a { condition: true }\nrule a { condition: false }\nrule c { condition: a }',
      [2, 6],
    ],
    [
      'something stands between rules',
      'rule a { condition: true }\nwhat is this\nrule c { condition: a }',
      [2, 1],
    ],
    [
      'a global rule is broken',
      'rule a { condition: true }\n/* ä */ global rule b { condition: no }\nrule c { condition: a }',
      [2, 36],
    ],
    [
      'a regular expression is broken',
      'rule a { condition: true }\r\nrule b { strings: $a = /(x/ condition: $a }\r\nrule c { condition: a }',
      [2, 25],
    ],
  ])('keeps the other rules of a file in which %s', async (_what, source, [line, column]) => {
    const rules = await compile(file('f', source));
    expect(names(rules, 'x')).toEqual(['f/a', 'f/c']);
    expect(rules.rejected.map((one) => [one.line, one.column])).toEqual([[line, column]]);
  });

  test('includes nothing by itself, whatever the path', async () => {
    const rules = await compile(file('peek', 'include "/etc/passwd"\nrule r { condition: true }'));
    expect(names(rules, 'x')).toEqual(['peek/r']);
    expect(rules.rejected).toEqual([
      { file: 'peek.yar', line: 1, column: 1, message: expect.stringContaining('this line is left out') },
    ]);
  });

  test('names a fault in an included part where it was written', async () => {
    const origins = [
      { from: 1, file: 'f.yar', line: 1 },
      { from: 2, file: 'part.inc', line: 1 },
      { from: 4, file: 'f.yar', line: 2 },
    ];
    const source = 'rule a { condition: true }\nrule b {\n condition: no }\nrule c { condition: nor }';
    const rules = await compile({ ...file('f', source), origins });
    expect(rules.rejected.map((one) => [one.file, one.line])).toEqual([
      ['part.inc', 2],
      ['f.yar', 2],
    ]);
  });

  test('sets external variables for one scan, and leaves nothing of them to the next', async () => {
    const rules = await compile(
      file(
        'x',
        'rule named { condition: filename == "a.exe" and extension == ".exe" and filepath contains "/b/" }',
      ),
      file(
        'y',
        'rule nameless { condition: filename == "" and filepath == "" and extension == "" and filetype == "" and owner == "" and md5 == "" }',
      ),
    );
    expect(rules.reads).toEqual(['filename', 'filepath', 'extension', 'filetype', 'owner', 'md5']);
    const about = { filename: 'a.exe', extension: '.exe', filepath: 'x/b/a.exe' };
    const found = (given?: typeof about): string[] =>
      rules.scan(Buffer.from('x'), given).map(({ rule }) => rule);
    expect([found(about), found(), found(about)]).toEqual([['named'], ['nameless'], ['named']]);
  });

  test('takes cuckoo, which never finds anything, and console', async () => {
    const rules = await compile(
      file(
        'c',
        'import "cuckoo" import "console" rule a { condition: cuckoo.sync.mutex(/x/) } rule b { condition: console.log("") and not cuckoo.sync.mutex(/x/) }',
      ),
    );
    expect(names(rules, 'x')).toEqual(['c/b']);
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
  const rules = ready(engine, [file('s', source)], { ...OPTIONS, scanTimeoutMs: 300 });
  expect(() => rules.scan(Buffer.alloc(1_000_000))).toThrow('took too long');
  expect(rules.scan(Buffer.from('x'))).toEqual([]);
});
