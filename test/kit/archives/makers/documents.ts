import { deflateSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agileDocument } from '../office-encryption.ts';
import { ole1Object, packageBytes, rtfWithObject } from '../rtf-bytes.ts';
import { binhexBytes, mailBytes, makeKey, swfBytes, tnefBytes } from '../mail-bytes.ts';
import { pdfBytes } from '../pdf-bytes.ts';
import { tool } from '../tool.ts';
import { MARKER, NO_ENCRYPTION, writes, type Makers } from './maker.ts';

const PROPERTY_LIST = `
import plistlib, sys
sys.stdout.buffer.write(plistlib.dumps({'file': open('${MARKER}', 'rb').read()}, fmt=plistlib.FMT_BINARY))
`;

/** Documents and mail. */
export const DOCUMENTS: Makers = {
  ole: {
    ...writes('gsf', ['createole', 'a.ole', MARKER], 'a.ole'),
    encrypted: {
      tools: [],
      make: (folder, password) => agileDocument(readFileSync(join(folder, MARKER)), password),
    },
  },
  rtf: {
    tools: [],
    make(folder) {
      const file = packageBytes(MARKER, readFileSync(join(folder, MARKER)));
      return rtfWithObject(ole1Object('Package', file));
    },
    encrypted: NO_ENCRYPTION,
  },
  pdf: {
    tools: ['qpdf'],
    make: (folder) => pdfWithAttachment(folder, []),
    encrypted: {
      tools: ['qpdf'],
      make: (folder, password) => pdfWithAttachment(folder, ['--encrypt', password, password, '256', '--']),
    },
  },
  mail: {
    tools: ['mpack'],
    make: (folder) => {
      tool(folder, 'mpack', ['-s', 'a mail', '-o', 'a.eml', MARKER]);
      return readFileSync(join(folder, 'a.eml'));
    },
    encrypted: { na: 'what is encrypted in a mail is a part of it, in a format of its own' },
  },
  mbox: {
    tools: ['mpack'],
    make: (folder) => {
      tool(folder, 'mpack', ['-s', 'a mail', '-o', 'a.eml', MARKER]);
      const mail = readFileSync(join(folder, 'a.eml'));
      const from = Buffer.from('From a@example.org Mon Jan  1 00:00:00 2024\n');
      return Buffer.concat([from, mail, Buffer.from('\n'), from, mailBytes('Subject: last\n\nno marker\n')]);
    },
    inner: ['mail'],
    encrypted: NO_ENCRYPTION,
  },
  uuencode: {
    tools: ['uuencode'],
    make: (folder) => tool(folder, 'uuencode', [MARKER, MARKER]),
    encrypted: NO_ENCRYPTION,
  },
  binhex: {
    tools: [],
    make: (folder) => binhexBytes(MARKER, readFileSync(join(folder, MARKER))),
    encrypted: NO_ENCRYPTION,
  },
  tnef: {
    tools: [],
    make: (folder) => tnefBytes(MARKER, readFileSync(join(folder, MARKER))),
    encrypted: NO_ENCRYPTION,
  },
  cms: {
    tools: ['openssl'],
    make: (folder) => {
      makeKey(folder);
      const args = ['-sign', '-nodetach', '-binary', '-in', MARKER, '-signer', 'c.pem', '-inkey', 'k.pem'];
      return tool(folder, 'openssl', ['cms', ...args, '-outform', 'DER']);
    },
    encrypted: { na: 'it is encrypted for keys, not with a password' },
  },
  activemime: {
    tools: [],
    make: (folder) => {
      const header = Buffer.alloc(0x32);
      header.write('ActiveMime');
      header.writeUInt16LE(4, 0x1e);
      return Buffer.concat([header, deflateSync(readFileSync(join(folder, MARKER)))]);
    },
    encrypted: NO_ENCRYPTION,
  },
  'text-data': {
    tools: [],
    make: (folder) => {
      const data = readFileSync(join(folder, MARKER)).toString('base64');
      return Buffer.from(`<html><a href="data:application/octet-stream;base64,${data}">x</a></html>\n`);
    },
    encrypted: NO_ENCRYPTION,
    cut: { na: 'nothing says how long it is: what is there of it was examined' },
  },
  'binary-plist': {
    tools: ['python3'],
    make: (folder) => tool(folder, 'python3', ['-c', PROPERTY_LIST]),
    encrypted: NO_ENCRYPTION,
  },
  swf: {
    tools: [],
    make: (folder) => swfBytes(readFileSync(join(folder, MARKER))),
    inner: ['swf'],
    encrypted: NO_ENCRYPTION,
  },
};

function pdfWithAttachment(folder: string, options: readonly string[]): Buffer {
  writeFileSync(join(folder, 'plain.pdf'), pdfBytes([]));
  tool(folder, 'qpdf', ['plain.pdf', ...options, '--add-attachment', MARKER, '--', 'a.pdf']);
  return readFileSync(join(folder, 'a.pdf'));
}
