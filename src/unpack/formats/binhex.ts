import { encodedText } from '../mail/encoded-text.ts';

export const unpacker = encodedText({
  name: 'BinHex 4.0',
  description: 'A Macintosh file as text: its data fork and its resource fork.',
  recognised: '`(This file must be converted with BinHex` at 0',
  limits: [],
  references: ['RFC 1741, appendix A: https://www.rfc-editor.org/rfc/rfc1741'],
  limitations: ['Check sums are not compared'],
});
