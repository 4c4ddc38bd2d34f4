import type { FormatSink } from './format.ts';
import { once } from './hidden-pieces.ts';
import { Damaged } from './trouble.ts';

export type PaxRecord = readonly [key: string, value: Buffer];

/** Records kept for the whole archive, and of all headers before one member, in bytes each: honest ones are few. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Extended attributes and comments below these sizes hold nothing to be examined (a commit id has 40 characters). */
const PLAIN_ATTRIBUTE_BYTES = 32;
const PLAIN_VALUE_BYTES = 64;

/** What extension headers say of one member: its own records, then those for the whole archive, then GNU's long names. */
export class Extension {
  readonly #own: readonly PaxRecord[];
  readonly #next: ReadonlyMap<string, Buffer>;
  readonly #global: ReadonlyMap<string, Buffer>;
  readonly longName: Buffer | null;
  readonly longLink: Buffer | null;

  constructor(
    own: readonly PaxRecord[],
    next: ReadonlyMap<string, Buffer>,
    global: ReadonlyMap<string, Buffer>,
    longName: Buffer | null,
    longLink: Buffer | null,
  ) {
    this.#own = own;
    this.#next = next;
    this.#global = global;
    this.longName = longName;
    this.longLink = longLink;
  }

  /** An empty value takes a global one back (POSIX pax, "pax Extended Header Keyword Precedence"). */
  value(key: string): Buffer | null {
    const value = this.#own.findLast(([k]) => k === key)?.[1] ?? this.#next.get(key) ?? this.#global.get(key);
    return value === undefined || value.length === 0 ? null : value;
  }

  /** The member's own records: sparse maps repeat their keys. */
  get own(): readonly PaxRecord[] {
    return this.#own;
  }

  /** Throws Damaged. */
  number(key: string): number | null {
    const value = this.value(key);
    if (value === null) return null;
    const text = value.toString('latin1');
    const figure = Number(text);
    if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(figure))
      throw new Damaged(`a pax record (${key}) is malformed`);
    return figure;
  }
}

/** What stands before the next member, until it is taken. */
export class Extensions {
  readonly #global = new Map<string, Buffer>();
  #globalBytes = 0;
  /** Of a global header, but about the next member only: where it stands in a multi-volume archive. */
  #next = new Map<string, Buffer>();
  #own: PaxRecord[] = [];
  #ownBytes = 0;
  #longName: Buffer | null = null;
  #longLink: Buffer | null = null;

  longName(data: Buffer): void {
    this.#longName = withoutNul(data);
  }

  longLink(data: Buffer): void {
    this.#longLink = withoutNul(data);
  }

  /** False: more than can be kept; those that follow are left out. */
  own(records: readonly PaxRecord[]): boolean {
    for (const record of records) {
      this.#ownBytes += sizeOf(record);
      if (this.#ownBytes > MAX_KEPT_BYTES) return false;
      this.#own.push(record);
    }
    return true;
  }

  /** False: more than can be kept; those that follow are left out. */
  global(records: readonly PaxRecord[]): boolean {
    for (const record of records) {
      this.#globalBytes += sizeOf(record);
      if (this.#globalBytes > MAX_KEPT_BYTES) return false;
      const [key, value] = record;
      (key.startsWith('GNU.volume.') ? this.#next : this.#global).set(key, value);
    }
    return true;
  }

  take(): Extension {
    const taken = new Extension(this.#own, this.#next, this.#global, this.#longName, this.#longLink);
    this.#own = [];
    this.#ownBytes = 0;
    this.#next = new Map();
    this.#longName = null;
    this.#longLink = null;
    return taken;
  }
}

/** What keeping a record costs is more than its bytes. */
function sizeOf([key, value]: PaxRecord): number {
  return key.length + value.length + 8;
}

/** Records of a pax header: `length key=value\n`. Values are bytes; a key that comes again is listed again. Throws Damaged. */
export function parsePax(data: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < data.length && data[at] !== 0;) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? '' : data.toString('latin1', at, space);
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : Number.NaN;
    const equals = data.indexOf(0x3d, space);
    const end = at + length;
    const sound = equals >= 0 && equals < end && end <= data.length && data[end - 1] === 0x0a;
    if (!sound) throw new Damaged('a pax header is malformed');
    records.push([data.toString('utf8', space + 1, equals), data.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** Records that are read elsewhere or hold names and figures only. */
const KNOWN = /^(?:path|linkpath|size|[acm]time|[ug]id|[ug]name|hdrcharset|charset|GNU\.sparse\..*)$/;
const ACL_ENTRY = /^(?:default:)?(?:user|group|mask|other):[^:]{0,64}:[rwx-]{3}(?::[0-9]{1,10})?$/;
const SELINUX = /^[\w.-]{1,64}(?::[\w.,-]{1,128}){2,6}\0?$/;

/** Values that can hold content are handed on like members: long attributes, and whatever else is long. */
export async function handOnAttributes(
  records: readonly PaxRecord[],
  member: Buffer,
  sink: FormatSink,
): Promise<void> {
  const seen = new Set<string>();
  for (const [key, stored] of records) {
    if (KNOWN.test(key)) continue;
    const attribute = attributeOf(key, stored);
    const { name, value } = attribute ?? { name: `pax record ${key}`, value: stored };
    if (value.length < (attribute === null ? PLAIN_VALUE_BYTES : PLAIN_ATTRIBUTE_BYTES)) continue;
    if (isPlain(key, value)) continue;
    const identity = `${name}\0${value.toString('latin1')}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    const label = attribute === null ? `(${name})` : `(extended attribute ${name})`;
    const content = once(value);
    await sink.member({
      name: Buffer.concat([member, Buffer.from(` ${label}`)]),
      size: value.length,
      content,
    });
  }
}

/** star and GNU tar write the bytes, libarchive writes base64. */
function attributeOf(key: string, stored: Buffer): { name: string; value: Buffer } | null {
  const [, kind, name] = /^(SCHILY|LIBARCHIVE)\.xattr\.([^]*)$/.exec(key) ?? [];
  if (kind === undefined || name === undefined) return null;
  return { name, value: kind === 'SCHILY' ? stored : Buffer.from(stored.toString('latin1'), 'base64') };
}

function isPlain(key: string, value: Buffer): boolean {
  if (value.length > 4096) return false;
  const text = value.toString('latin1');
  if (/\.selinux$/i.test(key)) return SELINUX.test(text);
  return key.startsWith('SCHILY.acl.') && text.split(/[,\n]/).every((entry) => ACL_ENTRY.test(entry.trim()));
}

function withoutNul(data: Buffer): Buffer {
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}
