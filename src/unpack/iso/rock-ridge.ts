import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';

/** What Rock Ridge (IEEE P1282 on SUSP, IEEE P1281) says of one directory record. */
export interface RockRidge {
  /** The POSIX name, in bytes; null: the record's own stands. */
  name: Buffer | null;
  /** Set for a symbolic link: where it leads. */
  target: Buffer | null;
  /** Of st_mode; null when it does not say. */
  mode: number | null;
  /** Block of a folder that was moved up because it lay too deep. */
  childBlock: number | null;
  /** This folder was moved here from further below, and is shown there. */
  moved: boolean;
  /** It is stored compressed: size when unpacked, or the reason why nobody here unpacks it. */
  zisofs: { readonly size: number } | 'unsupported' | null;
}

/** Continuations followed for one record, bytes of one of them, and bytes of a name or target. */
const MAX_CONTINUATIONS = 16;
const MAX_CONTINUATION_BYTES = 16 * 1024;
const MAX_NAME_BYTES = 64 * 1024;

/** Reads the fields behind a record's name. */
export class RockRidgeReader {
  readonly #source: ByteSource;
  readonly #ledger: ByteLedger;
  readonly #blockBytes: number;
  /** Bytes before the first field of every record: LEN_SKP of the SP field. */
  readonly #skipped: number;

  constructor(source: ByteSource, ledger: ByteLedger, blockBytes: number, skipped: number) {
    this.#source = source;
    this.#ledger = ledger;
    this.#blockBytes = blockBytes;
    this.#skipped = skipped;
  }

  async read(systemUse: Buffer): Promise<RockRidge> {
    const found = new Fields();
    let area: Buffer | null = systemUse.subarray(this.#skipped);
    for (let hops = 0; area !== null && hops < MAX_CONTINUATIONS; hops++) {
      const next = found.take(area);
      area = next === null ? null : await this.#continuation(next);
    }
    return found.result();
  }

  async #continuation({ block, offset, length }: Continuation): Promise<Buffer> {
    const start = block * this.#blockBytes + offset;
    const area = Buffer.alloc(Math.min(length, MAX_CONTINUATION_BYTES));
    const got = await this.#source.readAt(area, start);
    this.#ledger.claim(start, start + got);
    return area.subarray(0, got);
  }
}

interface Continuation {
  readonly block: number;
  readonly offset: number;
  readonly length: number;
}

class Fields {
  readonly #name: Buffer[] = [];
  readonly #target: Buffer[] = [];
  #nameBytes = 0;
  #isLink = false;
  #componentGoesOn = false;
  #mode: number | null = null;
  #childBlock: number | null = null;
  #moved = false;
  #zisofs: RockRidge['zisofs'] = null;

  /** Reads one area; returns where it goes on. */
  take(area: Buffer): Continuation | null {
    let next: Continuation | null = null;
    for (let at = 0; at + 4 <= area.length;) {
      const length = area.readUInt8(at + 2);
      if (length < 4 || at + length > area.length) break;
      const field = area.subarray(at, at + length);
      const kind = field.toString('latin1', 0, 2);
      if (kind === 'ST') break;
      if (kind === 'CE' && length >= 28) {
        const [block, offset, size] = [field.readUInt32LE(4), field.readUInt32LE(12), field.readUInt32LE(20)];
        next = { block, offset, length: size };
      } else this.#field(kind, field);
      at += length;
    }
    return next;
  }

  result(): RockRidge {
    return {
      name: this.#name.length === 0 ? null : Buffer.concat(this.#name),
      target: this.#isLink ? Buffer.concat(this.#target) : null,
      mode: this.#mode,
      childBlock: this.#childBlock,
      moved: this.#moved,
      zisofs: this.#zisofs,
    };
  }

  #field(kind: string, field: Buffer): void {
    if (kind === 'NM' && field.length >= 5) {
      const special = (field.readUInt8(4) & 6) !== 0;
      if (!special) this.#keep(this.#name, field.subarray(5));
    } else if (kind === 'SL' && field.length >= 5) this.#link(field.subarray(5));
    else if (kind === 'PX' && field.length >= 12) this.#mode = field.readUInt32LE(4);
    else if (kind === 'CL' && field.length >= 12) this.#childBlock = field.readUInt32LE(4);
    else if (kind === 'RE') this.#moved = true;
    else if (kind === 'ZF' && field.length >= 16) {
      const known = field.toString('latin1', 4, 6) === 'pz';
      this.#zisofs = known ? { size: field.readUInt32LE(8) } : 'unsupported';
    }
  }

  #link(components: Buffer): void {
    this.#isLink = true;
    for (let at = 0; at + 2 <= components.length;) {
      const flags = components.readUInt8(at);
      const length = components.readUInt8(at + 1);
      const text = componentText(flags, components.subarray(at + 2, at + 2 + length));
      const begun = this.#target.length > 0 && !this.#componentGoesOn;
      if (begun && !this.#target.at(-1)?.equals(SLASH)) this.#keep(this.#target, SLASH);
      this.#keep(this.#target, text);
      this.#componentGoesOn = (flags & 1) !== 0;
      at += 2 + length;
    }
  }

  #keep(parts: Buffer[], bytes: Buffer): void {
    this.#nameBytes += bytes.length;
    if (this.#nameBytes <= MAX_NAME_BYTES) parts.push(Buffer.from(bytes));
  }
}

const SLASH = Buffer.from('/');

function componentText(flags: number, content: Buffer): Buffer {
  if ((flags & 2) !== 0) return Buffer.from('.');
  if ((flags & 4) !== 0) return Buffer.from('..');
  return (flags & 8) !== 0 ? SLASH : content;
}

/** LEN_SKP, if the first record of the root folder says that System Use Sharing is in use; else null. */
export function sharedFieldsSkip(systemUse: Buffer): number | null {
  // Within CD-ROM XA the field comes behind 14 bytes of its own (SUSP 1.12, 5.3).
  for (const at of [0, 14]) {
    const field = systemUse.subarray(at, at + 7);
    if (field.length === 7 && field.toString('latin1', 0, 2) === 'SP' && field.readUInt16BE(4) === 0xbeef)
      return field.readUInt8(6);
  }
  return null;
}
