/** VMware, Virtual Disk Format 5.0, "The Disk DescriptorFile". */
export interface VmdkDescriptor {
  /** Names of the files that hold the disk, at most 100; and how many there are. */
  readonly files: readonly string[];
  readonly extents: number;
  readonly hasParent: boolean;
  /** The parts of the disk in their order, as many as there are names. */
  readonly parts: readonly VmdkExtent[];
}

/** A part of the disk, and where it lies. */
export interface VmdkExtent {
  readonly bytes: number;
  /** `FLAT`, `SPARSE`, `ZERO` … */
  readonly kind: string;
  readonly file: string;
  /** Where a flat part begins in its file. */
  readonly from: number;
}

const SECTOR = 512;

const KEPT = 100;
/** More than intake joins. */
const KEPT_PARTS = 1000;
const EXTENT =
  /^(?:RW|RDONLY|NOACCESS) +(\d{1,15}) +([A-Z0-9]{1,20})(?: +"([^"]{0,1000})"(?: +(\d{1,15}))?)?/;

export function vmdkDescriptor(text: string): VmdkDescriptor {
  const files: string[] = [];
  const parts: VmdkExtent[] = [];
  let extents = 0;
  let hasParent = false;
  for (const line of text.split(/\r?\n|\0/)) {
    const [whole, sectors, kind = '', file, from] = EXTENT.exec(line) ?? [];
    if (whole !== undefined && parts.length < KEPT_PARTS)
      parts.push({
        bytes: Number(sectors) * SECTOR,
        kind,
        file: file ?? '',
        from: Number(from ?? 0) * SECTOR,
      });
    if (file !== undefined && ++extents <= KEPT) files.push(file);
    const parent = /^parentCID=([0-9a-fA-F]{1,8})\b/.exec(line)?.[1];
    if (parent !== undefined && parent.toLowerCase() !== 'ffffffff') hasParent = true;
  }
  return { files, extents, hasParent, parts };
}
