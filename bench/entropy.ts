/*
 * What the statistics of an artifact's bytes cost, beside `ent` and `sha256sum` in the same run:
 *   npm run bench:entropy -- [--mib N] [--rounds N]
 * CPU seconds of a whole process each, start and reading included; the start of Node without work is given too.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded } from '../test/kit/seeded.ts';
import { measure, median } from './measure.ts';

const { values } = parseArgs({
  options: { mib: { type: 'string', default: '512' }, rounds: { type: 'string', default: '5' } },
});
const MIB = Number(values.mib);
const ONE = join(import.meta.dirname, 'detection/one-file.ts');

/** Text, programs, noise and zeros in turn, as a backup has them. */
function content(mib: number): Buffer {
  const random = seeded(5);
  const node = execFileSync('cat', [process.execPath], { maxBuffer: 2 ** 30 });
  const bytes = Buffer.alloc(mib * 2 ** 20);
  for (let at = 0; at < bytes.length; at += 2 ** 20) {
    const piece = bytes.subarray(at, at + 2 ** 20);
    const kind = (at / 2 ** 20) % 4;
    if (kind === 0) for (let i = 0; i < piece.length; i++) piece[i] = 32 + Math.floor(random() * 64);
    else if (kind === 1) node.copy(piece, 0, at % Math.max(1, node.length - piece.length));
    else if (kind === 2) for (let i = 0; i < piece.length; i++) piece[i] = Math.floor(random() * 256);
  }
  return bytes;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-entropy-'));
const path = join(folder, 'content');
writeFileSync(path, content(MIB));
const commands: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['BackupLens, statistics of bytes', [process.execPath, ONE, path]],
  ['Node, without work', [process.execPath, ONE]],
  ['sha256sum', ['sha256sum', path]],
  ['ent', ['ent', '-t', path]],
];
const costs = new Map(commands.map(([name]) => [name, [] as number[]]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, command] of commands) costs.get(name)?.push((await measure(command, null)).cpu);
}
rmSync(folder, { recursive: true });
const reference = median(costs.get('sha256sum') ?? []);
console.log('| program | CPU s | MB/s | of sha256sum |\n| --- | --- | --- | --- |');
for (const [name, cpu] of costs) {
  const middle = median(cpu);
  const speed = name === 'Node, without work' ? '–' : ((MIB * 1.048576) / middle).toFixed(0);
  console.log(`| ${name} | ${middle.toFixed(2)} | ${speed} | ${(middle / reference).toFixed(2)} |`);
}
