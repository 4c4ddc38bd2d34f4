import type { ScanStats } from '../contracts/index.ts';
import { forTerminal } from './escape.ts';
import { counted, number, size } from './figures.ts';
import type { Paint } from './paint.ts';

/** Smaller parts are put together, as a share of all. */
const SHOWN_SHARE = 0.01;

const ROLES: Readonly<Record<ScanStats['processes'][number]['role'], string>> = {
  backuplens: 'backuplens',
  worker: 'scan worker',
  'yara-scanner': 'yara-scanner',
  'yara-engine': 'yara engine',
  ended: 'ended before',
};

/** Where the time of a scan went. */
export function statsLines(stats: ScanStats, paint: Paint): string[] {
  const { wall_ms, cpu_ms, cores, processes, waits, work, limited_by } = stats;
  const share = (100 * cpu_ms) / Math.max(1, wall_ms * cores);
  return [
    paint.strong(
      `Time  ${seconds(wall_ms)}, CPU ${seconds(cpu_ms)} (${share.toFixed(0)} % of ${counted(cores, 'core')}, clamd not counted)`,
    ),
    ...processes.flatMap((one) => processLines(one, paint)),
    ...waitLines(waits),
    `  read        ${size(work.read_bytes)} in ${counted(work.reads, 'call')}, hashed ${size(work.hashed_bytes)}, read by YARA ${size(work.yara_read_bytes)}`,
    `  asked       ${asked(work.examinations)}; ${counted(work.messages, 'message')} to and from workers, ${counted(work.scratch_files, 'scratch file')}`,
    `  limited by  ${limited_by.what}: ${forTerminal(limited_by.detail)}`,
  ];
}

function processLines(
  { role, wall_ms, cpu_ms, parts, idle_ms }: ScanStats['processes'][number],
  paint: Paint,
) {
  const lived = wall_ms === null ? '' : ` in ${seconds(wall_ms)}`;
  const idle = idle_ms === null ? '' : `, idle ${seconds(idle_ms)}`;
  const line = `  ${ROLES[role].padEnd(12)}  CPU ${seconds(cpu_ms)}${lived}${idle}`;
  if (parts === null) return [line];
  const all = Object.entries(parts).toSorted(([, a], [, b]) => b - a);
  const shown = all.filter(([, ms]) => ms >= SHOWN_SHARE * cpu_ms);
  const words = shown.map(([part, ms]) => `${forTerminal(part)} ${seconds(ms)}`);
  const rest = cpu_ms - shown.reduce((sum, [, ms]) => sum + ms, 0);
  if (shown.length < all.length) words.push(`all else ${seconds(rest)}`);
  return [line, paint.dim(`    ${words.join(', ')}`)];
}

function waitLines(waits: ScanStats['waits']): string[] {
  const all = Object.entries(waits).toSorted(([, a], [, b]) => b.ms - a.ms);
  if (all.length === 0) return [];
  const words = all.map(([what, { ms }]) => `${forTerminal(what)} ${seconds(ms)}`);
  return [`  waited      ${words.join(', ')} (all files together)`];
}

function asked(examinations: Readonly<Record<string, number>>): string {
  const words = Object.entries(examinations).map(([id, times]) => `${forTerminal(id)} ${number(times)}`);
  return words.length === 0 ? 'nobody' : words.join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
