import { createHash, timingSafeEqual } from 'node:crypto';
import type { NamedToken, Role } from '../contracts/index.ts';

/** Who makes a request. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
  /** It came with the token that lies in DATA_DIR: whoever reads that owns the store, and says who they are. */
  readonly local: boolean;
}

/** A token that is known as it is. */
export interface PlainToken {
  readonly token: string;
  readonly name: string;
  readonly role: Role;
  readonly local?: boolean;
}

interface Key {
  readonly digest: Buffer;
  readonly identity: Identity;
  /** In ms since 1970. */
  readonly until: number;
}

/** The tokens of one service, by their hashes. */
export class Keys {
  readonly #keys: readonly Key[];

  constructor(plain: readonly PlainToken[], named: readonly NamedToken[]) {
    this.#keys = [
      ...plain.map(({ token, name, role, local = false }) => ({
        digest: digest(token),
        identity: { name, role, local },
        until: Infinity,
      })),
      ...named.map(({ sha256, name, role, expires_at }) => ({
        digest: Buffer.from(sha256, 'hex'),
        identity: { name, role, local: false },
        until: expires_at === null ? Infinity : Date.parse(expires_at),
      })),
    ];
  }

  /** null: nobody's. Takes equally long whatever was sent: hashes have one length, and all of them are compared. */
  whose(token: string, now: Date): Identity | null {
    const given = digest(token);
    let found: Key | null = null;
    for (const key of this.#keys) if (timingSafeEqual(given, key.digest)) found = key;
    return found === null || now.getTime() >= found.until ? null : found.identity;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
