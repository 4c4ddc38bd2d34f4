// needs: 7zip lz4 lzip zip zstd xz-utils bzip2 qemu-utils squashfs-tools e2fsprogs dosfstools genisoimage cpio binutils
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HEAD_BYTES, Identifier, TAIL_BYTES } from '../src/identify/index.ts';
import type { ContentType } from '../src/domain/index.ts';
import { TYPES } from '../src/identify/types.ts';
import { FORMATS } from '../src/unpack/index.ts';

let folder = '';
let identifier: Identifier;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backuplens-identify-'));
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree', 'a.txt'), 'one line of text\n'.repeat(2000));
  writeFileSync(join(folder, 'tree', 'b.txt'), 'another line\n');
  identifier = await Identifier.create();
});
afterAll(() => {
  identifier.close();
  rmSync(folder, { recursive: true, force: true });
});

const shell = (command: string): void => {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  execFileSync('sh', ['-ec', command], { cwd: folder, env, stdio: 'pipe' });
};

function identify(name: string): ContentType {
  const bytes = readFileSync(join(folder, name));
  const tail = bytes.length > HEAD_BYTES ? bytes.subarray(-TAIL_BYTES) : null;
  return identifier.identify({ head: bytes.subarray(0, HEAD_BYTES), tail, size: bytes.length, name });
}

test('every container that a type names is one that is opened', () => {
  const ids = new Set(FORMATS.map(({ id }) => id));
  const named = [...TYPES.values()].flatMap(({ container }) => container ?? []);
  expect(named.filter((id) => !ids.has(id))).toEqual([]);
});

/** What each real tool writes: file, command, MIME type, container. */
const MADE: readonly (readonly [file: string, command: string, mime: string, container: string | null])[] = [
  ['t.tar', 'tar -cf t.tar tree', 'application/x-tar', 'tar'],
  ['v7.tar', 'tar --format=v7 -cf v7.tar tree', 'application/x-tar', 'tar'],
  ['pax.tar', 'tar --format=pax -cf pax.tar tree', 'application/x-tar', 'tar'],
  ['t.gz', 'gzip -c tree/a.txt > t.gz', 'application/gzip', 'gzip'],
  ['t.tgz', 'tar -czf t.tgz tree', 'application/gzip', 'gzip'],
  ['t.bz2', 'bzip2 -c tree/a.txt > t.bz2', 'application/x-bzip2', 'bzip2'],
  ['t.xz', 'xz -c tree/a.txt > t.xz', 'application/x-xz', 'xz'],
  ['t.lzma', 'xz --format=lzma -c tree/a.txt > t.lzma', 'application/x-lzma', 'lzma'],
  ['t.zst', 'zstd -q tree/a.txt -o t.zst', 'application/zstd', 'zstd'],
  ['t.lz4', 'lz4 -q tree/a.txt t.lz4', 'application/x-lz4', 'lz4'],
  ['l.lz4', 'lz4 -q -l tree/a.txt l.lz4', 'application/x-lz4', 'lz4'],
  ['t.lz', 'lzip -c tree/a.txt > t.lz', 'application/x-lzip', 'lzip'],
  ['t.zip', 'zip -qr t.zip tree', 'application/zip', 'zip'],
  ['s.zip', 'zip -q - - < tree/a.txt > s.zip', 'application/zip', 'zip'],
  ['t.7z', '7zz a t.7z tree', 'application/x-7z-compressed', '7z'],
  ['t.cpio', 'find tree | cpio -o -H newc > t.cpio', 'application/x-cpio', 'cpio'],
  ['o.cpio', 'find tree | cpio -o -H odc > o.cpio', 'application/x-cpio', 'cpio'],
  ['b.cpio', 'find tree | cpio -o -H bin > b.cpio', 'application/x-cpio', 'cpio'],
  ['t.a', 'ar rc t.a tree/a.txt', 'application/x-archive', 'ar'],
  ['t.sqfs', 'mksquashfs tree t.sqfs -quiet', 'application/vnd.squashfs', 'squashfs'],
  ['ext4.img', 'truncate -s 2M ext4.img; mkfs.ext4 -q ext4.img', 'application/x-ext-image', 'ext'],
  ['ext2.img', 'truncate -s 1M ext2.img; mkfs.ext2 -q ext2.img', 'application/x-ext-image', 'ext'],
  ['fat.img', 'truncate -s 2M fat.img; mkfs.vfat fat.img', 'application/x-fat-image', 'fat'],
  ['fat32.img', 'truncate -s 40M fat32.img; mkfs.vfat -F 32 fat32.img', 'application/x-fat-image', 'fat'],
  ['t.iso', 'genisoimage -quiet -o t.iso tree', 'application/x-iso9660-image', 'iso'],
  ['t.qcow2', 'qemu-img create -q -f qcow2 t.qcow2 1M', 'application/x-qemu-disk', 'qcow2'],
  ['t.vmdk', 'qemu-img create -q -f vmdk t.vmdk 1M', 'application/x-vmdk-disk', 'vmdk'],
  ['t.vdi', 'qemu-img create -q -f vdi t.vdi 1M', 'application/x-vdi-disk', 'vdi'],
  ['t.vhdx', 'qemu-img create -q -f vhdx t.vhdx 1M', 'application/x-vhdx-disk', 'vhdx'],
  ['t.vhd', 'qemu-img create -q -f vpc t.vhd 1M', 'application/x-vhd-disk', 'vhd'],
  ['f.vhd', 'qemu-img create -q -f vpc -o subformat=fixed f.vhd 1M', 'application/x-vhd-disk', 'vhd'],
  [
    'flat.vmdk',
    'qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 1M',
    'application/x-vmdk-descriptor',
    'vmdk',
  ],
];

describe('what real tools write', () => {
  test.each(MADE)('%s is told by its content', (file, command, mime, container) => {
    shell(command);
    const type = identify(file);
    expect(type).toMatchObject({ mime, container, contradiction: null });
    expect(type.density).toBe(TYPES.get(mime)?.density);
  });

  test('a program with a zip appended by cat is the program, and opens as a zip', () => {
    shell('zip -qr sfx.zip tree; cat "$(readlink -f /bin/sh)" sfx.zip > sfx');
    expect(identify('sfx')).toMatchObject({ mime: 'application/x-sharedlib', container: 'zip' });
  });

  test('a real file cut anywhere in its first bytes is identified without a throw', () => {
    for (const [file] of MADE) {
      const bytes = readFileSync(join(folder, file));
      for (let size = 1; size < Math.min(bytes.length, 2048); size += 37) {
        const type = identifier.identify({ head: bytes.subarray(0, size), tail: null, size, name: file });
        expect(type.mime).not.toBe('');
      }
    }
  });

  test('files in the middle of being written are not called contradictions', () => {
    writeFileSync(join(folder, 'film.mp4'), '');
    truncateSync(join(folder, 'film.mp4'), 1 << 20);
    expect(statSync(join(folder, 'film.mp4')).size).toBe(1 << 20);
    expect(identify('film.mp4').contradiction).toBeNull();
  });
});

describe('as a program', () => {
  test('a program that used libmagic ends by itself', () => {
    const script = `
      import { Identifier } from ${JSON.stringify(new URL('../src/identify/index.ts', import.meta.url).href)};
      const identifier = await Identifier.create();
      const head = Buffer.from("\\x93NUMPY\\x01\\x00v\\x00{'descr': '<f8'}", 'latin1');
      process.stdout.write(identifier.identify({ head, tail: null, size: head.length, name: 'x' }).mime);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(out).toBe('application/x-numpy-data');
  });
});
