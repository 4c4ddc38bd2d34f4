import type { Scratch, ScratchFile } from '../../bytes/index.ts';
import type { OpenFile } from './scanner-client.ts';
import { OVERLAP_BYTES, WINDOW_BYTES } from './windows.ts';

const FULL_BYTES = WINDOW_BYTES + OVERLAP_BYTES;

/** One window of a stream, in one scratch file that is written over again and again. */
export class Spill {
  readonly #file: ScratchFile;
  /** Where in the stream the file begins. */
  base = 0;
  /** Bytes in the file. */
  length = 0;
  /** Of these, not scanned yet. */
  fresh = 0;

  private constructor(file: ScratchFile) {
    this.#file = file;
  }

  static async create(scratch: Scratch): Promise<Spill> {
    return new Spill(await scratch.file());
  }

  get full(): boolean {
    return this.length === FULL_BYTES;
  }

  /** Appends what fits and resolves to how much that was. */
  async write(bytes: Buffer): Promise<number> {
    const fits = bytes.subarray(0, FULL_BYTES - this.length);
    for (let done = 0; done < fits.length;) {
      const { bytesWritten } = await this.#file.handle.write(
        fits,
        done,
        fits.length - done,
        this.length + done,
      );
      done += bytesWritten;
    }
    this.length += fits.length;
    this.fresh += fits.length;
    return fits.length;
  }

  /** After a full window was scanned: its end becomes the beginning of the next. */
  async slide(): Promise<void> {
    const { handle } = this.#file;
    const overlap = Buffer.allocUnsafe(OVERLAP_BYTES);
    for (let got = 0; got < overlap.length;) {
      const { bytesRead } = await handle.read(overlap, got, overlap.length - got, WINDOW_BYTES + got);
      if (bytesRead === 0) throw new Error('the scratch file became shorter');
      got += bytesRead;
    }
    await handle.truncate(0);
    this.length = 0;
    await this.write(overlap);
    this.base += WINDOW_BYTES;
    this.fresh = 0;
  }

  async openFile(): Promise<OpenFile> {
    const { fd } = this.#file.handle;
    const { dev, ino, size } = await this.#file.handle.stat({ bigint: true });
    return { fd, dev, ino, size: Number(size) };
  }

  async remove(): Promise<void> {
    await this.#file.remove();
  }
}
