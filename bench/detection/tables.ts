/** Detection and false alarms on one half of the corpus, as tables. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Key, type Attack } from './attacks.ts';
import { naive, wilson, type Naive } from './measures.ts';
import type { Judge } from './verdicts.ts';

export interface Sample {
  readonly kind: string;
  readonly path: string;
  readonly name: string;
}

/** Smaller files are not attacked: 1 KiB is what can be judged without a name that promises something. */
const LEAST_ATTACKED = 1024;
/** Encrypted before the attack: nothing is learnt from them. */
const LOCKED = /^(?:gpg|openssl|keystore|.*-locked)$/;
const UNCOMPRESSED =
  /^(?:txt|html|source|json|xml|csv|md|log|sql|mbox|pyc|elf-.*|pe|bmp|wav|ttf|otf|sqlite|doc|xls|rtf|tar|mo|ps)$/;
const WITH_HEAD = /^(?!txt|html|source|json|xml|csv|md|log|sql|mbox)/;

/** SHA-256 of all that lies in a corpus. */
export function contents(folder: string): ReadonlySet<string> {
  const all = readdirSync(folder).filter((name) => name !== 'complete');
  return new Set(
    all.flatMap((kind) =>
      readdirSync(join(folder, kind)).map((file) => sha256(readFileSync(join(folder, kind, file)))),
    ),
  );
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The half of the corpus that a seed gives: one to tune on, and one that is looked at once. */
export function half(folder: string, seed: number, which: 'tuning' | 'untouched'): Sample[] {
  const samples: Sample[] = [];
  for (const kind of readdirSync(folder).filter((name) => name !== 'complete')) {
    for (const file of readdirSync(join(folder, kind))) {
      const bit = (createHash('sha256').update(`${seed} ${kind}/${file}`).digest()[0] ?? 0) & 1;
      if ((bit === 0) === (which === 'tuning')) {
        samples.push({ kind, path: join(folder, kind, file), name: file.replace(/^\d+-/, '') });
      }
    }
  }
  return samples;
}

async function isSuspected(judge: Judge, name: string, bytes: Buffer): Promise<boolean> {
  return (await judge.findings(name, bytes)).some(({ kind }) => kind === 'encryption_suspected');
}

class Count {
  of = 0;
  ours = 0;
  readonly naive = { head65: 0, whole72: 0, chi: 0 };

  add(ours: boolean, others: Naive): void {
    this.of++;
    if (ours) this.ours++;
    for (const rule of ['head65', 'whole72', 'chi'] as const) if (others[rule]) this.naive[rule]++;
  }

  cells(): string[] {
    const { head65, whole72, chi } = this.naive;
    return [
      String(this.of),
      percent(this.ours, this.of),
      ...[head65, whole72, chi].map((hits) => percent(hits, this.of)),
    ];
  }
}

function percent(hits: number, of: number): string {
  return of === 0 ? '–' : `${((100 * hits) / of).toFixed(1)} %`;
}

export async function falseAlarms(samples: readonly Sample[], judge: Judge): Promise<string[]> {
  const kinds = new Map<string, Count>();
  const all = new Count();
  for (const { kind, path, name } of samples) {
    const bytes = readFileSync(path);
    const others = naive(bytes);
    const ours = await isSuspected(judge, name, bytes);
    if (ours) console.error(`false alarm: ${path}`);
    const count = kinds.get(kind) ?? new Count();
    kinds.set(kind, count);
    for (const one of [count, all]) one.add(ours, others);
  }
  const row = (name: string, count: Count): string => {
    const [of, ours, ...others] = count.cells();
    return `| ${[name, of, ours, `${(100 * wilson(count.ours, count.of)[1]).toFixed(1)} %`, ...others].join(' | ')} |`;
  };
  return [
    '| type | files | BackupLens | Wilson 95 %, at most | H(64 KiB) > 6.5 | H > 7.2 | chi-square |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...[...kinds].map(([kind, count]) => row(kind, count)),
    row('**all**', all),
  ];
}

export async function detection(
  samples: readonly Sample[],
  judge: Judge,
  attacks: readonly Attack[],
  most: number,
): Promise<string[]> {
  const lines = [
    '| variant | files | BackupLens | H(64 KiB) > 6.5 | H > 7.2 | chi-square | missed most |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  const groups = new Map<string, Count>();
  for (const attack of attacks) {
    const { count, missed } = await tried(attack, samples, judge, most, groups);
    const worst = [...missed].toSorted(([, a], [, b]) => b - a).slice(0, 4);
    const words = worst.map(([kind, misses]) => `${kind} ${misses}`).join(', ');
    lines.push(`| ${[attack.name, ...count.cells(), words].join(' | ')} |`);
  }
  lines.push('', '| aim | files | BackupLens | Wilson 95 %, at least |', '| --- | --- | --- | --- |');
  for (const [name, count] of groups) {
    const [low] = wilson(count.ours, count.of);
    lines.push(`| ${name} | ${count.of} | ${percent(count.ours, count.of)} | ${(100 * low).toFixed(1)} % |`);
  }
  return lines;
}

async function tried(
  attack: Attack,
  samples: readonly Sample[],
  judge: Judge,
  most: number,
  groups: Map<string, Count>,
): Promise<{ count: Count; missed: Map<string, number> }> {
  const count = new Count();
  const missed = new Map<string, number>();
  const place = ({ path }: Sample): string =>
    createHash('sha256')
      .update(attack.name + path.split('/').slice(-2).join('/'))
      .digest('hex');
  for (const sample of samples.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))) {
    if (count.of >= most) break;
    if (LOCKED.test(sample.kind)) continue;
    const bytes = readFileSync(sample.path);
    const key = new Key(place(sample));
    const locked = bytes.length < LEAST_ATTACKED ? null : attack.encrypt(bytes, key);
    if (locked === null || locked.equals(bytes)) continue;
    const ours = await isSuspected(judge, attack.rename(sample.name, key), locked);
    const others = naive(locked);
    count.add(ours, others);
    if (!ours) {
      missed.set(sample.kind, (missed.get(sample.kind) ?? 0) + 1);
      console.error(`missed: ${attack.name}: ${sample.path}`);
    }
    for (const group of groupsOf(attack, sample)) {
      const sum = groups.get(group) ?? new Count();
      groups.set(group, sum);
      sum.add(ours, others);
    }
  }
  return { count, missed };
}

function groupsOf({ group, name }: Attack, { kind }: Sample): string[] {
  if (group === 'full') return ['whole files'];
  if (group === 'blocks')
    return [
      'blocks of 4 KiB and more',
      ...(UNCOMPRESSED.test(kind) ? ['the same, types that are not compressed'] : []),
    ];
  if (group === 'stride')
    return UNCOMPRESSED.test(kind)
      ? ['16 of 32 bytes, types that are not compressed']
      : ['16 of 32 bytes, the others'];
  if (group === 'head' && WITH_HEAD.test(kind) && name.startsWith('first 4 KB'))
    return ['first 4 KiB, types with a known head'];
  return [];
}
