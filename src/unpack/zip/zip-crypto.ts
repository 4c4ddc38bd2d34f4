/** Leading bytes of a member with ZipCrypto (APPNOTE 6.1): random, the last one checks the password. */
export const HEADER_BYTES = 12;

/** CRC-32's table (reflected polynomial 0xEDB88320): the cipher advances it byte by byte. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The stream cipher of PKZIP 2 (APPNOTE 6.1): a state of three words that every byte of content moves on. */
export class ZipCrypto {
  #a = 0x12345678;
  #b = 0x23456789;
  #c = 0x34567890;

  constructor(password: Uint8Array) {
    for (const byte of password) this.#advance(byte);
  }

  /** The content of the next bytes, in a buffer of its own. */
  decrypt(bytes: Buffer): Buffer {
    const plain = Buffer.allocUnsafe(bytes.length);
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    for (let at = 0; at < bytes.length; at++) {
      const word = (c | 2) & 0xffff;
      const byte = ((bytes[at] ?? 0) ^ (Math.imul(word, word ^ 1) >>> 8)) & 0xff;
      plain[at] = byte;
      a = (a >>> 8) ^ (TABLE[(a ^ byte) & 0xff] ?? 0);
      b = (Math.imul((b + (a & 0xff)) | 0, 134775813) + 1) | 0;
      c = (c >>> 8) ^ (TABLE[(c ^ (b >>> 24)) & 0xff] ?? 0);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    return plain;
  }

  #advance(byte: number): void {
    this.#a = (this.#a >>> 8) ^ (TABLE[(this.#a ^ byte) & 0xff] ?? 0);
    this.#b = (Math.imul((this.#b + (this.#a & 0xff)) | 0, 134775813) + 1) | 0;
    this.#c = (this.#c >>> 8) ^ (TABLE[(this.#c ^ (this.#b >>> 24)) & 0xff] ?? 0);
  }
}
