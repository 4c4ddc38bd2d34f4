/** Fills up a password to 16 bytes ([MS-OFFCRYPTO] 2.3.7.2). */
const PADDING = Buffer.from('bbffffbaffffb98000be0f00bf0f00', 'hex');
const ARRAY_BYTES = 16;
const MAX_PASSWORD = 15;

/**
 * Undoes the obfuscation of old workbooks ([MS-OFFCRYPTO] 2.3.7.1 to 3) for the first password whose check fits;
 * null when none does. `bytes` holds the key, which is stored beside the check, and the check.
 */
export function xorCipher(
  bytes: Buffer,
  passwords: Iterable<string>,
): ((byte: number, position: number, recordBytes: number) => number) | null {
  const key = bytes.subarray(0, 2);
  const check = bytes.readUInt16LE(2);
  for (const password of passwords) {
    const text = Buffer.from(password, 'latin1');
    if (text.length === 0 || text.length > MAX_PASSWORD || verifier(text) !== check) continue;
    const filled = Buffer.concat([text, PADDING], ARRAY_BYTES);
    const array = filled.map((byte, i) => turnRight((byte ^ (key[i & 1] ?? 0)) & 0xff, 1));
    return (byte, position, recordBytes) =>
      turnRight(byte ^ (array[(position + recordBytes) % ARRAY_BYTES] ?? 0), 5);
  }
  return null;
}

/** 16 bits of a password ([MS-OFFCRYPTO] 2.3.7.1). */
export function verifier(password: Buffer): number {
  let value = 0;
  for (const byte of [...password].toReversed().concat(password.length)) {
    value = ((value >> 14) & 1) ^ ((value << 1) & 0x7fff) ^ byte;
  }
  return value ^ 0xce4b;
}

function turnRight(byte: number, count: number): number {
  return ((byte >> count) | (byte << (8 - count))) & 0xff;
}
