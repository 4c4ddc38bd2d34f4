/** The first `length` bytes of RC4's key stream: OpenSSL keeps the cipher out of reach of node:crypto. */
export function rc4KeyStream(key: Buffer, length: number): Buffer {
  const state = new Uint8Array(256).map((_, i) => i);
  for (let i = 0, j = 0; i < 256; i++) {
    const kept = state[i] ?? 0;
    j = (j + kept + (key[i % key.length] ?? 0)) & 255;
    state[i] = state[j] ?? 0;
    state[j] = kept;
  }
  const stream = Buffer.allocUnsafe(length);
  for (let at = 0, i = 0, j = 0; at < length; at++) {
    i = (i + 1) & 255;
    const kept = state[i] ?? 0;
    j = (j + kept) & 255;
    const other = state[j] ?? 0;
    state[i] = other;
    state[j] = kept;
    stream[at] = state[(kept + other) & 255] ?? 0;
  }
  return stream;
}
