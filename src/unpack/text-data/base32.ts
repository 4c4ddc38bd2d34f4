/** RFC 4648, 6: five bits a character, in capitals or none. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ALL_OF_IT = /^(?:[A-Z2-7]+|[a-z2-7]+)={0,6}$/;
const BITS = 5;

const VALUE = new Int8Array(256).fill(-1);
for (const [value, character] of ALPHABET.split('').entries()) {
  VALUE[character.charCodeAt(0)] = value;
  VALUE[character.toLowerCase().charCodeAt(0)] = value;
}

/** The first bytes that these characters stand for; null when they are no base32. */
export function base32Head(characters: Buffer): Buffer | null {
  return ALL_OF_IT.test(characters.toString('latin1')) ? new Decoder().decoded(characters) : null;
}

export async function* base32Decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new Decoder();
  for await (const chunk of chunks) {
    const bytes = decoder.decoded(chunk);
    if (bytes.length > 0) yield bytes;
  }
}

class Decoder {
  #held = 0;
  #bits = 0;

  decoded(characters: Buffer): Buffer {
    const out = Buffer.allocUnsafe(Math.ceil((characters.length * BITS) / 8) + 1);
    let length = 0;
    for (const character of characters) {
      const value = VALUE[character] ?? -1;
      if (value < 0) continue;
      this.#held = (this.#held << BITS) | value;
      this.#bits += BITS;
      if (this.#bits < 8) continue;
      this.#bits -= 8;
      out[length++] = this.#held >>> this.#bits;
      this.#held &= (1 << this.#bits) - 1;
    }
    return out.subarray(0, length);
  }
}
