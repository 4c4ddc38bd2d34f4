import type { ByteSource } from '../bytes/index.ts';
import type { PaxRecord } from './tar-extension.ts';
import { volumeHead, type Continued, type VolumeHead } from './tar-volume-head.ts';

/** The member that is being read. Places are counted in the bytes that came out of the volumes. */
interface Open {
  readonly name: Buffer;
  /** With its holes; null: its map is still to be read. */
  readonly realSize: number | null;
  /** Where its stored bytes end. */
  readonly end: number;
}

/** A volume that does not go on with what the one before it ends in. */
export interface Break {
  /** From 0. */
  readonly volume: number;
  readonly detail: string;
}

/**
 * The volumes of one archive as one stream: what each of them begins with, so that it could be read by itself, is left out where it
 * says what is so. Ends before a volume that says something else; then `broken` tells why.
 */
export class TarVolumes {
  readonly #volumes: readonly ByteSource[];
  readonly #from: number;
  /** Bytes that were given. */
  #given = 0;
  #open: Open | null = null;
  #records: PaxRecord[] = [];
  broken: Break | null = null;

  constructor(volumes: readonly ByteSource[], from: number) {
    this.#volumes = volumes;
    this.#from = from;
  }

  /** What is read from here on is the content of that member. */
  enter(member: Open): void {
    this.#open = member;
  }

  /** Records that stood within the member: nobody reads them, so they may hold anything. */
  leave(): readonly PaxRecord[] {
    this.#open = null;
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** To be read by a ByteReader: whether a member goes on is asked when its last byte of a volume has been taken. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let index = this.#from; index < this.#volumes.length; index++) {
      const volume = this.#volumes[index];
      if (volume === undefined) return;
      const start = index === this.#from ? 0 : this.#startOf(await volumeHead(volume), index);
      if (start === null) return;
      for await (const chunk of volume.stream(start)) {
        this.#given += chunk.length;
        yield chunk;
      }
    }
  }

  /** Where the archive goes on in a volume; null: it does not. */
  #startOf({ behindLabel, continued }: VolumeHead, index: number): number | null {
    const open = this.#open;
    const left = open === null ? 0 : open.end - this.#given;
    if (open === null || left <= 0) {
      // GNU tar also announces files that ended with the volume before, or whose headers only follow.
      const announced = continued !== null && (continued.left === 0 || continued.before === 0);
      return announced ? continued.at : behindLabel;
    }
    const wrong = contradiction(open, left, continued);
    if (continued !== null && wrong === null) {
      this.#records.push(...continued.records);
      return continued.at;
    }
    this.broken = { volume: index, detail: `volume ${index + 1} does not continue ${wrong}` };
    return null;
  }
}

/** Why a volume's head is not about the rest of that member; null: it is. */
function contradiction(open: Open, left: number, continued: Continued | null): string | null {
  if (continued === null) return `the member that the one before ends in: ${left} bytes of it are missing`;
  const { name, nameMayBeCut, before } = continued;
  const isSame = nameMayBeCut ? name.equals(open.name.subarray(0, name.length)) : name.equals(open.name);
  if (!isSame) return 'the member that the one before ends in, but another one';
  if (continued.left !== left)
    return `what the one before ends in: ${continued.left} bytes are to follow, but ${left} are missing`;
  const expected = open.realSize === null ? before : open.realSize - left;
  if (before !== expected)
    return `what the one before ends in: it goes on at ${before}, and ${expected} bytes are there`;
  return null;
}
