import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dmgBytes } from '../dmg-bytes.ts';
import { tool } from '../tool.ts';
import { MARKER, MIB, NO_ENCRYPTION, writes, type Maker, type Makers } from './maker.ts';

const SECTOR = 2048;
type Made = Pick<Maker, 'tools' | 'make' | 'inner'>;
/** An ext4 image of 4 MiB that is then turned into a disk image. */
function diskImage(kind: string): Made {
  return {
    tools: ['mkfs.ext4', 'qemu-img'],
    make(folder) {
      ext4(folder);
      tool(folder, 'qemu-img', ['convert', '-f', 'raw', '-O', kind, 'disk', 'image']);
      return readFileSync(join(folder, 'image'));
    },
    inner: ['ext'],
  };
}

function ext4(folder: string): void {
  mkdirSync(join(folder, 'root'), { recursive: true });
  writeFileSync(join(folder, 'root', MARKER), readFileSync(join(folder, MARKER)));
  tool(folder, 'mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', 'root', 'disk', '4M']);
}

/** A disk of 8 MiB with the ext4 image as its one partition, at 1 MiB. */
function partitioned(name: string, args: readonly string[], input?: string): Made {
  return {
    tools: ['mkfs.ext4', name],
    make(folder) {
      ext4(folder);
      const disk = Buffer.alloc(8 * MIB);
      readFileSync(join(folder, 'disk')).copy(disk, MIB);
      writeFileSync(join(folder, 'whole'), disk);
      tool(folder, name, [...args, 'whole'], Buffer.from(input ?? ''));
      return readFileSync(join(folder, 'whole'));
    },
    inner: ['ext'],
  };
}

/** Nobody makes UDF alone with files in it: the descriptors of ISO 9660 before those of UDF are taken out. */
function withoutIso(image: Buffer): Buffer {
  const first = image.indexOf('BEA01') - 1;
  image.copy(image, 16 * SECTOR, first, first + 3 * SECTOR);
  return image.fill(0, 19 * SECTOR, first + 3 * SECTOR);
}

/** On a busy machine qemu-img cannot always measure how fast it derives keys, and gives up. */
function patiently(run: () => void): void {
  for (let tries = 0; ; tries++) {
    try {
      return run();
    } catch (error) {
      if (tries === 10 || !String(error).includes('accurate CPU usage')) throw error;
    }
  }
}

/** File systems and disk images. */
export const DISKS: Makers = {
  iso: {
    ...writes('genisoimage', ['-quiet', '-R', '-J', '-o', 'a.iso', MARKER], 'a.iso'),
    encrypted: NO_ENCRYPTION,
  },
  udf: {
    tools: ['genisoimage'],
    make(folder) {
      tool(folder, 'genisoimage', ['-quiet', '-udf', '-o', 'a.udf', MARKER]);
      return withoutIso(readFileSync(join(folder, 'a.udf')));
    },
    cut: { na: 'its last tenth is padding behind the partition, which nothing in it announces' },
    encrypted: NO_ENCRYPTION,
  },
  dmg: {
    tools: ['mkfs.ext4'],
    make(folder) {
      ext4(folder);
      return dmgBytes([{ name: 'disk image (Linux : 1)', bytes: readFileSync(join(folder, 'disk')) }]);
    },
    inner: ['ext'],
    encrypted: { untested: 'no maker in Debian' },
    cut: { na: 'what tells it is its last block: without that it is data of no known type' },
  },
  ext: {
    tools: ['mkfs.ext4'],
    make(folder) {
      ext4(folder);
      return readFileSync(join(folder, 'disk'));
    },
    encrypted: { untested: 'fscrypt needs a mounted file system' },
  },
  fat: {
    tools: ['mkfs.vfat', 'mcopy'],
    make(folder) {
      writeFileSync(join(folder, 'fat'), Buffer.alloc(2 * MIB));
      tool(folder, 'mkfs.vfat', ['fat']);
      tool(folder, 'mcopy', ['-i', 'fat', MARKER, `::${MARKER}`]);
      return readFileSync(join(folder, 'fat'));
    },
    encrypted: NO_ENCRYPTION,
  },
  ntfs: {
    tools: ['mkntfs', 'ntfscp'],
    make(folder) {
      writeFileSync(join(folder, 'ntfs'), Buffer.alloc(8 * MIB));
      tool(folder, 'mkntfs', ['-F', '-q', '-Q', 'ntfs']);
      tool(folder, 'ntfscp', ['-f', 'ntfs', MARKER, MARKER]);
      return readFileSync(join(folder, 'ntfs'));
    },
    encrypted: { untested: 'no maker of NTFS with EFS in Debian' },
  },
  squashfs: {
    ...writes('mksquashfs', [MARKER, 'a.squash', '-quiet', '-no-progress'], 'a.squash'),
    encrypted: NO_ENCRYPTION,
  },
  qcow2: {
    ...diskImage('qcow2'),
    encrypted: {
      tools: ['mkfs.ext4', 'qemu-img'],
      make(folder, password) {
        ext4(folder);
        const secret = ['--object', `secret,id=s,data=${password}`];
        const options = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10';
        const args = ['convert', ...secret, '-O', 'qcow2', '-o', options, 'disk', 'locked'];
        patiently(() => tool(folder, 'qemu-img', args));
        return readFileSync(join(folder, 'locked'));
      },
    },
  },
  vmdk: { ...diskImage('vmdk'), encrypted: NO_ENCRYPTION },
  vhd: { ...diskImage('vpc'), encrypted: NO_ENCRYPTION },
  vhdx: {
    ...diskImage('vhdx'),
    encrypted: NO_ENCRYPTION,
    cut: { na: 'its last block reaches beyond the end of the disk' },
  },
  vdi: { ...diskImage('vdi'), encrypted: NO_ENCRYPTION },
  mbr: {
    ...partitioned('sfdisk', ['-q'], 'start=1MiB,size=4MiB,type=83\n'),
    encrypted: NO_ENCRYPTION,
    cut: { na: 'nothing says how large the disk is behind its last partition' },
  },
  gpt: { ...partitioned('sgdisk', ['-n', '1:2048:+4M', '-t', '1:8300']), encrypted: NO_ENCRYPTION },
  lvm: { untested: 'no maker that does without the device mapper' },
  hfs: { untested: 'no maker of HFS+ in Debian main' },
  apfs: { untested: 'no maker in Debian that writes files into it' },
};
