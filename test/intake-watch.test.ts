// needs: python3
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UnitKind } from '../src/domain/index.ts';
import { unitAt } from '../src/intake/index.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import {
  borgFiles,
  duplicityFiles,
  gitFiles,
  kopiaFiles,
  postgresFiles,
  proxmoxFiles,
  resticFiles,
  type SetFiles,
} from './kit/sets.ts';
import { watching, type Watching } from './kit/watching.ts';

let root: string;
let watch: Watching | null;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backuplens-watch-'));
  watch = null;
});
afterEach(async () => {
  await watch?.stop();
  rmSync(root, { recursive: true, force: true });
});

const put = (name: string, text: string | Buffer = 'a backup'): void => {
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), text);
};

test('a file that rests is handed on once, nested folders included', async () => {
  put('a.tar');
  put('deep/er/b.tar');
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 2);
  await watch.sweeps(3);
  expect(watch.arrivals()).toEqual(['a.tar', 'deep/er/b.tar']);
  expect(watch.arrival('deep/er/b.tar')?.share.toString()).toBe('deep');
  expect(watch.arrival('a.tar')?.share.toString()).toBe('');
});

test('a file that is still being written is not handed on until it rests', async () => {
  watch = watching(root, { settle_ms: 400 });
  put('growing.tar');
  const began = performance.now();
  let last = began;
  while (performance.now() - began < 1500) {
    appendFileSync(join(root, 'growing.tar'), 'more');
    last = performance.now();
    await sleep(50);
  }
  expect(watch.arrivals()).toEqual([]);
  await watch.until(() => watch?.arrivals().length === 1);
  expect(performance.now() - last).toBeGreaterThanOrEqual(390);
});

test('a file that is overwritten, replaced or comes again is new work', async () => {
  watch = watching(root);
  put('nightly.tar', 'monday');
  await watch.until(() => watch?.arrivals().length === 1);
  put('nightly.tar', 'tuesday');
  await watch.until(() => watch?.arrivals().length === 2);
  put('new.tmp', 'tuesday');
  await watch.until(() => watch?.arrivals().length === 3);
  renameSync(join(root, 'new.tmp'), join(root, 'nightly.tar'));
  await watch.until(() => watch?.arrivals().length === 4);
  rmSync(join(root, 'nightly.tar'));
  await watch.sweeps(2);
  put('nightly.tar', 'tuesday');
  await watch.until(() => watch?.arrivals().length === 5);
  expect(watch.arrivals()).toEqual(['nightly.tar', 'nightly.tar', 'new.tmp', 'nightly.tar', 'nightly.tar']);
});

test('same size and same mtime do not hide that a file was written over', async () => {
  put('a.bin', 'aaaa');
  utimesSync(join(root, 'a.bin'), 1000, 1000);
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 1);
  put('a.bin', 'bbbb');
  utimesSync(join(root, 'a.bin'), 1000, 1000);
  await watch.until(() => watch?.arrivals().length === 2);
  expect(watch.arrivals()).toEqual(['a.bin', 'a.bin']);
});

test('a file whose time lies in the future is no different', async () => {
  put('future.tar');
  const future = Date.now() / 1000 + 10 * 365 * 86_400;
  utimesSync(join(root, 'future.tar'), future, future);
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 1);
  expect(watch.arrivals()).toEqual(['future.tar']);
});

test('names of unfinished files wait longer, and no longer than that', async () => {
  put('evil.part');
  put('x~');
  put('plain');
  watch = watching(root, { delay_ms: 1500 });
  const began = performance.now();
  await watch.until(() => watch?.arrivals().length === 1);
  expect(watch.arrivals()).toEqual(['plain']);
  await watch.until(() => watch?.arrivals().length === 3);
  expect(performance.now() - began).toBeGreaterThanOrEqual(1400);
  expect(watch.arrivals().slice(1).toSorted()).toEqual(['evil.part', 'x~']);
});

test('what is touched for ever is handed on in the end, as never settled', async () => {
  put('touched');
  watch = watching(root, { settle_ms: 5000, never_settled_ms: 1000 });
  const touching = setInterval(() => appendFileSync(join(root, 'touched'), '.'), 20);
  try {
    await watch.until(() => watch?.arrivals().length === 1);
  } finally {
    clearInterval(touching);
  }
  expect(watch.arrival('touched')?.never_settled).toBe(true);
});

test('what lingers is told with every look, and goes on from there in the next process', async () => {
  put('touched', 'x');
  const touching = setInterval(() => appendFileSync(join(root, 'touched'), 'x'), 5);
  try {
    const first = watching(root, { settle_ms: 2000, never_settled_ms: 3_600_000 });
    await first.sweeps(2);
    // A tenth of the time, or a minute, has not passed.
    expect(first.events.findLast((event) => event.type === 'swept')).toMatchObject({ lingering: [] });
    await first.stop();

    const lingering = [{ key: Buffer.from(join(root, 'touched')), met_ms_ago: 3_600_000 - 1 }];
    const second = watching(root, { settle_ms: 2000, never_settled_ms: 3_600_000, lingering });
    await second.until(() => second.arrivals().length === 1, 'the arrival');
    expect(second.arrival('touched')?.never_settled).toBe(true);
    await second.stop();

    const third = watching(root, {
      settle_ms: 2000,
      never_settled_ms: 3_600_000,
      lingering: [{ key: Buffer.from(join(root, 'touched')), met_ms_ago: 120_000 }],
    });
    await third.sweeps(1);
    const [told] = third.events.filter((event) => event.type === 'swept');
    expect(told?.lingering).toMatchObject([{ key: Buffer.from(join(root, 'touched')) }]);
    expect(told?.lingering[0]?.met_ms_ago).toBeGreaterThanOrEqual(120_000);
    await third.stop();
  } finally {
    clearInterval(touching);
  }
});

test('two names that are not UTF-8 are two files', async () => {
  for (const last of [0xe8, 0xe9]) {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([last])]), 'x');
  }
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 2);
  expect(watch.arrivals()).toEqual(['caf\xe8', 'caf\xe9']);
});

test('links, FIFOs and sockets are listed once, and not handed on', async () => {
  put('target');
  symlinkSync('target', join(root, 'link'));
  symlinkSync('/etc', join(root, 'link-to-folder'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  const server = createServer().listen(join(root, 'socket'));
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 1);
  await watch.sweeps(3);
  server.close();
  const listed = watch.events.flatMap((event) =>
    event.type === 'skipped' ? [`${event.path.toString('utf8', root.length + 1)}: ${event.reason}`] : [],
  );
  expect(listed).toEqual(['fifo: fifo', 'link: symlink', 'link-to-folder: symlink', 'socket: socket']);
  expect(watch.arrivals()).toEqual(['target']);
});

test('a folder that cannot be read is listed, and costs no other folder its look', async () => {
  put('a/1');
  put('z/2');
  mkdirSync(join(root, 'm'));
  // A path that is too long can be read by nobody, where root may read everything else.
  const make = "import os\nos.chdir('m')\nfor i in range(20):\n  os.mkdir('n'*250); os.chdir('n'*250)\n";
  execFileSync('python3', ['-c', make], { cwd: root });
  try {
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 2);
    expect(watch.arrivals()).toEqual(['a/1', 'z/2']);
    expect(watch.events.filter(({ type }) => type === 'unreadable')).toHaveLength(1);
  } finally {
    execFileSync('rm', ['-rf', join(root, 'm')]);
  }
});

/** The end record of a zip without members (APPNOTE 4.3.16). */
function zipEnd({ disk }: { disk: number }): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x0605_4b50, 0);
  record.writeUInt16LE(disk, 4);
  return record;
}

/** Signature, check sum, and a main header of type 1 without flags whose archive flags say volume. */
/** As `tar -M` writes them: the second begins with what the first has no room for. */
const TAR_VOLUMES = [
  tarBytes([{ name: 'big', content: Buffer.alloc(512, 'x'), size: 800 }]).subarray(0, 1024),
  tarBytes([
    {
      name: 'big',
      type: 'M',
      content: Buffer.alloc(288, 'y'),
      fields: [{ at: 369, bytes: '00000001000\0' }],
    },
  ]),
] as const;
const RAR5_VOLUME = Buffer.from('526172211a0701000000000003010001', 'hex');

const putSet = (folder: string, files: SetFiles): void => {
  for (const [name, content] of Object.entries(files)) put(join(folder, name), content);
};
const unitNow = async (name: string, kind: UnitKind) =>
  unitAt(Buffer.from(join(root, name)), { kind, ours: () => false });
/** As if nobody had touched it for an hour: what was written just now may still be being written. */
const age = (name: string): void => {
  const past = Date.now() / 1000 - 3600;
  utimesSync(join(root, name), past, past);
};

const rotated = (files: SetFiles, by: number): [string, string | Buffer][] => {
  const all = Object.entries(files);
  return [...all.slice(by), ...all.slice(0, by)];
};

describe('what belongs together', () => {
  test('a repository of any kind is one unit, and never its files', async () => {
    putSet('r/repo', resticFiles());
    putSet('b', borgFiles());
    putSet('g/work/.git', gitFiles());
    putSet('p', postgresFiles());
    putSet('k', kopiaFiles());
    putSet('d', duplicityFiles());
    putSet('x', proxmoxFiles());
    put('g/work/README');
    const sets = {
      b: 'borg',
      d: 'duplicity',
      // A working tree is one with its `.git`.
      'g/work': 'git',
      k: 'kopia',
      p: 'pg_basebackup',
      'r/repo': 'restic',
      x: 'proxmox',
    };
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === Object.keys(sets).length);
    await watch.sweeps(2);
    expect(watch.arrivals()).toEqual(Object.keys(sets));
    for (const [name, kind] of Object.entries(sets)) expect(watch.arrival(name)?.unit.kind).toBe(kind);
    expect(watch.arrival('r/repo')?.unit).toMatchObject({ files: 5, whole: true });
  });

  test('what only has the names of a set is files like any other', async () => {
    const named = {
      config: 'x',
      'data/00/evil.exe': 'MZ',
      'index/i': 'x',
      'keys/k': 'x',
      'snapshots/s': 'x',
    };
    putSet('no-key', named);
    const wrong = { ...resticFiles(), [`data/00/00${'ab'.repeat(31)}`]: 'not what it is called by' };
    putSet('wrong-pack', wrong);
    putSet('no-segment', { ...borgFiles(), 'data/0/0': 'MZ evil' });
    putSet('no-pack', { ...gitFiles(), [`objects/pack/pack-${'12'.repeat(20)}.pack`]: 'PACK of lies' });
    putSet('no-control', { ...postgresFiles(), 'global/pg_control': 'x' });
    const volume = 'duplicity-full.20261129T024020Z.vol1.difftar.gz';
    putSet('no-volume', { ...duplicityFiles(), [volume]: 'MZ evil' });
    putSet('no-kopia', { ...kopiaFiles(), 'kopia.repository.f': '{"tool": "none"}' });
    putSet('more-than-kopia', { ...kopiaFiles(), 'evil.exe': 'MZ' });
    const [chunk = ''] = Object.keys(proxmoxFiles());
    putSet('no-chunk', { ...proxmoxFiles(), [chunk]: 'MZ evil' });
    for (const [folder, files] of Object.entries({
      'wrong-pack': wrong,
      'no-segment': borgFiles(),
      'no-pack': gitFiles(),
      'no-volume': duplicityFiles(),
      'no-chunk': proxmoxFiles(),
    })) {
      for (const name of Object.keys(files)) age(join(folder, name));
    }
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 5 + 6 + 4 + 5 + 4 + 4 + 5 + 6 + 4);
    const kinds = watch.events.flatMap((event) => (event.type === 'arrival' ? [event.unit.kind] : []));
    expect(new Set(kinds)).toEqual(new Set(['file']));
  });

  describe('a set that is copied in slowly', () => {
    const SETS = {
      restic: resticFiles(['a pack', 'another pack']),
      borg: borgFiles(),
      git: gitFiles(),
      pg_basebackup: postgresFiles(),
      kopia: kopiaFiles(),
      duplicity: duplicityFiles(),
      proxmox: proxmoxFiles(),
    } as const;

    test.each(Object.entries(SETS))(
      '(%s) is one unit in the end and none of its files is taken before, whatever comes first',
      async (kind, files) => {
        // All orders at once: each a set of its own.
        const orders = [
          ...Object.keys(files).map((_, by) => rotated(files, by)),
          Object.entries(files).toReversed(),
        ];
        watch = watching(root, { settle_ms: 50, sets_ms: 30_000 });
        const steps = Object.keys(files).length;
        for (let step = 0; step < steps; step++) {
          for (const [number, order] of orders.entries()) {
            const next = order[step];
            if (next !== undefined) put(`copy-${number}/${next[0]}`, next[1]);
          }
          // Longer than a file has to rest until it is taken.
          await watch.sweeps(3);
        }
        const isWhole = (_: unknown, number: number): boolean =>
          watch?.arrival(`copy-${number}`)?.unit.kind === kind;
        await watch.until(() => orders.every(isWhole));
        // One that is known by its marks before its last file came is handed on more than once, and always as one.
        expect(watch.arrivals().filter((name) => name.includes('/'))).toEqual([]);
      },
    );

    test('of which the rest never comes is handed on as one when it has rested, and no sooner', async () => {
      const { config: _, ...files } = resticFiles();
      watch = watching(root, { sets_ms: 1500 });
      putSet('repo', files);
      const began = performance.now();
      await watch.until(() => watch?.events.some((event) => event.type === 'begun') === true);
      const swept = watch.events.findLast((event) => event.type === 'swept');
      expect(swept).toMatchObject({ begun_sets: 1, begun: [{ kind: 'restic' }], unsettled: 1 });
      await watch.until(() => watch?.arrivals().length === 1);
      expect(performance.now() - began).toBeGreaterThan(1400);
      expect(watch.arrival('repo')).toMatchObject({
        never_settled: false,
        unit: { kind: 'begun', begun: 'restic', whole: true, files: 4 },
      });
      expect(watch.events.filter((event) => event.type === 'begun')).toHaveLength(1);
      expect((await unitNow('repo', 'begun'))?.identity).toEqual(watch.arrival('repo')?.unit.identity);
      // What makes it whole later makes it a set after all.
      put('repo/config', 'x'.repeat(155));
      await watch.until(() => watch?.arrival('repo')?.unit.kind === 'restic');
      expect(watch.arrivals()).toEqual(['repo', 'repo']);
    });

    test('and that only looked like one is let go when it rests, and its files are met', async () => {
      put('cache/data/ab/' + 'ab'.repeat(32), 'not what it is called by');
      watch = watching(root, { sets_ms: 400 });
      await watch.until(() => watch?.arrivals().length === 1);
      expect(watch.arrivals()).toEqual([`cache/data/ab/${'ab'.repeat(32)}`]);
      expect(watch.events.map(({ type }) => type).filter((type) => type !== 'swept')).toEqual([
        'begun',
        'let_go',
        'arrival',
      ]);
      // It is not looked at as one again, whatever comes.
      put('cache/data/cd/' + 'cd'.repeat(32), 'nor this');
      await watch.until(() => watch?.arrivals().length === 2);
    });

    test('and keeps itself busy for ever is handed on in the end, as one that never settled', async () => {
      put('busy/data/ab/' + 'ab'.repeat(32), 'evil');
      put('busy/malware.exe', 'MZ');
      put('quiet/data/ab/' + 'ab'.repeat(32), 'evil');
      watch = watching(root, { sets_ms: 1000, never_settled_ms: 3000 });
      const busy = setInterval(() => put('quiet/data/ab/' + 'cd'.repeat(32), 'still here'), 100);
      try {
        await watch.until(() => watch?.arrivals().length === 3);
      } finally {
        clearInterval(busy);
      }
      // What lies beside it under a name of its own is not kept from being looked at.
      expect(watch.arrivals().toSorted()).toEqual([
        `busy/data/ab/${'ab'.repeat(32)}`,
        'busy/malware.exe',
        'quiet',
      ]);
      expect(watch.arrivals()[0]).toBe('busy/malware.exe');
      expect(watch.arrival('quiet')).toMatchObject({ never_settled: true, unit: { kind: 'begun' } });
    });

    test('goes on waiting from where it was in the next process', async () => {
      put('quiet/data/ab/' + 'ab'.repeat(32), 'evil');
      const options = { sets_ms: 60_000, never_settled_ms: 10_000 };
      watch = watching(root, options);
      const met = (): readonly unknown[] =>
        watch?.events.flatMap((event) => (event.type === 'swept' ? event.lingering : [])) ?? [];
      await watch.until(() => met().length > 0);
      await watch.stop();
      const key = Buffer.from(join(root, 'quiet'));
      // A clock that was put forward a day meanwhile makes it overdue: then it is held as one, and not torn.
      watch = watching(root, { ...options, lingering: [{ key, met_ms_ago: 86_400_000 }] });
      await watch.until(() => watch?.arrivals().length === 1);
      expect(watch.arrival('quiet')).toMatchObject({ never_settled: true, unit: { kind: 'begun' } });
    });
  });

  test.each([
    ['work/.git/HEAD', 'work', { 'work/README': 'text' }],
    ['bare/HEAD', 'bare', {}],
  ])('a set that loses its mark %s stays one', async (mark, folder, more) => {
    putSet(mark.slice(0, mark.lastIndexOf('/')), gitFiles());
    for (const [name, text] of Object.entries(more)) put(name, text);
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 1);
    rmSync(join(root, mark));
    await watch.until(() => watch?.arrivals().length === 2);
    expect(watch.arrivals()).toEqual([folder, folder]);
    expect(watch.arrival(folder)?.unit).toMatchObject({ kind: 'begun', begun: 'git' });
  });

  test('a set that was one in an earlier process stays whole, even if nothing in it looks like one any more', async () => {
    putSet('repo', { a: 'a', b: 'b' });
    const { ino } = statSync(join(root, 'repo'), { bigint: true });
    const set = { path: Buffer.from(join(root, 'repo')), ino, kind: 'restic' } as const;
    watch = watching(root, { sets: [set, { ...set, path: Buffer.from(join(root, 'other')) }] });
    putSet('other', { a: 'a' });
    await watch.until(() => watch?.arrivals().length === 2);
    // Another folder under the name of a set that was there is no set for it.
    expect(watch.arrivals().toSorted()).toEqual(['other/a', 'repo']);
  });

  test('a set in which one file changes is new work as a whole, once it rests', async () => {
    putSet('repo', resticFiles());
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 1);
    put(`repo/snapshots/${'cd'.repeat(32)}`, 'another');
    await watch.until(() => watch?.arrivals().length === 2);
    expect(watch.arrival('repo')?.unit.files).toBe(6);
    expect((await unitNow('repo', 'restic'))?.identity).toEqual(watch.arrival('repo')?.unit.identity);
  });

  test('what is dropped into the watched folder cannot make all of it one set', async () => {
    putSet('.', gitFiles());
    put('z', 'a file of somebody else');
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 5);
    await watch.sweeps(2);
    // Of the objects each is worth nothing without the others: those are one.
    expect(watch.arrivals().toSorted()).toEqual(['HEAD', 'config', 'objects', 'refs/heads/main', 'z']);
    expect(watch.arrival('objects')?.unit.kind).toBe('begun');
  });

  test('the volumes of one archive arrive together, and once more when one is added', async () => {
    for (const number of ['001', '002']) put(`x.7z.${number}`, 'xxxx');
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrival('x.7z.001')?.unit).toMatchObject({ kind: 'volumes', files: 2, whole: true });
    put('x.7z.003', 'xx');
    await watch.until(() => watch?.arrivals().length === 2);
    const at = await unitNow('x.7z.001', 'volumes');
    expect(at).toMatchObject({ kind: 'volumes', files: 3 });
    expect(at?.identity).toEqual(watch.arrival('x.7z.001')?.unit.identity);
  });

  test('volumes that come one after another wait for each other, and are never taken one by one', async () => {
    watch = watching(root, { volumes_ms: 8000 });
    for (const number of ['001', '002', '003']) {
      put(`x.7z.${number}`, 'xxxx');
      await watch.sweeps(4); // Each has rested long enough for any other file.
      expect(watch.arrivals()).toEqual([]);
    }
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrival('x.7z.001')?.unit).toMatchObject({ kind: 'volumes', files: 3 });
  });

  test('a volume that stays alone is handed on in the end, and says what it is', async () => {
    put('a.7z.001');
    put('b.7z.002');
    put('c.zip', zipEnd({ disk: 2 }));
    put('d.rar', RAR5_VOLUME);
    put('whole.zip', zipEnd({ disk: 0 }));
    watch = watching(root, { volumes_ms: 800 });
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrivals()).toEqual(['whole.zip']);
    await watch.until(() => watch?.arrivals().length === 5);
    for (const name of ['a.7z.001', 'b.7z.002', 'c.zip', 'd.rar']) {
      expect(watch.arrival(name)?.unit.part).toMatch(/part|volume/);
    }
    expect((await unitNow('c.zip', 'file'))?.part).toMatch(/volume/);
  });

  test('volumes of GNU tar are told by what they hold, not by their names', async () => {
    for (const [index, volume] of TAR_VOLUMES.entries()) put(`b-${index + 1}.tar`, volume);
    for (const name of ['c-1.tar', 'c-2.tar']) put(name, tarBytes([{ name: 'a', content: 'whole' }]));
    watch = watching(root);
    await watch.until(() => watch?.arrivals().length === 3);
    expect(watch.arrivals().toSorted()).toEqual(['b-1.tar', 'c-1.tar', 'c-2.tar']);
    expect(watch.arrival('b-1.tar')?.unit).toMatchObject({ kind: 'volumes', files: 2, whole: true });
    expect(watch.arrival('c-1.tar')?.unit).toMatchObject({ kind: 'file', part: null });
    expect((await unitNow('b-1.tar', 'volumes'))?.identity).toEqual(watch.arrival('b-1.tar')?.unit.identity);
    expect(await unitNow('b-2.tar', 'file')).toBeNull();
  });

  test('a lone volume of GNU tar waits for others, and says what it is', async () => {
    put('first.tar', TAR_VOLUMES[0]);
    put('later.tar', TAR_VOLUMES[1]);
    put('whole.tar', tarBytes([{ name: 'a', content: 'whole' }]));
    watch = watching(root, { volumes_ms: 800 });
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrivals()).toEqual(['whole.tar']);
    await watch.until(() => watch?.arrivals().length === 3);
    expect(watch.arrival('first.tar')?.unit.part).toMatch(/stops in the middle/);
    expect(watch.arrival('later.tar')?.unit.part).toMatch(/volume of an archive/);
  });

  test('with DISPOSITION_UNIT=folder volumes of GNU tar make their folder a whole, counted archives do not', async () => {
    for (const [index, volume] of TAR_VOLUMES.entries()) put(`one/b-${index + 1}.tar`, volume);
    for (const name of ['c-1.tar', 'c-2.tar'])
      put(`two/${name}`, tarBytes([{ name: 'a', content: 'whole' }]));
    watch = watching(root, { unit: 'folder' });
    await watch.until(() => watch?.arrivals().length === 2);
    expect(watch.arrival('one')?.unit.whole).toBe(true);
    expect(watch.arrival('two')?.unit.whole).toBe(false);
  });

  test('with DISPOSITION_UNIT=folder an empty folder is told of once, and is a unit when something comes', async () => {
    mkdirSync(join(root, 'drop/sub'), { recursive: true });
    watch = watching(root, { unit: 'folder' });
    await watch.sweeps(3);
    expect(watch.events.filter((event) => event.type === 'skipped')).toMatchObject([{ reason: 'empty' }]);
    put('drop/sub/1');
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrivals()).toEqual(['drop']);
  });

  test('with DISPOSITION_UNIT=folder a folder waits for what is called unfinished in it, and no longer than that', async () => {
    put('drop/1');
    put('drop/sub/2.part');
    watch = watching(root, { unit: 'folder' });
    await watch.sweeps(5);
    expect(watch.arrivals()).toEqual([]);
    renameSync(join(root, 'drop/sub/2.part'), join(root, 'drop/sub/2'));
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrivals()).toEqual(['drop']);
    await watch.stop();
    rmSync(join(root, 'drop'), { recursive: true });
    put('stays/x.part');
    const began = performance.now();
    watch = watching(root, { unit: 'folder', delay_ms: 1000 });
    await watch.until(() => watch?.arrivals().length === 1);
    expect(watch.arrivals()).toEqual(['stays']);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
  });

  test('with DISPOSITION_UNIT=folder a dropped folder is one, and waits for its last file', async () => {
    put('drop/1');
    put('drop/sub/2');
    put('alone');
    watch = watching(root, { unit: 'folder', settle_ms: 500 });
    const writing = setInterval(() => appendFileSync(join(root, 'drop/sub/2'), 'x'), 50);
    await watch.until(() => watch?.arrivals().length === 1);
    await watch.sweeps(2);
    expect(watch.arrivals()).toEqual(['alone']);
    clearInterval(writing);
    await watch.until(() => watch?.arrivals().length === 2);
    expect(watch.arrival('drop')?.unit).toMatchObject({ kind: 'dropped', files: 2, whole: false });
  });
});

test('files with two names are both handed on', async () => {
  put('one');
  linkSync(join(root, 'one'), join(root, 'two'));
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 2);
  expect(watch.arrivals()).toEqual(['one', 'two']);
});

test('an event makes a sweep come sooner than the interval', async () => {
  watch = watching(root, { interval_ms: 3_600_000 });
  await watch.sweeps(1);
  put('quick');
  await watch.until(() => watch?.arrivals().length === 1);
  expect(watch.arrivals()).toEqual(['quick']);
});

test('what whoever takes arrivals could not take is handed on again', async () => {
  put('a');
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 1);
  watch.folder.forget(Buffer.from(join(root, 'a')));
  await watch.until(() => watch?.arrivals().length === 2);
  expect(watch.arrivals()).toEqual(['a', 'a']);
});

test('a watched folder that is away for a while forgets nothing', async () => {
  put('a');
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 1);
  renameSync(root, `${root}-away`);
  await watch.until(() => watch?.events.some((event) => event.type === 'swept' && !event.complete) === true);
  renameSync(`${root}-away`, root);
  put('b');
  await watch.until(() => watch?.arrivals().length === 2);
  await watch.sweeps(2);
  expect(watch.arrivals()).toEqual(['a', 'b']);
});

test('10,000 files at once are all handed on, each once', async () => {
  for (let folder = 0; folder < 10; folder++) {
    mkdirSync(join(root, String(folder)));
    for (let file = 0; file < 1000; file++) writeFileSync(join(root, String(folder), String(file)), '');
  }
  watch = watching(root);
  await watch.until(() => watch?.arrivals().length === 10_000);
  await watch.sweeps(1);
  expect(new Set(watch.arrivals()).size).toBe(10_000);
  expect(watch.arrivals()).toHaveLength(10_000);
});

test('a folder that takes long to look at is looked at less often: a sweep takes a tenth of the time at most', async () => {
  for (let file = 0; file < 5000; file++) writeFileSync(join(root, String(file)), '');
  watch = watching(root, { interval_ms: 1, settle_ms: 1 });
  await watch.until(() => watch?.arrivals().length === 5000);
  // What was written just now may still have asked for one sooner.
  await watch.sweeps(1);
  const last = (): number => {
    const swept = watch?.events.findLast((event) => event.type === 'swept');
    return swept?.type === 'swept' ? swept.active_ms : 0;
  };
  const [took, since] = [last(), performance.now()];
  await watch.sweeps(1);
  expect(took).toBeGreaterThan(1);
  expect(performance.now() - since).toBeGreaterThan(took * 9);
});
