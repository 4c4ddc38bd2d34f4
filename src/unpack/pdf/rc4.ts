type State = Uint8Array<ArrayBuffer>;

/** The key schedule (RFC 6229 has test vectors). Node's OpenSSL no longer offers it, documents still use it. */
function schedule(key: Uint8Array): State {
  const state = new Uint8Array(256);
  for (let i = 0; i < 256; i++) state[i] = i;
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 0xff;
    const swap = state[i] ?? 0;
    state[i] = state[j] ?? 0;
    state[j] = swap;
  }
  return state;
}

/** A cipher with its state: each call goes on where the last one ended. */
export function rc4Cipher(key: Uint8Array): (bytes: Uint8Array) => Buffer {
  const state = schedule(key);
  let i = 0;
  let j = 0;
  return (bytes) => {
    const out = Buffer.allocUnsafe(bytes.length);
    for (let at = 0; at < bytes.length; at++) {
      i = (i + 1) & 0xff;
      const a = state[i] ?? 0;
      j = (j + a) & 0xff;
      const b = state[j] ?? 0;
      state[i] = b;
      state[j] = a;
      out[at] = (bytes[at] ?? 0) ^ (state[(a + b) & 0xff] ?? 0);
    }
    return out;
  };
}

export function rc4(key: Uint8Array, bytes: Uint8Array): Buffer {
  return rc4Cipher(key)(bytes);
}
