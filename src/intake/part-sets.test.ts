import { expect, test } from 'vitest';
import type { Met } from './met.ts';
import { partName } from './part-name.ts';
import { laterPart, partSets } from './part-sets.ts';

/** Files met in that order, `path` or `path size`, and what comes of them. */
async function grouped(...paths: string[]): Promise<string[]> {
  async function* all(): AsyncGenerator<Met, void, undefined> {
    for (const each of paths) {
      const [name = '', size = '10'] = each.split(' ');
      yield { type: 'file', path: Buffer.from(`/b/${name}`), display: name, size: Number(size) };
    }
  }
  const seen: string[] = [];
  for await (const met of partSets(all())) {
    if (met.type === 'set') seen.push(met.parts.map(({ display }) => display).join('+'));
    else if (met.type === 'file')
      seen.push(`${met.display}${met.part === undefined ? '' : ` (${met.part})`}`);
  }
  return seen;
}

test('parts are joined once their folder is done, in the order of their numbers', async () => {
  expect(await grouped('x.7z.001', 'x.7z.001.md5', 'x.7z.002', 'y/z', 'z')).toEqual([
    'x.7z.001.md5',
    'y/z',
    'z',
    'x.7z.001+x.7z.002',
  ]);
  expect(await grouped('a/x.z01', 'a/x.z02', 'a/x.zip', 'b')).toEqual(['a/x.z01+a/x.z02+a/x.zip', 'b']);
  expect(await grouped('x.zip.002', 'x.zip.001')).toEqual(['x.zip.001+x.zip.002']);
  expect(await grouped('xaa', 'xab 4', 'xylophone')).toEqual(['xylophone', 'xaa+xab']);
});

test('what lies in another folder, or is of another name, is no part of it', async () => {
  expect(await grouped('a/x.z01', 'b/x.z02', 'b/x.zip')).toEqual([
    expect.stringContaining('missing: the last'),
    expect.stringContaining('b/x.z02 (a part of a split archive, by its name; missing: 1'),
    expect.stringContaining('b/x.zip (a part'),
  ]);
  expect(await grouped('x.zip', 'y.rar', 'z.7z.001', 'read.me', 'lib.so')).toHaveLength(5);
});

test('files that are only counted are joined when all but the last are of one size, and never a gap', async () => {
  expect(await grouped('x.001', 'x.002', 'x.003 3')).toEqual(['x.001+x.002+x.003']);
  expect(await grouped('x.001', 'x.002 5', 'x.003 3')).toEqual(['x.001', 'x.002', 'x.003']);
  expect(await grouped('x.001', 'x.003')).toEqual(['x.001', 'x.003']);
  expect(await grouped('log.002', 'log.003')).toEqual(['log.002', 'log.003']);
});

test('volumes of RAR, the files of a VMware disk and split images of Windows are joined by their names', async () => {
  expect(await grouped('x.part1.rar', 'x.part2.rar', 'y.r00', 'y.rar 5')).toEqual([
    'x.part1.rar+x.part2.rar',
    'y.rar+y.r00',
  ]);
  expect(await grouped('d-s001.vmdk', 'd-s002.vmdk 5', 'd.vmdk', 'e-flat.vmdk', 'e.vmdk')).toEqual([
    'd.vmdk+d-s001.vmdk+d-s002.vmdk',
    'e.vmdk+e-flat.vmdk',
  ]);
  expect(await grouped('x.swm', 'x2.swm 3')).toEqual(['x.swm+x2.swm']);
  expect(await grouped('a.vmdk', 'b.rar', 'c-flat.vmdk', 'd.swm', 'e7.swm')).toHaveLength(5);
  expect(await grouped('d-s002.vmdk')).toEqual([expect.stringContaining('missing: 1, 2')]);
});

test('what is called like volumes of tar is held as long as its run of names goes on, and stays in its place', async () => {
  expect(
    await grouped('a.tar', 'a.tar.gz', 'b', 'b1.tar', 'b10.tar', 'b2.tar', 'c', 'vol1', 'vol2', 'x'),
  ).toEqual(['a.tar.gz', 'a.tar', 'b', 'b1.tar', 'b10.tar', 'b2.tar', 'c', 'vol1', 'vol2', 'x']);
  expect(await grouped('a/d1.tar', 'a/d1.tar-2', 'b/d3.tar')).toEqual(['a/d1.tar', 'a/d1.tar-2', 'b/d3.tar']);
});

test('the same part twice is as odd as one that is missing', async () => {
  const seen = await grouped('x.7z.001', 'x.7z.001', 'x.7z.002');
  expect(seen.every((line) => line.includes('same number'))).toBe(true);
  expect(seen).toHaveLength(3);
});

test('more parts than are opened at once are a gap, and no more are held back than bounded', async () => {
  const many = Array.from({ length: 501 }, (_, i) => `x.7z.${String(i + 1).padStart(3, '0')}`);
  expect((await grouped(...many)).filter((line) => line.includes('more than 500 parts'))).toHaveLength(501);
  const lone = Array.from({ length: 20_001 }, (_, i) => `${i}.001`);
  expect(await grouped(...lone)).toEqual(lone);
});

test('names that are made to cost time are looked at in no time', () => {
  const started = performance.now();
  for (const name of ['.'.repeat(1000), 'a.part'.repeat(150), `${'1'.repeat(1000)}.001`, 'x'.repeat(1e6)]) {
    partName(name);
    laterPart(name);
  }
  expect(performance.now() - started).toBeLessThan(500);
});
