import type { ContentType } from '../domain/index.ts';
import { claimOf, contradictionOf } from './claims.ts';
import { afterSkippableFrames, isTarHeader, pgpType } from './checks.ts';
import { elfKind, peKind } from './executable.ts';
import { brotliByName } from './brotli.ts';
import { clean, known, type Known } from './known.ts';
import { Libmagic } from './libmagic.ts';
import { mediaType } from './media.ts';
import { oleKind } from './ole.ts';
import { renamedFrom } from './renamed.ts';
import { matchSignature } from './signatures.ts';
import { asText } from './text.ts';
import { mailKind, sqlKind, textKind } from './text-kind.ts';
import { View } from './view.ts';
import { directoryEnd, zipKind } from './zip.ts';

/** Enough for every signature we know (btrfs: 64 KiB + 72; ISO 9660: 32 KiB + 6) and for libmagic. */
export const HEAD_BYTES = 128 * 1024;
/** Enough for what stands at the end: zip's directory end (64 KiB + 22), dmg's and vhd's footers (512). */
export const TAIL_BYTES = 64 * 1024 + 512;

/** What identification gets to see of an artifact. */
export interface Glimpse {
  /** The first HEAD_BYTES, or all of it if it is smaller. */
  readonly head: Buffer;
  /** The last TAIL_BYTES; null for a stream, and when the head holds everything. */
  readonly tail: Buffer | null;
  /** In bytes; null for a stream longer than the head. */
  readonly size: number | null;
  /** Last name of the trail. */
  readonly name: string;
}

type Found = Known & Pick<ContentType, 'by'> & Partial<Pick<ContentType, 'second'>>;

/** Tells what bytes are, and whether their name promised something else. Holds no state between artifacts. */
export class Identifier {
  readonly #libmagic: Libmagic | null;

  private constructor(libmagic: Libmagic | null) {
    this.#libmagic = libmagic;
  }

  /** `libmagic: false` leaves the last step out: what only it knows is then `unknown`. */
  static async create(options: { readonly libmagic?: boolean } = {}): Promise<Identifier> {
    return new Identifier(options.libmagic === false ? null : new Libmagic());
  }

  /**
   * Exact signatures first, then structure, then text, then libmagic. Never throws and reads nothing but the
   * glimpse. Synchronous; the first call that needs libmagic takes about 0.1 s longer than the others.
   */
  identify({ head, tail, size, name }: Glimpse): ContentType {
    const view = new View(head, tail, size);
    const content = this.#content(view);
    const brotli = content.mime === 'application/octet-stream' ? brotliByName(view, name) : null;
    const found: Found = brotli === null ? content : { ...brotli, by: 'structure' };
    const description = clean(found.description);
    const claim = claimOf(name);
    return {
      mime: found.mime,
      description,
      by: found.by,
      container: found.container,
      second: found.second ?? null,
      density: found.density,
      claimed: claim?.mime ?? null,
      renamed_from: claim === null ? renamedFrom(name, { ...found, description }, view) : null,
      contradiction: claim === null ? null : contradictionOf(claim, { ...found, description }, view),
    };
  }

  /** False once libmagic could not be started, or died or hung time and again. */
  get libmagicUsable(): boolean {
    return this.#libmagic?.usable ?? false;
  }

  /** Ends libmagic's thread, if one was ever started. */
  close(): void {
    this.#libmagic?.close();
  }

  #content(view: View): Found {
    if (view.head.length === 0) return { ...known('application/x-empty'), by: 'empty' };
    const bySignature = signed(view);
    if (bySignature !== null) return withSecondReading(view, bySignature);
    const text = asText(view);
    if (text !== null) {
      const kind = textKind(text);
      const found = kind.mime === 'text/plain' ? displacedInText(view) : null;
      return withSecondReading(view, found ?? { ...kind, by: 'text' });
    }
    const later = displaced(view) ?? mailWithBytes(view) ?? textWithBytes(view);
    if (later !== null) return withSecondReading(view, later);
    // What stands before the archive is not known, so its entropy is not excused.
    if (directoryEnd(view) !== null) return { ...zipKind(view), density: 'unknown', by: 'structure' };
    const mime = this.#libmagic?.ask(view.head) ?? null;
    if (mime === null || NO_ANSWER.test(mime)) {
      return { ...known('application/octet-stream'), by: 'unknown' };
    }
    // libmagic believes two bytes: what it says is a name, but neither a container nor an excuse for entropy.
    return {
      mime,
      description: `${mime} (by libmagic)`,
      container: null,
      density: 'unknown',
      by: 'libmagic',
    };
  }
}

/** Texts are told by our own rules; and what libmagic says of noise that it does not know. */
const NO_ANSWER = /^(?:text\/|application\/(?:octet-stream|x-empty|json|x-ndjson|csv)$|inode\/)/;

function signed(view: View): Found | null {
  if (isTarHeader(view)) return { ...known('application/x-tar'), by: 'structure' };
  const signature = matchSignature(view);
  if (signature === null) {
    const media = mediaType(view) ?? afterSkippableFrames(view) ?? pgpType(view);
    return media === null ? null : { ...known(media), by: 'signature' };
  }
  switch (signature.mime) {
    case 'application/zip':
      return { ...zipKind(view), by: 'structure' };
    case 'application/x-ole-storage':
      return { ...oleKind(view), by: 'structure' };
    case 'application/x-elf':
      return { ...elfKind(view), by: 'signature' };
    case 'application/vnd.microsoft.portable-executable':
      return { ...peKind(view), by: 'signature' };
    default:
      return { ...known(signature.mime), by: 'signature' };
  }
}

/** Readers look for a PDF's first line within this many bytes (ISO 32000-1, annex H, implementation note 13). */
const PDF_SEARCH = 1024;

/** Enough for thirty header fields. */
const MAIL_SEARCH = 8192;

/** What may be preceded by other bytes. */
function displaced(view: View): Found | null {
  return view.head.subarray(0, PDF_SEARCH).includes('%PDF-')
    ? { ...known('application/pdf'), by: 'structure' }
    : null;
}

/** A document without any binary byte, behind a text; one that only mentions such documents holds no object. */
function displacedInText(view: View): Found | null {
  const start = view.latin1(0, PDF_SEARCH);
  if (!/(?:^|[\r\n])%PDF-\d/.test(start) || !view.head.includes(' obj')) return null;
  return { ...known('application/pdf'), by: 'structure' };
}

/** Mail as it should not be: with bytes that no text holds. Its header is told like any other. */
function mailWithBytes(view: View): Found | null {
  const mime = mailKind(view.latin1(0, MAIL_SEARCH).replaceAll('\0', ''));
  return mime === null ? null : { ...known(mime), by: 'structure' };
}

const DESCRIPTOR = /^# ?Disk DescriptorFile/i;

/** Texts that hold bytes which no text holds: dumps, and descriptors of disks that are filled up with zeros. */
function textWithBytes(view: View): Found | null {
  const start = view.latin1(0, MAIL_SEARCH);
  if (DESCRIPTOR.test(start)) return { ...known('application/x-vmdk-descriptor'), by: 'structure' };
  const mime = sqlKind(start);
  // Its strings of bytes may be anything.
  return mime === null ? null : { ...known(mime, { density: 'unknown' }), by: 'text' };
}

/** Containers only for what is appended to them. */
const APPENDED_TO: ReadonlySet<string> = new Set([
  'elf',
  'gif',
  'iso-media',
  'jpeg',
  'pe',
  'png',
  'riff',
  'shell-payload',
]);

/**
 * The second reading of what is two things at once. A program or picture with a zip archive behind it opens as a zip,
 * which hands on the rest; what is a container by itself is opened both ways.
 */
function withSecondReading(view: View, found: Found): Found {
  const zip = found.container === 'zip' ? null : directoryEnd(view);
  if (zip !== null) {
    const description = `${found.description}, with a zip archive at its end`;
    if (found.container !== null && !APPENDED_TO.has(found.container)) {
      // The last member of a tar may be a zip: that is no second reading of the tar.
      return zip.exact ? { ...found, description, second: 'zip' } : found;
    }
    const density = found.density === 'unknown' ? 'unknown' : 'compressed';
    return { ...found, description, container: 'zip', density };
  }
  if (found.container !== 'iso' && found.container !== 'udf' && isIso(view)) {
    return { ...found, description: `${found.description}, with a disc image in it`, second: 'iso' };
  }
  return found;
}

/** ECMA-119, 8.1: the first descriptor, in sector 16. */
function isIso(view: View): boolean {
  return view.has(0x8001, 'CD001');
}
