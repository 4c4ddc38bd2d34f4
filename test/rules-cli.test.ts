import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RulesCheckReport, RulesListReport } from '../src/contracts/index.ts';
import { cli, type Ended } from './kit/cli.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'rules-cli-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function place(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}

const rules = async (...args: string[]): Promise<Ended> => cli(['rules', ...args], { cwd });
/** How fast a rule is differs from machine to machine. */
const transcript = ({ code, stdout, stderr }: Ended): string =>
  `${stdout.replace(/(over )?[\d.,]+ MB\/s/g, 'N MB/s')}${stderr.replace(`${cwd}/`, '')}exit code ${code}\n`;
async function problems(...args: string[]): Promise<RulesCheckReport> {
  const { stdout, stderr } = await rules('check', '--json', ...args);
  expect(stderr).toBe('');
  const report: RulesCheckReport = JSON.parse(stdout);
  return report;
}

/** As a YARA text: whatever is not plain as its bytes in UTF-8. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)];
  return bytes
    .map((byte) =>
      byte > 0x7e || byte < 0x20 || byte === 0x22 || byte === 0x5c
        ? `\\x${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}

const META = 'meta: description = "d" author = "a"';
const GOOD = `rule Good : fine {\n  ${META}\n  strings:\n    $a = "only in what is bad"\n  condition:\n    $a\n}\n`;

describe('rules check', () => {
  test('has nothing to say of rules that are well made', async () => {
    place({ 'r/good.yar': GOOD });
    expect(transcript(await rules('check', 'r'))).toMatchInlineSnapshot(`
      "nothing to complain of in 1 file; 1 rule loads (YARA-X 1.20.0 (native))
      exit code 0
      "
    `);
  });

  test('names each fault with file, line and column, what it is and what to do', async () => {
    place({
      'r/good.yar': GOOD,
      'r/broken/name.yar': 'rule Broken_Name {\n  condition:\n    nowhere > 1\n}\n',
      'r/broken/module.yar': 'import "nomodule"\nrule Broken_Module { condition: nomodule.x }\n',
      'r/broken/syntax.yara': 'rule Broken_Syntax {\n  condition\n    true\n}\n',
      'r/broken/unused.yar':
        'rule Broken_Unused {\n  strings:\n    $a = "abcd"\n    $b = "efgh"\n  condition:\n    $a\n}\n',
    });
    expect(transcript(await rules('check', 'r'))).toMatchInlineSnapshot(`
      "r/broken/module.yar:1:1   error    unknown module \`nomodule\`: module \`nomodule\` not found (E010)
                                         hint: modules here are pe, elf, dotnet, macho, lnk, math, hash, string, time and what else YARA-X 1.20 has
      r/broken/module.yar:2:33  error    unknown identifier \`nomodule\`: this identifier has not been declared (E009)
                                         hint: a module needs its import, another rule has to stand above, and the externals here are filename, filepath, extension, filetype, owner, md5
      r/broken/name.yar:3:5     error    unknown identifier \`nowhere\`: this identifier has not been declared (E009)
      r/broken/syntax.yara:3:5  error    syntax error: expecting \`:\`, found \`true\` (E001)
      r/broken/unused.yar:4:5   error    unused pattern \`$b\`: this pattern was not used in the condition (E022)
                                         hint: use it in the condition, delete it, or begin its name with $_

      5 errors in 5 files; 1 rule loads (YARA-X 1.20.0 (native))
      exit code 1
      "
    `);
  });

  test('tells what works but hardly as meant: everything found, nothing to look at, twice the same, slow, without meta', async () => {
    place({
      'r/all.yar': `rule Everything { ${META} condition: filesize >= 0 }\n`,
      'r/empty.yar': `rule Small { ${META} condition: filesize < 100 }\n`,
      'r/much.yar': `rule Texts { ${META} strings: $a = " the " $b = " of " condition: all of them }\n`,
      'r/one.yar': GOOD,
      'r/two.yar': GOOD.replace('Good', 'Better').replace('$a\n}', '$a // the same\n}'),
      'r/three.yar': GOOD.replace('only in', 'not in'),
      'r/slow.yar': `rule Slow {
  ${META}
  condition:
    for any i in (0..filesize) : ( for any j in (0..50) : ( uint8(i + j) == 256 - filesize ) )
}
rule Quick { strings: $a = "quick enough" condition: $a }
`,
    });
    expect(transcript(await rules('check', 'r'))).toMatchInlineSnapshot(`
      "r/all.yar:1:6    error    Everything is found in 20 of 20 samples of ordinary content and in an empty file (matches_everything)
                                hint: it would quarantine every backup: narrow its condition, make it private, or give it weight 0
      r/empty.yar:1:6  warning  Small is found in an empty file (matches_empty)
                                hint: a condition without strings or filesize > 0 holds where there is nothing to look at
      r/much.yar:1:6   warning  Texts is found in 7 of 20 samples of ordinary content (matches_much)
                                hint: narrow its condition, or give it a low weight (yara.weights in the policy)
      r/slow.yar:1:6   warning  Slow alone: N MB/s, the middle one of all files N MB/s (slow_rule)
                                hint: look for loops over the whole file, strings of less than four fixed bytes, hash or math over all of it
      r/slow.yar:4:18  warning  potentially slow loop: this range can be very large (potentially_slow_loop)
      r/slow.yar:6:6   note     Quick has no description and no author in its meta (missing_meta)
                                hint: whoever has to judge a finding sees these in the report
      r/three.yar:1:6  note     Good is another rule in r/one.yar:1 (duplicate_name)
                                hint: both work, each in its own namespace; a weight by the name is for both
      r/two.yar:1:6    warning  Better has the strings and the condition of Good in r/one.yar:1 (duplicate_rule)
                                hint: delete one of them: each costs time and says the same

      1 error, 5 warnings, 2 notes in 7 files; 8 rules load (YARA-X 1.20.0 (native))
      exit code 1
      "
    `);
  });

  test('helpers are no fault: private rules, and globals that say when the file counts at all', async () => {
    place({
      'r/helped.yar': `private rule Small { condition: filesize < 1MB }
global rule Any { condition: filesize >= 0 }
${GOOD.replace('$a\n}', '$a and Small\n}')}`,
    });
    expect(await rules('check', 'r')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to complain of'),
    });
  });

  test('a file that ends the engine is an error, and the others are still checked', async () => {
    const nested = 400_000;
    place({
      'r/a.yar': 'rule Unknown { condition: nowhere }\n',
      'r/deadly.yar': `rule Deadly { condition: ${'('.repeat(nested)}true${')'.repeat(nested)} }\n`,
      'r/z.yar': 'rule Unknown { condition: nowhere }\n',
    });
    const { errors, problems: told } = await problems('r');
    expect(told.map(({ file, code }) => [file, code])).toEqual([
      ['r/a.yar', 'E009'],
      ['r/deadly.yar', 'engine_ended'],
      ['r/z.yar', 'E009'],
    ]);
    expect(errors).toBe(3);
  });

  test('a rule that does not come to its end is named', async () => {
    place({
      'r/endless.yar': `rule Fine { condition: false }
rule Endless { condition: for any i in (0..1000000) : ( for any j in (0..1000000) : ( i + j < 0 ) ) }
`,
    });
    const { problems: told } = await problems('r');
    expect(told.filter(({ code }) => code === 'timed_out').map(({ rule, line }) => [rule, line])).toEqual([
      ['Endless', 2],
    ]);
  });

  test('what is said of a rule never holds its source, nor anything that a terminal would obey', async () => {
    place({ 'r/secret.yar': 'root:$6$secret:19000:0:99999:7:::\n' });
    const include = await rules('check', 'r');
    expect(include.stdout + include.stderr).not.toContain('secret:19000');
    expect(include.code).toBe(1);
  });

  test('whatever a rule, its meta and its file are called, a terminal obeys nothing of it', async () => {
    const nasty = NASTY_NAMES.map(({ name }) => name);
    const described = nasty.map(
      (text, at) => `rule r${at} { meta: description = "${quoted(text)}" condition: true }`,
    );
    place({ 'r/meta.yar': described.join('\n') });
    for (const name of nasty) {
      if (/[\0/]/.test(name) || Buffer.byteLength(name) > 200) continue;
      place({ [`r/${name}.yar`]: 'rule r { condition: nowhere }' });
    }
    const listed = await rules('list', '--verbose', '--rules', 'r');
    const checked = await rules('check', '--verbose', 'r');
    for (const { stdout, stderr } of [listed, checked]) {
      expect(stdout + stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    expect(listed.stdout.match(/^ +120  r\d+ /gm)).toHaveLength(nasty.length);
    expect(checked.code).toBe(1);
  });

  test('--strict counts warnings, --ignore leaves out a kind', async () => {
    place({ 'r/empty.yar': `rule Small { ${META} condition: filesize < 100 }\n` });
    expect((await rules('check', 'r')).code).toBe(0);
    expect((await rules('check', '--strict', 'r')).code).toBe(1);
    expect((await rules('check', '--strict', '--ignore', 'matches_empty', 'r')).code).toBe(0);
  });

  test('--json has everything, with the slowest files', async () => {
    place({ 'r/good.yar': GOOD, 'r/empty.yar': 'rule Small { condition: filesize < 100 }\n' });
    const report = await problems('r');
    expect(report).toMatchObject({
      schema: 'backuplens.rules-check/1',
      engine: 'YARA-X 1.20.0 (native)',
      folders: ['r'],
      files: 2,
      rules: 2,
      errors: 0,
      warnings: 1,
      notes: 1,
    });
    expect(report.slowest.map(({ file }) => file).toSorted()).toEqual(['r/empty.yar', 'r/good.yar']);
    expect(report.problems).toEqual([
      {
        severity: 'warning',
        code: 'matches_empty',
        message: 'Small is found in an empty file',
        hint: expect.any(String),
        file: 'r/empty.yar',
        line: 1,
        column: 6,
        rule: 'Small',
      },
      expect.objectContaining({ severity: 'note', code: 'missing_meta', rule: 'Small' }),
    ]);
  });

  test('a folder that is not there is exit code 2; one without rules is said to be so', async () => {
    expect(transcript(await rules('check', 'nowhere'))).toMatchInlineSnapshot(`
      "backuplens: cannot read the rules folder nowhere: no such file or folder
      hint: give a folder with .yar or .yara files that you may read (--rules, YARA_RULES_DIR)
      exit code 2
      "
    `);
    mkdirSync(join(cwd, 'r'));
    expect(transcript(await rules('check', 'r'))).toMatchInlineSnapshot(`
      "nothing to complain of in 0 files; 0 rules load (YARA-X 1.20.0 (native))
      backuplens: warning: there is no rule file
      hint: rule files end in .yar or .yara
      exit code 0
      "
    `);
  });
});

describe('rules list', () => {
  const FILES = {
    'r/good.yar': GOOD,
    'r/deep/two.yara':
      'private rule Helper { condition: true }\nrule Noisy : noise { condition: Helper and filesize > 1 }\n',
    'r/broken.yar': 'rule Broken { condition: nowhere }\n',
    'policy.yaml': 'yara:\n  weights:\n    noise: 30\n    good: 7\n',
  };

  test('shows each rule with its weight under the policy, and what is not loaded', async () => {
    place(FILES);
    expect(transcript(await rules('list', '--rules', 'r', '--scoring', 'policy.yaml')))
      .toMatchInlineSnapshot(`
        "WEIGHT  RULE    NAMESPACE  TAGS   FILE
             -  Helper  deep/two   -      deep/two.yara:1
                private rule
            30  Noisy   deep/two   noise  deep/two.yara:2
             7  Good    good       fine   good.yar:1
                d
        backuplens: warning: broken.yar:1: unknown identifier \`nowhere\`: this identifier has not been declared
        hint: what does not compile is left out
        exit code 0
        "
      `);
  });

  test('--json has all meta', async () => {
    place(FILES);
    const { stdout } = await rules('list', '--json', '--rules', 'r', '--scoring', 'policy.yaml');
    const report: RulesListReport = JSON.parse(stdout);
    expect(report.rules).toEqual([
      {
        rule: 'Helper',
        namespace: 'deep/two',
        file: 'deep/two.yara',
        line: 1,
        column: 14,
        private: true,
        global: false,
        tags: [],
        meta: {},
        patterns: 0,
        weight: 120,
      },
      expect.objectContaining({ rule: 'Noisy', tags: ['noise'], weight: 30 }),
      expect.objectContaining({
        rule: 'Good',
        meta: { description: 'd', author: 'a' },
        patterns: 1,
        weight: 7,
      }),
    ]);
    expect(report.problems).toMatchObject([{ file: 'broken.yar', line: 1, code: 'E009' }]);
  });
});
