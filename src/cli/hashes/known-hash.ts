/** One entry of a collection that somebody publishes. */
export interface KnownHash {
  /** 64 hexadecimal digits, in any case. */
  readonly sha256: string;
  readonly name: string;
  /** The collection itself says that it is malicious; null: it does not say. */
  readonly malicious: boolean | null;
}

const SHA256 = /^[0-9a-f]{64}$/i;

export function isSha256(text: string): boolean {
  return SHA256.test(text);
}
