import { Candidates } from '../candidates.ts';
import { WELL_KNOWN } from './passwords.ts';
import { ByteReader } from '../byte-reader.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import type { CompoundFile } from '../ole/compound-file.ts';
import { pathOf, type OleStorage, type OleStream } from '../ole/directory.ts';
import { NeedsPassword, Trouble } from '../trouble.ts';
import { decompressRtf } from './compressed-rtf.ts';
import { decrypted, openPackage } from './encrypted-package.ts';
import { handOn } from './hand-on.ts';
import type { HashEffort } from './iterated-hash.ts';
import { isLocked } from './locked.ts';
import { attachmentName } from './message.ts';
import { handOnPackage } from './package.ts';
import { handOnObjects } from './presentation.ts';
import { readVbaStorage } from './vba-storage.ts';
import { openWorkbook } from './workbook.ts';

/** Of an EncryptionInfo stream; Office writes about 1 kB. */
const INFO_BYTES = 64 * 1024;

/** What the streams of one storage mean to each other. */
export interface Parts {
  /** The path that a stream is shown under. */
  nameOf(stream: OleStream): string;
  /** Hands on what is packed, compressed or encrypted in a stream. The stream itself has been handed on. */
  open(stream: OleStream, sink: FormatSink, context: UnpackContext): Promise<void>;
}

type Opener = (stream: OleStream, sink: FormatSink, context: UnpackContext) => Promise<void>;

/** Reads what must be known of a storage before its streams are handed on. */
export async function readParts(file: CompoundFile, storage: OleStorage, effort: HashEffort): Promise<Parts> {
  const attachment = await attachmentName(file, storage);
  const vba = await readVbaStorage(file, storage);
  const openers = openersFor(file, storage, effort);
  return {
    nameOf: (stream) => (stream === attachment?.stream ? attachment.path : pathOf(stream)),
    async open(stream, sink, context) {
      if (vba !== null) await vba.open(stream, sink, context.signal);
      await openers.get(stream.name.toLowerCase())?.(stream, sink, context);
    },
  };
}

const managed: Opener = async (stream, sink) => {
  const detail = 'the document is encrypted by rights management';
  sink.gap('encrypted', detail, { member: pathOf(stream), bytes: stream.size });
};

/** By names in lower case: Office finds them in any ([MS-CFB] 2.6.4). */
function openersFor(
  file: CompoundFile,
  storage: OleStorage,
  effort: HashEffort,
): ReadonlyMap<string, Opener> {
  const locked: Opener = async (stream, sink) => {
    if (await isLocked(file, stream)) {
      const bytes = stream.size;
      sink.gap('encrypted', 'the document is encrypted with a password', { member: pathOf(stream), bytes });
    }
  };
  const decrypt = packageOpener(file, storage, effort);
  return new Map<string, Opener>([
    // [MS-OFFCRYPTO] 1.3.2: documents under rights management.
    ['\tdrmcontent', managed],
    ['\tdrmviewercontent', managed],
    ['worddocument', locked],
    ['current user', locked],
    ['workbook', (stream, sink, context) => openWorkbook(file, stream, sink, context)],
    ['book', (stream, sink, context) => openWorkbook(file, stream, sink, context)],
    [
      'powerpoint document',
      async (stream, sink) =>
        quietly(handOnObjects((from) => file.content(stream, from), pathOf(stream), sink)),
    ],
    [
      '\x01ole10native',
      async (stream, sink) => {
        const reader = new ByteReader(file.content(stream));
        await reader.skip(4);
        await quietly(handOnPackage(reader, pathOf(stream), sink));
      },
    ],
    [
      '__substg1.0_10090102',
      async (stream, sink) => {
        const content = decompressRtf(new ByteReader(file.content(stream)));
        await handOn(sink, { name: `${pathOf(stream)}/(RTF body)`, size: null, content });
      },
    ],
    ['encryptedpackage', (stream, sink, context) => decrypt(stream, sink, context)],
  ]);
}

/** The stream's own damage was said when it was handed on. */
async function quietly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Trouble) || error.reason !== 'corrupt') throw error;
  }
}

function packageOpener(file: CompoundFile, storage: OleStorage, effort: HashEffort): Opener {
  const info = storage.streams.find(({ name }) => name.toLowerCase() === 'encryptioninfo');
  return async (stream, sink, { passwords, signal }) => {
    const member = pathOf(stream);
    const bytes = stream.size;
    try {
      if (info === undefined) throw new NeedsPassword('nothing says how it is encrypted');
      const described = await file.start(info, INFO_BYTES);
      const candidates = new Candidates(WELL_KNOWN, passwords);
      const opened = await openPackage(described, candidates, effort, signal);
      candidates.tell(sink);
      const content = decrypted(opened, new ByteReader(file.content(stream)));
      await handOn(sink, { name: `${member}/(decrypted package)`, size: null, content });
    } catch (error) {
      const ours = error instanceof Trouble && error.member === null;
      if (!ours || error.reason === 'budget_exceeded') throw error;
      // Also where the description is damaged or of another kind: what it comes to is that it is locked.
      const detail = `the encrypted package was not opened: ${error.message}`;
      sink.gap('encrypted', detail, { member, bytes });
    }
  };
}
