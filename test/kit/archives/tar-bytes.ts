/** A tar entry to be written byte by byte: nothing is checked, so it can be as wrong as a test wants it. */
export interface TarEntry {
  readonly name: string | Buffer;
  /** The type flag: 0 file, 1 hard link, 2 symbolic link, 3 device, 5 folder, L long name, x pax header. */
  readonly type?: string;
  readonly content?: Buffer | string;
  readonly target?: string;
  /** Instead of the content's length. */
  readonly size?: number;
  /** Written over the header at these places, before the check sum is made. */
  readonly fields?: readonly { readonly at: number; readonly bytes: string | Buffer }[];
}

const BLOCK = 512;

function bytesOf(text: Buffer | string): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

function tarEntry({ name, type = '0', content = '', target = '', size, fields = [] }: TarEntry): Buffer {
  const data = bytesOf(content);
  const header = Buffer.alloc(BLOCK);
  bytesOf(name).copy(header, 0, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? data.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(target, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  for (const { at, bytes } of fields) bytesOf(bytes).copy(header, at);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** A GNU long name before the entry it is for. */
export function longNamed(name: Buffer, entry: Omit<TarEntry, 'name'>): Buffer {
  const long = tarEntry({
    name: '././@LongLink',
    type: 'L',
    content: Buffer.concat([name, Buffer.alloc(1)]),
  });
  return Buffer.concat([long, tarEntry({ ...entry, name: name.subarray(0, 100) })]);
}

/** An extension header with pax records; `g` instead of `x`: for the whole archive. */
export function paxEntry(
  records: readonly (readonly [key: string, value: string | Buffer])[],
  type: 'x' | 'g' = 'x',
): Buffer {
  const content = Buffer.concat(records.map(([key, value]) => paxRecord(key, bytesOf(value))));
  return tarEntry({ name: 'PaxHeaders/x', type, content });
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** The whole archive, with its end mark. */
export function tarBytes(entries: readonly (TarEntry | Buffer)[]): Buffer {
  const blocks = entries.map((entry) => (Buffer.isBuffer(entry) ? entry : tarEntry(entry)));
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}
