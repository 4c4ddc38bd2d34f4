import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import type { Unpacker } from '../format.ts';
import { handOn } from '../office/hand-on.ts';
import { MAX_TURNS, type HashEffort } from '../office/iterated-hash.ts';
import { readParts } from '../office/parts.ts';
import { CompoundFile } from '../ole/compound-file.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'OLE compound file',
    description:
      'Documents of Microsoft before 2007, messages of Outlook, installers of Windows: every stream, also those that no folder leads to, and what lies between them; VBA source, embedded files and encrypted packages unpacked.',
    recognised: '`\\xD0\\xCF\\x11\\xE0\\xA1\\xB1\\x1A\\xE1` at 0',
    limits: [
      '4 million sectors',
      '256 Ki directory entries',
      'a mini stream of 256 MiB',
      '3 million turns of a password hash a file',
    ],
    references: [
      'MS-CFB: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb/',
      'MS-OVBA: https://learn.microsoft.com/openspecs/office_file_formats/ms-ovba/',
      'MS-OFFCRYPTO: https://learn.microsoft.com/openspecs/office_file_formats/ms-offcrypto/',
      'MS-OXRTFCP: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxrtfcp/',
    ],
    limitations: [
      'Encrypted .doc and .ppt, and whatever is encrypted for certificates or by rights management, are a gap',
      'Passwords of one file are tried for 3 million turns of their hash: about 30 passwords as Office locks it',
      'Files of more than 4 million sectors (2 GiB in sectors of 512 bytes), mini streams above 256 MiB and directories of more than 262,144 entries are a gap',
      'The properties of messages other than attachments and the RTF body are seen as they are stored',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const ledger = new ByteLedger(source.size);
    const file = await CompoundFile.open(source, ledger, context.signal);
    const effort: HashEffort = { turnsLeft: MAX_TURNS };
    for (const storage of file.storages()) {
      const parts = await readParts(file, storage, effort);
      for (const stream of storage.streams) {
        context.signal.throwIfAborted();
        const name = parts.nameOf(stream);
        await handOn(sink, { name, size: stream.size, content: file.content(stream) });
        await parts.open(stream, sink, context);
      }
    }
    for (const { reason, message } of file.troubles()) sink.gap(reason, message);
    if (file.sharedSectors > 0) sink.measure('shared_sectors', file.sharedSectors);
    await handOnUnclaimed(ledger, source, sink);
  },
};
