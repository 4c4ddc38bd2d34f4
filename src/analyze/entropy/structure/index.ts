import { MemorySource, type ByteSource } from '../../../bytes/index.ts';
import { beam, ogg, riff } from './chunks.ts';
import { samplesHold } from './film-samples.ts';
import { elf } from './elf.ts';
import { flac } from './flac.ts';
import { gsm, mp3 } from './frames.ts';
import { gif } from './gif.ts';
import { isoMedia, type FilmIndex } from './iso-media.ts';
import { jpeg } from './jpeg.ts';
import { matlab } from './matlab.ts';
import { matroska, type Declared } from './matroska.ts';
import { png } from './png.ts';
import { tiff } from './tiff.ts';
import { clearType1, type1 } from './type1.ts';
import { Walker, type Shape, type Walk } from './walk.ts';
import { woff, woff2 } from './web-font.ts';
import { webp } from './webp.ts';

export type { Shape } from './walk.ts';

/** What became of a type's own structure. */
export interface Structure {
  readonly is: Shape;
  /** In bytes; null where there is no one place, and where it did not break. */
  readonly brokenAt: number | null;
}

const WALKS: readonly (readonly [mimes: RegExp, walk: () => Walk])[] = [
  [/^image\/png$/, png],
  [/^image\/jpeg$/, jpeg],
  [/^video\/x-msvideo$/, riff],
  [/^(?:audio|video|application)\/ogg$/, ogg],
  [/^audio\/flac$/, flac],
  [/^audio\/mpeg$/, mp3],
  [/^audio\/x-gsm$/, gsm],
  [/^application\/x-erlang-beam$/, beam],
];
/** In bytes: what is decoded as a whole. Of larger ones nothing is said. */
const MOST_DECODED = 8 * 1024 * 1024;
/** What is not followed as it goes by, but decoded afterwards. */
const DECODERS: ReadonlyMap<string, (source: ByteSource) => Promise<Shape | null>> = new Map([
  ['font/woff', wholly(woff)],
  ['font/woff2', wholly(woff2)],
  ['application/x-font-type1', wholly(type1)],
  ['application/postscript', wholly(clearType1)],
  ['application/x-matlab-data', wholly(matlab)],
  ['image/gif', wholly(gif)],
  ['image/webp', wholly(webp)],
  ['image/tiff', tiff],
  ['application/x-object', elf],
  ['application/x-executable', elf],
  ['application/x-sharedlib', elf],
]);

function wholly(decode: (bytes: Buffer) => Shape | null): (source: ByteSource) => Promise<Shape | null> {
  return async (source) => {
    if (source.size > MOST_DECODED) return null;
    const bytes = source.bytes ?? Buffer.alloc(source.size);
    if (source.bytes === null && (await source.readAt(bytes, 0)) < bytes.length) return null;
    return decode(bytes);
  };
}

const MATROSKA = /^video\/(?:x-matroska|webm)$/;
const FILM = /^(?:video\/(?:mp4|quicktime|3gpp)|audio\/mp4|image\/(?:heic|heif|avif))$/;

/** Follows the structure of one artifact whose type has one that can be followed. */
export class StructureCheck {
  readonly #mime: string;
  readonly #walker: Walker | null;
  readonly #index: FilmIndex = { at: 0, bytes: 0 };
  readonly #declared: Declared = { end: 0 };
  #bytes = 0;

  constructor(mime: string) {
    this.#mime = mime;
    const walk = this.#walkOf(mime);
    this.#walker = walk === undefined ? null : new Walker(walk);
  }

  #walkOf(mime: string): Walk | undefined {
    if (FILM.test(mime)) return isoMedia(this.#index);
    if (MATROSKA.test(mime)) return matroska(this.#declared);
    return WALKS.find(([mimes]) => mimes.test(mime))?.[1]();
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#walker?.add(chunk);
  }

  /**
   * After the last byte. `source` is read at a few hundred places of a film, and read again of what is decoded; `whole` is
   * all of it where it is small. null for a type that has no structure that is followed, and for what only streamed past.
   */
  async close(source: ByteSource | null, whole: Buffer | null): Promise<Structure | null> {
    const decode = DECODERS.get(this.#mime);
    if (decode !== undefined) {
      const bytes = whole === null ? source : new MemorySource(whole);
      const shape = bytes === null ? null : await decode(bytes);
      return shape === null ? null : { is: shape, brokenAt: null };
    }
    if (this.#walker === null) return null;
    const structure = { is: this.#walker.close(), brokenAt: this.#walker.brokenAt };
    const { end } = this.#declared;
    // All of it is there, so it is not cut: a size within it is noise.
    if (structure.is === 'cut' && end > 0 && this.#bytes >= end) return { is: 'broken', brokenAt: null };
    if (structure.is !== 'holds' || !FILM.test(this.#mime)) return structure;
    // Boxes alone prove nothing of what is in them.
    if (source === null || this.#index.bytes === 0) return null;
    const hold = await samplesHold(source, this.#index);
    return hold === null ? null : { is: hold ? 'holds' : 'broken', brokenAt: null };
  }
}
