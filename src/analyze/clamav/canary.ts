/**
 * The EICAR anti-malware test file (eicar.org): 68 harmless bytes that every scanner's database names. In pieces,
 * so that no scanner takes our source for it.
 */
export function eicarTestString(): Buffer {
  return Buffer.from(
    ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!', '$H+H*'].join(''),
    'latin1',
  );
}
