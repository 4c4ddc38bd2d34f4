// needs: yara
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { yaraHealth, yaraScanReply } from '../src/contracts/index.ts';
import { commandLineRules, type CommandLineRules, type Externals } from './kit/yara/command-line.ts';
import { generatedCorpus, type CorpusFile } from './kit/yara/generated-corpus.ts';
import { generatedRules } from './kit/yara/generated-rules.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

// 5,000 rules in 300 files, as they are in the world, beside the `yara` command line.
const generated = generatedRules();
const corpus = generatedCorpus(generated.specimens);
const ruleFiles = Object.keys(generated.files).filter((file) => /\.yara?$/.test(file));
const namespaceOf = (file: string): string => file.replace(/\.yara?$/, '');

let rules: RuleFolder;
let folder: string;
let program: Program;
let commandLine: CommandLineRules;

beforeAll(async () => {
  rules = ruleFolder(generated.files);
  folder = mkdtempSync(join(tmpdir(), 'yara-differential-'));
  mkdirSync(join(folder, 'files'));
  for (const { name, bytes } of corpus) writeFileSync(join(folder, 'files', name), bytes);
  const both = ruleFiles.filter((file) => !generated.broken.has(file) && !generated.onlyYaraX.includes(file));
  commandLine = await commandLineRules(
    rules.path,
    both.map((file) => ({ namespace: namespaceOf(file), file })),
    join(folder, 'rules.yarc'),
  );
  program = await startProgram({ YARA_RULES_DIR: rules.path, SCAN_ROOTS: folder });
});
afterAll(async () => {
  await program.stop();
  rules.remove();
  rmSync(folder, { recursive: true });
});

const pathOf = ({ name }: CorpusFile): string => join(folder, 'files', name);

async function matchesOf(response: Response): Promise<Set<string>> {
  expect(response.status).toBe(200);
  const { matches, match_count: count } = yaraScanReply.parse(await response.json());
  expect(count).toBe(matches.length);
  const names = matches.map(({ namespace, rule }) => `${namespace}:${rule}`);
  expect(new Set(names).size).toBe(names.length);
  // Of a broken file some rules may be in force here, and none there.
  const left = [...generated.onlyYaraX, ...generated.broken.keys()].map((file) => `${namespaceOf(file)}:`);
  return new Set(names.filter((name) => !left.some((start) => name.startsWith(start))));
}

test('exactly the broken files are rejected, each with the line of its fault', async () => {
  const health = yaraHealth.parse(await (await fetch(`${program.url}/health`)).json());
  const lines = Map.groupBy(health.rejected, ({ file }) => file);
  const first = [...lines].map(([file, faults]) => [file, faults[0]?.line] as const);
  expect(ruleFiles).toHaveLength(300);
  expect(new Map(first)).toEqual(generated.broken);
  expect(health.status).toBe('healthy');
});

const asPath: Scan = async (file) => {
  const response = await fetch(`${program.url}/scan-file`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: pathOf(file) }),
  });
  return matchesOf(response);
};
const asUpload: Scan = async ({ name, bytes }) => {
  const body = new FormData();
  body.append('file', new Blob([bytes]), name);
  return matchesOf(await fetch(`${program.url}/scan`, { method: 'POST', body }));
};
type Scan = (file: CorpusFile) => Promise<Set<string>>;

test.each<[string, Scan]>([
  ['by path', asPath],
  ['uploaded', asUpload],
])(
  '%s, the same rules are found in every file as by the command line, and nearly every rule is found somewhere',
  async (_how, scan) => {
    const seen = new Set<string>();
    for (const file of corpus) {
      const externals: Externals = { filename: file.name, extension: extname(file.name).toLowerCase() };
      const theirs = await commandLine.scan(pathOf(file), externals);
      expect({ file: file.name, found: sorted(await scan(file)) }).toEqual({
        file: file.name,
        found: sorted(theirs),
      });
      for (const name of theirs) seen.add(name);
    }
    expect(seen.size).toBeGreaterThan(0.9 * generated.declared);
  },
);

function sorted(names: ReadonlySet<string>): string[] {
  return [...names].toSorted();
}
