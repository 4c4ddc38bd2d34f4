import { noise } from './archives/tar-stream.ts';

/** A Type 1 font in PostScript, in its three parts. */

/** A font program as eexec locks it: `r = (cipher + r) * 52845 + 22719` (Adobe Type 1 Font Format, 7.1). */
function eexec(plain: Buffer): Buffer {
  let key = 55_665;
  return Buffer.from(
    plain.map((byte) => {
      const cipher = byte ^ (key >> 8);
      key = ((cipher + key) * 52_845 + 22_719) % 65_536;
      return cipher;
    }),
  );
}

/** What a font program is locked to. */
export const LOCKED = eexec(
  Buffer.concat([
    Buffer.from('rndmdup /Private 8 dict dup begin '),
    noise(30_000),
    Buffer.from('mark currentfile closefile\n'),
  ]),
);
/** The same where a program that embedded it damaged what stands behind the last outline. */
export const LOCKED_WITHOUT_END = Buffer.concat([
  eexec(
    Buffer.concat([
      Buffer.from('rndmdup /Private 8 dict dup begin '),
      noise(30_000),
      Buffer.from(' ND\n/y 41 RD '),
      noise(41),
      Buffer.from(' ND\n/z 41 RD '),
      noise(41),
    ]),
  ),
  noise(400),
]);
/** What stands before it. */
export const CLEAR = Buffer.from(
  `%!PS-AdobeFont-1.0: Test 1.0\n${'/FontName /Test def\n'.repeat(40)}currentfile eexec\n`,
);
/** What stands behind it. */
export const ZEROS = Buffer.from(`${`${'0'.repeat(64)}\n`.repeat(8)}cleartomark\n`);
