import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eicarTestString } from '../../src/analyze/clamav/index.ts';
import { startClamd, type ClamdOptions, type RealClamd, type Signature } from '../../test/kit/clamd/real.ts';
import { seeded } from '../../test/kit/seeded.ts';
import { literalRules } from '../../test/kit/yara/generated-rules.ts';

/** What the engines have to look for; none of it is in a corpus. */
export interface Engines {
  readonly name: string;
  readonly signatures: number;
  /** So many literal rules, as most of small public sets are: YARA-X and libyara take about as long for them. Or those that are delivered. */
  readonly rules: number | 'delivered';
  /** At most, so that everything together takes less than half an hour on a quiet machine. */
  readonly runs: number;
}

export const ENGINES: readonly Engines[] = [
  { name: 'small', signatures: 1, rules: 14, runs: 10 },
  { name: 'large', signatures: 100_000, rules: 5000, runs: 1 },
  { name: 'delivered', signatures: 1, rules: 'delivered', runs: 1 },
];
const DELIVERED = join(import.meta.dirname, '../../yara-rules');

/** Byte patterns of 24 bytes, at any place. */
function signatures(count: number): Signature[] {
  const random = seeded(8);
  const hex = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return Array.from({ length: count }, (_, at) => ({
    name: `Bench.Generated-${at}`,
    hex: Array.from({ length: 6 }, hex).join(''),
  }));
}

export interface RunningEngines {
  readonly clamd: RealClamd;
  readonly rulesFolder: string;
  readonly rulesFiles: readonly string[];
}

/** A clamd with the canary, whose settings and database this process and its children can see: else little is kept of what it says. */
export async function startVisibleClamd(
  folder: string,
  { signatures: more, settings }: ClamdOptions,
): Promise<RealClamd> {
  const clamd = await startClamd({
    signatures: [{ name: 'Eicar-Test', text: eicarTestString().toString() }, ...more],
    settings: { ...settings, PidFile: join(folder, 'clamd.pid') },
  });
  Object.assign(process.env, { CLAMD_CONF: clamd.configFile, XDG_CACHE_HOME: join(folder, 'cache') });
  return clamd;
}

export async function startEngines(
  { signatures: count, rules }: Engines,
  folder: string,
): Promise<RunningEngines> {
  const rulesFolder = rules === 'delivered' ? DELIVERED : join(folder, 'rules');
  if (rules !== 'delivered') {
    mkdirSync(rulesFolder, { recursive: true });
    writeFileSync(join(rulesFolder, 'generated.yar'), literalRules(rules).source);
  }
  const clamd = await startVisibleClamd(folder, {
    signatures: signatures(count - 1),
    settings: { MaxFileSize: '2000M', MaxScanSize: '2000M', StreamMaxLength: '2000M', MaxFiles: 0 },
  });
  return { clamd, rulesFolder, rulesFiles: globSync(join(rulesFolder, '**/*.yar')) };
}
