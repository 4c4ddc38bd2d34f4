import type { Format } from '../format.ts';
import { unpackArchive } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

interface Row {
  readonly name: string;
  readonly description: string;
  readonly reference: string;
  readonly limitations?: readonly string[];
  /** 7-Zip's name of the format; null: it finds out, and opens what is inside a disk image in one step. */
  readonly type: string | null;
  readonly sparse?: true;
}

const SEVEN_ZIP = '7-Zip: https://www.7-zip.org/';
const DELETED = 'Deleted files and free space are not looked at';
const ONE_STEP =
  'With one file system inside, its files are members at once; the gaps around it are not looked at';

/** What 7-Zip opens, in a thread of its own. One line each. */
const ROWS: Readonly<Record<string, Row>> = {
  ole: {
    name: 'OLE compound file',
    description: 'Documents and installers of Microsoft before 2007: every stream.',
    reference: 'https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb/',
    type: 'compound',
    limitations: ['VBA source stays compressed within its stream'],
  },
  qcow2: {
    name: 'QCOW2',
    description: 'Disk images of QEMU.',
    reference: 'https://www.qemu.org/docs/master/interop/qcow2.html',
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Snapshots are not looked at', 'Images with a backing file are a gap'],
  },
  vmdk: {
    name: 'VMDK',
    description: 'Disk images of VMware.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Images in several files are a gap'],
  },
  vhd: {
    name: 'VHD',
    description: 'Disk images of Virtual PC.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Differencing images are a gap'],
  },
  vhdx: {
    name: 'VHDX',
    description: 'Disk images of Hyper-V.',
    reference: 'https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/',
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Differencing images are a gap'],
  },
  vdi: {
    name: 'VDI',
    description: 'Disk images of VirtualBox.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Snapshots are not looked at'],
  },
  mbr: {
    name: 'Disk with MBR',
    description: 'A raw disk: its partitions.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP],
  },
  gpt: {
    name: 'Disk with GPT',
    description: 'A raw disk: its partitions.',
    reference: 'https://uefi.org/specifications',
    type: null,
    sparse: true,
    limitations: [ONE_STEP],
  },
};

export const sevenZipArchives: readonly Format[] = Object.entries(ROWS).map(([id, row]) => ({
  id,
  access: 'random',
  doc: {
    name: row.name,
    description: row.description,
    references: [row.reference],
    limitations: row.limitations ?? [],
  },
  ...(row.sparse === true ? { sparse: true } : {}),
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await unpackArchive(source, row.type, sink, context);
  },
}));
