/** Whole trees, in order and attacked: what users see. */
import { createHash } from 'node:crypto';
import { opendirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FolderCounter } from '../../src/analyze/mass-encryption/index.ts';
import type { Finding } from '../../src/domain/index.ts';
import { ATTACKS, Key, type Attack } from './attacks.ts';
import type { Judge } from './verdicts.ts';

/** Files of a tree that are looked at, evenly spread; larger ones are left out to keep the time in bounds. */
const MOST_FILES = 5000;
const MOST_BYTES = 2 * 2 ** 20;
/** Of the files of a tree that are attacked. */
export const SHARES = [0.01, 0.05, 0.5];
/** One a tree, in turn; none of them is the easiest. */
const VARIANTS = [
  'full, AES-CTR, same name',
  'every other 64 KB, first encrypted',
  'every other 4 KB, first kept',
  'first 4 KB',
  'full, AES-CTR, ending appended',
  'every other 16 bytes',
];

/** `shares`: of the files of each tree that are attacked, one run each. */
export async function treeTable(
  trees: readonly string[],
  shares: readonly number[],
  judge: Judge,
): Promise<string[]> {
  const lines = [
    `| tree | files | suspected | quarantined | mismatch | attack | ${shares.map((share) => `${100 * share} %`).join(' | ')} |`,
    `|${' --- |'.repeat(6 + shares.length)}`,
  ];
  for (const [index, tree] of trees.entries()) {
    const attack = ATTACKS.find(({ name }) => name === VARIANTS[index % VARIANTS.length]);
    if (attack === undefined) throw new Error('no such attack');
    const line = await row(tree, attack, shares, judge);
    console.error(line);
    lines.push(line);
  }
  return lines;
}

type Found = Pick<Finding, 'kind' | 'rule' | 'evidence'>;

async function row(tree: string, attack: Attack, wanted: readonly number[], judge: Judge): Promise<string> {
  const paths = evenly([...files(tree)].toSorted());
  const clean: (readonly Found[])[] = [];
  let suspected = 0;
  let mismatched = 0;
  for (const path of paths) {
    const findings = await judge.findings(nameOf(path), readFileSync(path));
    const first = findings.find(({ kind }) => kind === 'encryption_suspected');
    if (first !== undefined) {
      suspected++;
      console.error(`suspected: ${path} ${first.trail.slice(1).join(' > ')} ${first.rule}`);
    }
    const other = findings.find(({ kind }) => kind === 'mime_mismatch');
    if (other !== undefined) {
      mismatched++;
      console.error(`mismatch: ${path} ${other.trail.slice(1).join(' > ')} ${other.rule}`);
    }
    clean.push(findings.map(({ kind, rule, evidence }) => ({ kind, rule, evidence })));
  }
  const shares = [];
  for (const share of wanted) shares.push(await attacked(tree, paths, clean, { attack, share }, judge));
  const mass = massOf(tree, paths, clean);
  const cells = [
    tree,
    paths.length,
    suspected,
    mass === null ? 'no' : '**yes**',
    mismatched,
    attack.name,
    ...shares,
  ];
  return `| ${cells.join(' | ')} |`;
}

async function attacked(
  tree: string,
  paths: readonly string[],
  clean: readonly (readonly Found[])[],
  { attack, share }: { attack: Attack; share: number },
  judge: Judge,
): Promise<string> {
  const findings = [...clean];
  let hit = 0;
  let of = 0;
  for (const [index, path] of paths.entries()) {
    const chance = createHash('sha256').update(`${share} ${path}`).digest().readUInt32BE(0) / 2 ** 32;
    if (chance >= share) continue;
    const bytes = readFileSync(path);
    const key = new Key(path);
    if (bytes.length === 0) continue;
    // What is too small to be encrypted in parts is encrypted whole.
    const locked = attack.encrypt(bytes, key) ?? key.aes(bytes);
    of++;
    const found = await judge.findings(attack.rename(nameOf(path), key), locked);
    if (found.some(({ kind }) => kind === 'encryption_suspected')) hit++;
    findings[index] = found.map(({ kind, rule, evidence }) => ({ kind, rule, evidence }));
  }
  const mass = massOf(tree, paths, findings);
  return `${mass === null ? '**missed**' : 'quarantined'} (${hit} of ${of})`;
}

function massOf(
  tree: string,
  paths: readonly string[],
  findings: readonly (readonly Found[])[],
): string | null {
  const counter = new FolderCounter(tree);
  for (const [index, path] of paths.entries())
    counter.add(join(tree, relative(tree, path)), findings[index] ?? []);
  return counter.close()?.detail ?? null;
}

const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

function evenly(paths: readonly string[]): string[] {
  const step = Math.max(1, paths.length / MOST_FILES);
  const chosen: string[] = [];
  for (let at = 0; at < paths.length && chosen.length < MOST_FILES; at += step)
    chosen.push(paths[Math.floor(at)] ?? '');
  return chosen;
}

function* files(directory: string): Generator<string> {
  const entries = opendirSync(directory);
  const folders: string[] = [];
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) folders.push(path);
    else if (entry.isFile() && statSync(path).size <= MOST_BYTES) yield path;
  }
  entries.closeSync();
  for (const folder of folders) yield* files(folder);
}
