import type { ByteReader } from '../byte-reader.ts';
import { Damaged, NeedsPassword, Unsupported } from '../trouble.ts';
import { AGILE_PIECE_BYTES, agileKey, decryptPiece, parseAgile } from './agile.ts';
import { iteratedHash, type HashEffort } from './iterated-hash.ts';
import type { Candidates } from '../candidates.ts';
import { decryptStandard, parseStandard, STANDARD_SPIN, standardKey } from './standard.ts';

/** Decrypts the package piece by piece; pieces are counted from 0. */
export interface OpenedPackage {
  decrypt(piece: Buffer, index: number): Buffer;
}

/**
 * Finds the password of an encrypted OOXML document. `info` is the stream
 * EncryptionInfo. Throws NeedsPassword, Unsupported, Damaged.
 */
export async function openPackage(
  info: Buffer,
  candidates: Candidates,
  effort: HashEffort,
  signal: AbortSignal,
): Promise<OpenedPackage> {
  if (info.length < 8) throw new Damaged('the description of the encryption is cut off');
  const major = info.readUInt16LE(0);
  const minor = info.readUInt16LE(2);
  if (major === 4 && minor === 4) {
    const agile = parseAgile(info.toString('utf8', 8));
    const { hash, salt } = agile.key;
    const key = await firstThatFits(
      candidates,
      { hash, salt, turns: agile.spinCount, effort, signal },
      (iterated) => agileKey(agile, iterated),
    );
    return { decrypt: (piece, index) => decryptPiece(agile, key, index, piece) };
  }
  if (minor === 2 && major >= 2 && major <= 4) {
    const standard = parseStandard(info);
    const spin = { hash: 'sha1', salt: standard.salt, turns: STANDARD_SPIN, effort, signal };
    const key = await firstThatFits(candidates, spin, (iterated) => standardKey(standard, iterated));
    return { decrypt: (piece) => decryptStandard(key, piece) };
  }
  throw new Unsupported(`encryption of version ${major}.${minor}`);
}

async function firstThatFits(
  candidates: Candidates,
  spin: { hash: string; salt: Buffer; turns: number; effort: HashEffort; signal: AbortSignal },
  keyFrom: (iterated: Buffer) => Buffer | null,
): Promise<Buffer> {
  const { hash, salt, turns, effort, signal } = spin;
  if (!Number.isSafeInteger(turns) || turns < 0) throw new Damaged('the number of turns is no number');
  let tried = 0;
  for (const password of candidates) {
    if (turns > effort.turnsLeft) break;
    effort.turnsLeft -= turns;
    tried++;
    const key = keyFrom(await iteratedHash(hash, salt, password, turns, signal));
    if (key !== null) return key;
  }
  const words = `${tried} of ${candidates.length} passwords tried`;
  throw new NeedsPassword(
    tried < candidates.length ? `${words}: each costs ${turns} turns of a hash` : words,
  );
}

/** The package that the stream EncryptedPackage holds. Throws Damaged where it ends too early. */
export async function* decrypted(
  opened: OpenedPackage,
  reader: ByteReader,
): AsyncGenerator<Buffer, void, undefined> {
  const head = await reader.exactly(8);
  if (head.length < 8) throw new Damaged('the encrypted package is cut off');
  let left = Number(head.readBigUInt64LE(0));
  for (let index = 0; left > 0; index++) {
    const piece = await reader.exactly(AGILE_PIECE_BYTES);
    const plain = opened.decrypt(piece, index);
    if (plain.length === 0) throw new Damaged(`the encrypted package ends ${left} bytes too early`);
    const wanted = plain.subarray(0, Math.min(plain.length, left));
    left -= wanted.length;
    yield wanted;
  }
}
