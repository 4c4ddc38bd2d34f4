import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startClamd, type RealClamd, type Signature } from '../../test/kit/clamd/real.ts';
import { seeded } from '../../test/kit/seeded.ts';
import { literalRules } from '../../test/kit/yara/generated-rules.ts';

/** What the engines have to look for; none of it is in a corpus. */
export interface Engines {
  readonly name: string;
  readonly signatures: number;
  /** Literal rules, as most of small public sets are: YARA-X and libyara take about as long for them. */
  readonly rules: number;
  /** At most, so that everything together takes less than half an hour on a quiet machine. */
  readonly runs: number;
}

export const ENGINES: readonly Engines[] = [
  { name: 'small', signatures: 1, rules: 14, runs: 10 },
  { name: 'large', signatures: 100_000, rules: 5000, runs: 1 },
];

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
  readonly rulesFile: string;
}

export async function startEngines(
  { signatures: count, rules }: Engines,
  folder: string,
): Promise<RunningEngines> {
  const rulesFolder = join(folder, 'rules');
  const rulesFile = join(rulesFolder, 'generated.yar');
  mkdirSync(rulesFolder, { recursive: true });
  writeFileSync(rulesFile, literalRules(rules).source);
  const clamd = await startClamd({
    signatures: signatures(count),
    settings: { MaxFileSize: '2000M', MaxScanSize: '2000M', StreamMaxLength: '2000M', MaxFiles: 0 },
  });
  return { clamd, rulesFolder, rulesFile };
}
