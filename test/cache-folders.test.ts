// needs: clamav-daemon python3 xfsprogs
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { CACHE_NAME, knownScan, type KnownScan, type KnownScanOptions } from './kit/cache/known-scan.ts';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { MARKER } from './kit/marker.ts';
import { startProgram, type Program } from './kit/yara/program.ts';

// Each starts scan workers, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let engines: string;
let clamd: RealClamd;
let yara: Program;
beforeAll(async () => {
  engines = mkdtempSync(join(tmpdir(), 'cache-folders-'));
  mkdirSync(join(engines, 'rules'));
  const rules = `rule Marker { strings: $a = ${JSON.stringify(MARKER)} condition: $a }\n`;
  writeFileSync(join(engines, 'rules', 'rules.yar'), rules);
  clamd = await startClamd({
    signatures: [{ name: 'Eicar-Test', text: eicarTestString().toString() }],
    settings: { PidFile: join(engines, 'clamd.pid') },
  });
  yara = await startProgram({ YARA_RULES_DIR: join(engines, 'rules'), TMPDIR: engines }, ['--engines=1']);
});
afterAll(async () => {
  await yara.stop();
  await clamd.stop();
  rmSync(engines, { recursive: true });
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-folders-scan-'));
  mkdirSync(join(root, 'in'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...names: string[]): string => join(root, 'in', ...names);

async function scanned(options: Partial<KnownScanOptions> = {}): Promise<KnownScan> {
  const daemon = { address: clamd.unix, conf: clamd.configFile };
  return knownScan({ root, clamd: daemon, yara: yara.url ?? '', one_by_one: 0, ...options });
}

/** Until no change of what was written could hide in the same tick of the clock (ATTACKS A11). */
async function settled(path: string): Promise<void> {
  while (Date.now() - statSync(path).ctimeMs < 2100) await sleep(50);
}

const PLAIN = 'nothing is to be said of this text, but that it is long enough. '.repeat(2);
/** As long as that, and worth a quarantine. */
const BAD = MARKER.padEnd(PLAIN.length, '.');

describe('files of a folder that have not changed', () => {
  test('are counted, with the same sums as one by one; those of which there is something to say are told', async () => {
    mkdirSync(at('below'));
    for (const name of ['a.txt', 'b.txt', 'd.txt', 'below/e.txt', 'z.txt']) writeFileSync(at(name), PLAIN);
    writeFileSync(at('c.txt'), BAD);
    await settled(at('z.txt'));
    const first = await scanned();
    expect([first.counted, first.lines.length]).toEqual([{}, 6]);
    const second = await scanned();
    expect(second.counted).toEqual({ '': 4, below: 1 });
    expect(second.lines).toEqual(first.lines.filter((line) => line.includes(' c.txt:')));
    expect(second.cache).toMatchObject({ read: 0, by_metadata: 6, by_content: 0, asked: {}, known: {} });
    const { cache: _, ...sums } = second.summary;
    const { cache: __, ...expected } = first.summary;
    expect(sums).toEqual(expected);
    // Whoever wants them all gets them all; the first so many are always told.
    expect((await scanned({ one_by_one: Infinity })).lines).toEqual(first.lines);
    const some = await scanned({ one_by_one: 2 });
    expect([some.lines.length, some.counted]).toEqual([3, { below: 1, '': 2 }]);
  });

  test('are not read because others came, went or were renamed beside them', async () => {
    for (let index = 10; index < 30; index++) writeFileSync(at(`f${index}.txt`), PLAIN);
    await settled(at('f29.txt'));
    await scanned();
    writeFileSync(at('f05.txt'), 'new, and before all others\n');
    writeFileSync(at('f15b.txt'), 'new, and between others\n');
    unlinkSync(at('f20.txt'));
    renameSync(at('f25.txt'), at('g.txt'));
    const second = await scanned();
    // Of a renamed file the kernel moves ctime: it is read, and its content known under no such name.
    expect(second.cache).toMatchObject({ read: 3, by_metadata: 18 });
    expect(second.counted).toEqual({ '': 18 });
    await settled(at('g.txt'));
    await scanned();
    expect(await scanned()).toMatchObject({ cache: { read: 0, by_metadata: 21 }, counted: { '': 21 } });
  });

  test('are known in folders of more than one page, also when a file in the midst has changed', async () => {
    const many = 2100;
    for (let index = 0; index < many; index++) writeFileSync(at(`f${10_000 + index}`), '');
    await settled(at(`f${10_000 + many - 1}`));
    await scanned();
    expect((await scanned()).counted).toEqual({ '': many });
    writeFileSync(at('f11000'), BAD);
    const changed = await scanned();
    expect([changed.counted, changed.cache.read]).toEqual([{ '': many - 1 }, 1]);
    expect(changed.lines).toEqual([expect.stringContaining('yara_match › Marker')]);
  });

  test('are parts of one archive as soon as the others of it have come', async () => {
    const descriptor = `# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"

# Extent description
RW 128 FLAT "disk-flat.vmdk" 0
`;
    writeFileSync(at('disk-flat.vmdk'), PLAIN.repeat(512).slice(0, 128 * 512));
    for (const name of ['a.txt', 'z.txt']) writeFileSync(at(name), PLAIN);
    await settled(at('z.txt'));
    await scanned();
    expect((await scanned()).cache).toMatchObject({ read: 0, by_metadata: 3 });
    writeFileSync(at('disk.vmdk'), descriptor);
    await settled(at('disk.vmdk'));
    const { lines, counted } = await scanned();
    expect(counted).toEqual({ '': 2 });
    const fresh = await scanned({ fresh: true });
    expect(lines).toEqual(fresh.lines.filter((line) => line.includes('vmdk')));
    expect(lines).toHaveLength(2);
    // Beside it, what has not changed is passed by, and what is new is learnt.
    writeFileSync(at('b.txt'), `${PLAIN} And new.`);
    await settled(at('b.txt'));
    await scanned();
    expect((await scanned()).counted).toEqual({ '': 3 });
  });

  test('are told one by one where the policy would not approve what is plain, and are judged by another policy like any others', async () => {
    writeFileSync(at('a.txt'), PLAIN);
    writeFileSync(at('b.txt'), BAD);
    await settled(at('b.txt'));
    await scanned();
    const judged = await scanned({ policy: { thresholds: { auto_approve: 150, manual_review: 160 } } });
    expect(judged.counted).toEqual({ '': 1 });
    expect(judged.lines).toEqual([expect.stringContaining('b.txt')]);
    // A strict scan believes no metadata.
    expect(await scanned({ strict: true })).toMatchObject({ counted: {}, cache: { by_content: 2 } });
  });

  test('are all examined again after the page of their folder was changed by somebody else, and that is counted', async () => {
    for (const name of ['a.txt', 'b.txt']) writeFileSync(at(name), PLAIN);
    await settled(at('b.txt'));
    await scanned();
    const rows = new DatabaseSync(join(root, 'cache', CACHE_NAME));
    rows.exec('UPDATE entries SET value = value || zeroblob(1) WHERE kind = 4');
    rows.close();
    const second = await scanned();
    expect(second.cache).toMatchObject({ refused: 1, by_metadata: 2 });
    // What each file's own entry says is believed still.
    expect(second.lines.length).toBe(2);
  });
});

/** Ways to put another content of the same length where one was approved. */
const WAYS: readonly (readonly [string, (path: string) => void])[] = [
  ['over', (path) => writeFileSync(path, BAD)],
  [
    'cut',
    (path) => {
      truncateSync(path, 0);
      truncateSync(path, BAD.length);
      writeFileSync(path, BAD, { flag: 'r+' });
    },
  ],
  [
    'replaced',
    (path) => {
      writeFileSync(`${path}.new`, BAD);
      renameSync(`${path}.new`, path);
    },
  ],
  [
    // Its inode has likely the same number.
    'anew',
    (path) => {
      unlinkSync(path);
      writeFileSync(path, BAD);
    },
  ],
  [
    'linked',
    (path) => {
      linkSync(path, `${path}.link`);
      writeFileSync(`${path}.link`, BAD);
      unlinkSync(`${path}.link`);
    },
  ],
  [
    'link',
    (path) => {
      writeFileSync(`${path}.new`, BAD);
      unlinkSync(path);
      linkSync(`${path}.new`, path);
      unlinkSync(`${path}.new`);
    },
  ],
  [
    'mapped',
    (path) => {
      const store =
        'import mmap, sys\nf = open(sys.argv[1], "r+b")\nm = mmap.mmap(f.fileno(), 0)\nm[:] = sys.argv[2].encode()\nm.flush()';
      execFileSync('python3', ['-c', store, path, BAD]);
    },
  ],
  [
    'folder',
    (path) => {
      cpSync(join(path, '..'), join(path, '../../../other'), { recursive: true, preserveTimestamps: true });
      writeFileSync(join(path, '../../../other/a.txt'), BAD);
      renameSync(join(path, '..'), join(path, '../../../old'));
      renameSync(join(path, '../../../other'), join(path, '..'));
    },
  ],
];

test('another content under the old name, length and mtime is examined at once, in whatever way it came there', async () => {
  const paths = WAYS.map(([way]) => at(way, 'a.txt'));
  for (const [way] of WAYS) {
    mkdirSync(at(way));
    for (const name of ['a.txt', 'b.txt']) writeFileSync(at(way, name), PLAIN);
  }
  await settled(paths.at(-1) ?? '');
  await scanned();
  // Engines that do not answer in time, on a machine that is busy, are not known again.
  for (let run = 0; run < 5 && Object.keys((await scanned()).counted).length < WAYS.length; run++);
  for (const [index, [, change]] of WAYS.entries()) {
    const path = paths[index] ?? '';
    const { atime, mtime } = statSync(path);
    change(path);
    utimesSync(path, atime, mtime);
    expect([readFileSync(path, 'latin1'), statSync(path).mtimeMs]).toEqual([BAD, mtime.getTime()]);
  }
  const { lines, counted } = await scanned();
  const left = counted[WAYS[0]?.[0] ?? ''];
  expect(left).toBe(1);
  for (const [way] of WAYS) {
    const line = lines.find((one) => one.includes(`${way}/a.txt`));
    expect([way, line]).toEqual([way, expect.stringMatching(/^quarantine .*yara_match › Marker/)]);
  }
});

test.skipIf(process.geteuid?.() !== 0)(
  'what was exchanged with all its times on XFS, as anybody can who may write both files, is examined',
  async () => {
    const image = join(root, 'xfs.img');
    writeFileSync(image, '');
    truncateSync(image, 320 * 1024 * 1024);
    execFileSync('mkfs.xfs', ['-q', image]);
    mkdirSync(at('xfs'));
    execFileSync('mount', ['-o', 'loop', image, at('xfs')]);
    try {
      const [path, other] = [at('xfs', 'a.txt'), at('xfs', '.defragmented')];
      writeFileSync(path, PLAIN);
      execFileSync('sync');
      await settled(path);
      await scanned();
      await scanned();
      const { ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      writeFileSync(other, BAD);
      execFileSync('sync');
      execFileSync('xfs_io', ['-c', `swapext ${other}`, path]);
      unlinkSync(other);
      expect(readFileSync(path, 'latin1')).toBe(BAD);
      expect(statSync(path, { bigint: true })).toMatchObject({ ino, mtimeNs, ctimeNs });
      expect((await scanned()).lines).toEqual([expect.stringContaining('yara_match › Marker')]);
    } finally {
      execFileSync('umount', [at('xfs')]);
    }
  },
);
