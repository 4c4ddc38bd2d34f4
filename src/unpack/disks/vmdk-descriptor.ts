/** VMware, Virtual Disk Format 5.0, "The Disk DescriptorFile". */
export interface VmdkDescriptor {
  /** Names of the files that hold the disk, at most 100; and how many there are. */
  readonly files: readonly string[];
  readonly extents: number;
  readonly hasParent: boolean;
}

const KEPT = 100;
const EXTENT = /^(?:RW|RDONLY|NOACCESS) +\d+ +[A-Z0-9]+ +"([^"]{0,1000})"/;

export function vmdkDescriptor(text: string): VmdkDescriptor {
  const files: string[] = [];
  let extents = 0;
  let hasParent = false;
  for (const line of text.split(/\r?\n|\0/)) {
    const file = EXTENT.exec(line)?.[1];
    if (file !== undefined && ++extents <= KEPT) files.push(file);
    const parent = /^parentCID=([0-9a-fA-F]{1,8})\b/.exec(line)?.[1];
    if (parent !== undefined && parent.toLowerCase() !== 'ffffffff') hasParent = true;
  }
  return { files, extents, hasParent };
}
