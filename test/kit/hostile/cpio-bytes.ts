/** An entry of a newc cpio that is written byte by byte. */
export interface CpioEntry {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  /** With the kind of file: 0o100644 a file, 0o120777 a symbolic link, 0o020644 and 0o060644 devices, 0o010644 a FIFO. */
  readonly mode?: number;
}

/** The archive with its trailer (cpio(5), "New ASCII Format"). */
export function cpioBytes(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!' }];
  return Buffer.concat(all.flatMap((entry, at) => cpioEntry(entry, at + 1)));
}

function cpioEntry({ name, content = '', mode = 0o100644 }: CpioEntry, inode: number): Buffer[] {
  const label = Buffer.concat([Buffer.from(name), Buffer.from([0])]);
  const data = Buffer.from(content);
  const device = (mode & 0o170000) === 0o020000 || (mode & 0o170000) === 0o060000 ? [1, 3] : [0, 0];
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, label.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [padded(Buffer.concat([header, label])), padded(data)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
