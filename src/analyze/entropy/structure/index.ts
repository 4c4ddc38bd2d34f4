import type { ByteSource } from '../../../bytes/index.ts';
import { gif, ogg, riff } from './chunks.ts';
import { samplesHold } from './film-samples.ts';
import { flac } from './flac.ts';
import { mp3 } from './frames.ts';
import { isoMedia, type FilmIndex } from './iso-media.ts';
import { jpeg } from './jpeg.ts';
import { matroska, type Declared } from './matroska.ts';
import { png } from './png.ts';
import { Walker, type Shape, type Walk } from './walk.ts';
import { webFont } from './web-font.ts';

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
  [/^image\/gif$/, gif],
  [/^video\/x-msvideo$/, riff],
  [/^(?:audio|video|application)\/ogg$/, ogg],
  [/^audio\/flac$/, flac],
  [/^audio\/mpeg$/, mp3],
];
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
   * After the last byte. `source` is read at a few hundred places of a film, `whole` is all of it where it is small; null
   * for a type that has no structure that is followed.
   */
  async close(source: ByteSource | null, whole: Buffer | null): Promise<Structure | null> {
    const font = whole === null ? null : webFont(this.#mime, whole);
    if (font !== null) return { is: font, brokenAt: null };
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
