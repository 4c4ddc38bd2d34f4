import { decodedHead, isPromising } from './decode.ts';
import { charactersIn, findRun } from './run.ts';

/** Characters of encoded data that are looked at before it is decoded. */
export const LOOKED_AT = 1024;
/** Fewer are a key, a hash, an address, where nothing says that they are more. */
export const LEAST_UNSAID = 128;

/** Whether data worth decoding are encoded in a text that is no file of its own: a value of a database. */
export function holdsData(text: Buffer): boolean {
  for (let at = findRun(text); at >= 0;) {
    const { characters, used } = charactersIn(text.subarray(at, at + LOOKED_AT));
    if (characters.length >= LEAST_UNSAID && isPromising(decodedHead(characters))) return true;
    at = findRun(text, at + Math.max(1, used));
  }
  return false;
}
