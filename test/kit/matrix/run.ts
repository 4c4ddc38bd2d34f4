import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FORMATS } from '../../../src/unpack/index.ts';
import { MAKERS } from '../archives/makers.ts';
import { startClamd } from '../clamd/real.ts';
import { scanJson, type Result } from '../cli.ts';
import { MARKER } from '../marker.ts';
import { judge, wayToMarker, type Way } from './judge.ts';
import { askClamav, askSevenZip, DEBIAN_LIMITS } from './others.ts';
import { COLUMNS, SILENT, type Row, type Table } from './row.ts';
import { nameOf, subjects, writeSamples, type Subject } from './samples.ts';

/** Of trails: the file alone; the file, the tar in it, the container in that. */
const ALONE = 1;
const NESTED = 3;
/** Below the marker's place in every content, and above what structures alone come to. */
const FEW_BYTES = '64K';

/** Fills every cell of every format whose makers are installed, by the program as a user runs it. */
export async function runMatrix(folder: string): Promise<Table> {
  const samples = join(folder, 'samples');
  mkdirSync(samples, { recursive: true });
  const failures = writeSamples(samples);
  for (const [id, why] of failures) console.error(`${id} could not be made: ${why}`);
  const clamd = await startClamd({
    signatures: [{ name: 'Marker', text: MARKER }],
    settings: DEBIAN_LIMITS,
  });
  try {
    const asked = subjects().filter(({ id }) => !failures.has(id));
    const at = (shape: string) => join(samples, shape);
    const whole = await scan(['--clamd', `unix:${clamd.unix.path}`, samples]);
    const bytes = await scan(['--clamd', 'off', '--max-unpacked-bytes', FEW_BYTES, at('reachable')]);
    const depth = await scan(['--clamd', 'off', '--max-depth', '2', at('nested')]);
    const others = {
      clamav: await askClamav(clamd, at('reachable'), asked),
      clamav_nested: await askClamav(clamd, at('nested'), asked),
      seven_zip: await askSevenZip(at('reachable'), asked),
      seven_zip_nested: await askSevenZip(at('nested'), asked),
    };
    return table(asked, { whole, bytes, depth, ...others });
  } finally {
    await clamd.stop();
  }
}

/** Of one scan of all samples; some seconds on a machine with nothing else to do. */
const DEADLINE_MS = 15 * 60_000;

type Answers = ReadonlyMap<string, string>;
/** Results by `<shape>/<name>`. */
type Results = ReadonlyMap<string, Result>;

interface Seen {
  readonly whole: Results;
  readonly bytes: Results;
  readonly depth: Results;
  readonly clamav: Answers;
  readonly clamav_nested: Answers;
  readonly seven_zip: Answers;
  readonly seven_zip_nested: Answers;
}

async function scan(args: readonly string[]): Promise<Results> {
  const { report } = await scanJson(args, { deadlineMs: DEADLINE_MS });
  return new Map(report.results.map((result) => [placeOf(result.path), result]));
}

function placeOf(path: string): string {
  return join(basename(dirname(path)), basename(path));
}

function table(asked: readonly Subject[], seen: Seen): Table {
  const rows = new Map(asked.map((subject) => [subject.id, rowOf(subject, seen)]));
  for (const { id } of FORMATS) {
    const maker = MAKERS[id];
    if (maker !== undefined && 'untested' in maker) rows.set(id, untested(maker.untested));
  }
  return Object.fromEntries([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function untested(why: string): Row {
  const cells = Object.keys(COLUMNS).map((column) => [column, `untested: ${why}`]);
  const row: Row = Object.fromEntries(cells);
  return row;
}

function rowOf({ id, maker }: Subject, { whole, bytes, depth, ...others }: Seen): Row {
  const name = nameOf(id);
  const reachable = whole.get(`reachable/${name}`);
  const way: Way | null = reachable === undefined ? null : wayToMarker(reachable, ALONE);
  const alone = (shape: string) => judge(whole.get(`${shape}/${name}`), ALONE, way);
  const cut = (shape: string) => {
    const cell = alone(shape);
    return cell === SILENT && maker.cut !== undefined ? `n/a: ${maker.cut.na}` : cell;
  };
  const locked = maker.encrypted;
  const encryption = (shape: string) => {
    // An encrypted document is another container around the same: what opens it shows the way.
    const opened = whole.get(`opened/${name}`);
    const inside = opened === undefined ? way : wayToMarker(opened, ALONE);
    if ('make' in locked) return judge(whole.get(`${shape}/${name}`), ALONE, inside);
    return 'na' in locked ? `n/a: ${locked.na}` : `untested: ${locked.untested}`;
  };
  return {
    reachable: alone('reachable'),
    nested: judge(whole.get(`nested/${name}`), NESTED, way),
    locked: encryption('locked'),
    opened: encryption('opened'),
    half: cut('half'),
    tail: cut('tail'),
    bytes: judge(bytes.get(`reachable/${name}`), ALONE, way),
    depth: judge(depth.get(`nested/${name}`), NESTED, way),
    clamav: others.clamav.get(name) ?? '',
    clamav_nested: others.clamav_nested.get(name) ?? '',
    seven_zip: others.seven_zip.get(name) ?? '',
    seven_zip_nested: others.seven_zip_nested.get(name) ?? '',
  };
}
