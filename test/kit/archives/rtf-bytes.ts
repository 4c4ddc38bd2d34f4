/** A file as the packager of Windows wraps it, without the first number of an Ole10Native stream. */
export function packageBytes(label: string, content: Buffer): Buffer {
  const path = Buffer.from(`C:\\${label}\0`, 'latin1');
  return Buffer.concat([
    Buffer.from([2, 0]),
    Buffer.from(`${label}\0C:\\${label}\0`, 'latin1'),
    Buffer.from([0, 0, 3, 0]),
    number(path.length),
    path,
    number(content.length),
    content,
  ]);
}

/** An embedded OLE 1 object ([MS-OLEDS] 2.2.5) with nothing to show. */
export function ole1Object(className: string, native: Buffer): Buffer {
  const name = Buffer.from(`${className}\0`, 'latin1');
  return Buffer.concat([
    Buffer.from('0105000002000000', 'hex'),
    number(name.length),
    name,
    number(0),
    number(0),
    number(native.length),
    native,
    Buffer.from('0105000000000000', 'hex'),
  ]);
}

/** A text with one object, in lines of hex digits as Word writes them. */
export function rtfWithObject(object: Buffer): Buffer {
  const lines = object.toString('hex').replace(/.{128}/g, '$&\r\n');
  return Buffer.from(
    `{\\rtf1\\ansi{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata ${lines}}{\\result text}}\\par}`,
  );
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
