/** By the type byte of an MBR: the common ones (util-linux, include/pt-mbr-partnames.h). */
const MBR_TYPES: Readonly<Record<number, string>> = {
  0x01: 'FAT12',
  0x04: 'FAT16',
  0x05: 'extended',
  0x06: 'FAT16',
  0x07: 'NTFS or exFAT',
  0x0b: 'FAT32',
  0x0c: 'FAT32',
  0x0e: 'FAT16',
  0x0f: 'extended',
  0x27: 'Windows recovery',
  0x42: 'Windows dynamic disk',
  0x82: 'Linux swap',
  0x83: 'Linux',
  0x85: 'extended',
  0x8e: 'Linux LVM',
  0xa5: 'FreeBSD',
  0xa6: 'OpenBSD',
  0xaf: 'HFS',
  0xee: 'GPT',
  0xef: 'EFI system',
  0xfd: 'Linux RAID',
};

export const EXTENDED: readonly number[] = [0x05, 0x0f, 0x85];
export const PROTECTIVE = 0xee;

export function mbrTypeName(type: number): string {
  return MBR_TYPES[type] ?? `type 0x${type.toString(16).padStart(2, '0')}`;
}

/** By the GUID as it is written (UEFI 2.10, 5.3.3; systemd, Discoverable Partitions). */
const GPT_TYPES: Readonly<Record<string, string>> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': 'EFI system',
  '21686148-6449-6e6f-744e-656564454649': 'BIOS boot',
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'Microsoft reserved',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7': 'Microsoft basic data',
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': 'Windows recovery',
  '0fc63daf-8483-4772-8e79-3d69d8477de4': 'Linux',
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709': 'Linux root',
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': 'Linux swap',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'Linux LVM',
  'a19d880f-05fc-4d3b-a006-743f0f84911e': 'Linux RAID',
  '48465300-0000-11aa-aa11-00306543ecac': 'HFS+',
  '7c3457ef-0000-11aa-aa11-00306543ecac': 'APFS',
};

export function gptTypeName(guid: Buffer): string {
  const parts = [
    guid.readUInt32LE(0).toString(16).padStart(8, '0'),
    guid.readUInt16LE(4).toString(16).padStart(4, '0'),
    guid.readUInt16LE(6).toString(16).padStart(4, '0'),
    guid.toString('hex', 8, 10),
    guid.toString('hex', 10, 16),
  ];
  const written = parts.join('-');
  return GPT_TYPES[written] ?? `type ${written}`;
}
