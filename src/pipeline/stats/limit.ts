import type { ScanStats } from '../../contracts/index.ts';

/** From here on a share of the time is what made the scan as long as it was. */
const MOST = 0.5;
/** A main thread that is busy so much of the time holds up the files of its worker. */
const BUSY = 0.75;

const DISK = 'files waited for their bytes most of the time';

/** What would have to be faster for the scan to be. */
export function limitOf(
  { wall_ms, cores, cpu_ms, processes, waits }: Omit<ScanStats, 'limited_by'>,
  startMs: number,
): ScanStats['limited_by'] {
  if (wall_ms === 0) return { what: 'nothing', detail: 'nothing was done' };
  if (startMs > MOST * wall_ms) {
    return {
      what: 'start',
      detail: `${percent(startMs / wall_ms)} of the time passed before the first file`,
    };
  }
  const cpu = cpu_ms / (wall_ms * cores);
  if (cpu > BUSY) {
    return { what: 'cpu', detail: `our own processes took ${percent(cpu)} of ${cores} cores` };
  }
  const workers = processes.filter(({ role }) => role === 'worker');
  const working = workers.reduce((sum, one) => sum + (one.wall_ms ?? 0), 0);
  const idle = workers.reduce((sum, one) => sum + (one.idle_ms ?? 0), 0);
  if (working > 0 && 1 - idle / working > BUSY) {
    return { what: 'cpu', detail: `the scan workers were busy ${percent(1 - idle / working)} of their time` };
  }
  const [longest] = Object.entries(waits).toSorted(([, a], [, b]) => b.ms - a.ms);
  if (longest === undefined) return { what: 'nothing', detail: 'nothing was waited for' };
  const [name, { ms }] = longest;
  // At any moment, on average.
  const files = (ms / wall_ms).toFixed(1);
  if (name === 'read') return { what: 'disk', detail: DISK };
  if (name === 'clamav' || name === 'yara' || name === 'unpack') {
    return { what: name, detail: `${files} files at a time waited for it, on average` };
  }
  return { what: 'nothing', detail: `${files} files at a time waited for ${name}, on average` };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
