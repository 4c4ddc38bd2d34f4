import { seeded } from '../seeded.ts';
import { literalRule, makeRule } from './rule-shapes.ts';

/** What stands in a broken file, and where its fault is. */
interface Fault {
  readonly source: string;
  /** null: a fault of the file as a whole. */
  readonly line: number | null;
}

export interface GeneratedRules {
  /** By path below the rules folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Of these: rule files that do not compile, with the line of the fault. */
  readonly broken: ReadonlyMap<string, number | null>;
  /** Of these: what YARA-X compiles, and `yara` 4.2.3 does not. */
  readonly onlyYaraX: readonly string[];
  /** Names that two files declare. */
  readonly duplicates: readonly string[];
  /** Names of rules declared in rule files, private ones and those of broken files too; duplicates as often as declared. */
  readonly declared: number;
  /** Bytes in which one rule each is found, in a file that its condition allows, or would be but for one difference. */
  readonly specimens: readonly Buffer[];
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'a syntax error': {
    source: 'rule broken_syntax {\n  strings:\n    $a = "abc"\n  condition\n    $a\n}\n',
    line: 5,
  },
  'an unknown identifier': { source: 'rule broken_name {\n  condition:\n    nowhere > 1\n}\n', line: 3 },
  'an undefined string': {
    source: 'rule broken_string {\n  strings: $a = "abc"\n  condition: $a or $b\n}\n',
    line: 3,
  },
  'one name twice': {
    source: 'rule broken_twice { condition: false }\nrule broken_twice { condition: false }\n',
    line: 2,
  },
  'a string that does not end': {
    source: 'rule broken_end {\n  strings: $a = "abc\n  condition: $a\n}\n',
    line: 2,
  },
  'a module that nobody has': {
    source: 'import "nomodule"\nrule broken_module { condition: nomodule.x }\n',
    line: 1,
  },
  'a wrong regular expression': {
    source: 'rule broken_regex {\n  strings: $a = /ab(c/\n  condition: $a\n}\n',
    line: 2,
  },
  'a wrong hexadecimal string': {
    source: 'rule broken_hex {\n  strings: $a = { 0G 11 }\n  condition: $a\n}\n',
    line: 2,
  },
  'an include of nothing': {
    source: '\ninclude "nothing/here.yar"\nrule broken_include { condition: true }\n',
    line: 2,
  },
  'an include of what is outside': {
    source: 'include "../../../../../etc/passwd"\nrule broken_outside { condition: true }\n',
    line: 1,
  },
};

const MODULES = ['pe', 'elf', 'math', 'hash'].map((name) => `import "${name}"\n`).join('');
/** Not by a rule file's name: it is only there to be included. */
const SHARED = 'shared/helpers.inc';
const SHARED_TOKEN = 'sharedhelpertoken';

/** How many of each; what is asked for in `files` and `rules` is what comes out. */
export interface GeneratedSize {
  readonly seed: number;
  readonly rules: number;
  readonly files: number;
  readonly duplicateNames: number;
  readonly globals: number;
  readonly including: number;
}
const WHOLE: GeneratedSize = {
  seed: 4,
  rules: 5000,
  files: 300,
  duplicateNames: 20,
  globals: 5,
  including: 6,
};

/**
 * Rules as large public sets are: nested folders, broken files, names that occur twice, global and private rules,
 * externals, includes, modules. The same for the same seed.
 */
export function generatedRules(size: Partial<GeneratedSize> = {}): GeneratedRules {
  const { seed, rules, files: fileCount, duplicateNames, globals, including } = { ...WHOLE, ...size };
  const random = seeded(seed);
  const files: Record<string, string> = {};
  const broken = new Map<string, number | null>();
  const specimens: Buffer[] = [];
  const faults = Object.values(FAULTS);
  const goodFiles = fileCount - faults.length - 1;
  for (const [index, { source, line }] of faults.entries()) {
    const name = `broken/b${index}/fault${index}.yar`;
    files[name] = source;
    broken.set(name, line);
  }
  // YARA-X knows more modules than libyara 4.2.3 does.
  const modern = 'modern/lnk.yar';
  files[modern] = 'import "lnk"\nrule Modern_Link { condition: lnk.is_lnk }\n';
  files[SHARED] =
    `private rule Shared_Helper { strings: $s = "${SHARED_TOKEN}" condition: $s }\n` +
    'rule Shared_Seen { condition: Shared_Helper and filesize < 1MB }\n';
  specimens.push(Buffer.from(SHARED_TOKEN));

  // What is only there to be included does not count.
  const given = Object.entries(files).filter(([name]) => name !== SHARED);
  let made = given.reduce((sum, [, source]) => sum + rulesIn(source), 0);
  const sources: string[][] = Array.from({ length: goodFiles }, () => []);
  /** Gives how many there are then. */
  const add = (file: number, source: string): number => {
    sources[file % goodFiles]?.push(source);
    made += rulesIn(source);
    return made;
  };
  const token = (): string => tokenFrom(random);
  for (let index = 0; index < globals; index++) {
    add(index, `global rule Gate_${index} { condition: filesize < ${8 * 4 ** index}KB }`);
  }
  for (let index = 0; index < including; index++) {
    const word = token();
    add(
      globals + index,
      `rule Uses_Include_${index} { strings: $a = "${word}" condition: $a and Shared_Helper }`,
    );
    specimens.push(Buffer.from(`${word} ${SHARED_TOKEN}`), Buffer.from(word));
  }
  const duplicates = Array.from({ length: duplicateNames }, (_, index) => `Twice_${index}`);
  for (const [index, name] of duplicates.entries()) {
    for (const file of [index, index + 40]) {
      const { source, specimen } = literalRule(name, token());
      add(file, source);
      specimens.push(specimen);
    }
  }
  for (let index = 0, count = made; count < rules; index++) {
    const { source, specimen, nearMiss } =
      count === rules - 1 ? literalRule(`R${index}`, token()) : makeRule(`R${index}`, token(), random);
    count = add(index, source);
    specimens.push(specimen);
    if (random() < 0.3) specimens.push(nearMiss);
  }
  for (const [index, parts] of sources.entries()) {
    const include = index >= globals && index < globals + including;
    const depth = Math.floor(random() * 4);
    const folder = Array.from({ length: depth }, (_, level) => `d${(index * (level + 3)) % 7}/`).join('');
    const way = depth === 0 ? './' : '../'.repeat(depth);
    const head = include ? `include "${way}${SHARED}"\n${MODULES}` : MODULES;
    files[`${folder}set${index}.${index % 3 === 0 ? 'yara' : 'yar'}`] = `${head}\n${parts.join('\n\n')}\n`;
  }
  return { files, broken, onlyYaraX: [modern], duplicates, declared: rules, specimens };
}

/** Only literals, all in one file: what small rule sets are. */
export function literalRules(count: number, seed = 4): { source: string; specimens: readonly Buffer[] } {
  const random = seeded(seed);
  const made = Array.from({ length: count }, (_, index) => literalRule(`L${index}`, tokenFrom(random)));
  return {
    source: made.map(({ source }) => source).join('\n\n'),
    specimens: made.map(({ specimen }) => specimen),
  };
}

function tokenFrom(random: () => number): string {
  const letters = Array.from({ length: 12 }, () => 97 + Math.floor(random() * 26));
  return Buffer.from(letters).toString('latin1');
}

/** In sources that this file has made: no string of theirs has such a word at the beginning of a line. */
function rulesIn(source: string | undefined): number {
  return source?.match(/^(?:private |global )?rule /gm)?.length ?? 0;
}
