import { encodedText } from '../mail/encoded-text.ts';

export const unpacker = encodedText({
  name: 'uuencode and yEnc',
  description:
    'Files encoded as text: uuencode (also its base64 kind) and yEnc; several may follow each other.',
  recognised: '`begin`, a mode and a name, or `=ybegin`, in the first line',
  limits: [],
  references: [
    'POSIX uuencode: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/uuencode.html',
    'yEnc: http://www.yenc.org/yenc-draft.1.3.txt',
  ],
  limitations: ['yEnc parts of one file are examined one by one', 'Check sums are not compared'],
});
