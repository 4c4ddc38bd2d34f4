import { deflateSync } from 'node:zlib';

/** A compiled Erlang module with these bytes among its literals. */
export function beamBytes(literals: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(literals.length);
  const chunks = [
    chunk('Code', Buffer.from('instructions.')),
    chunk('LitT', Buffer.concat([size, deflateSync(literals)])),
    chunk('Attr', Buffer.from([0x83, 0x6a])),
  ];
  const form = Buffer.concat([Buffer.from('BEAM'), ...chunks]);
  const head = Buffer.from('FOR1....');
  head.writeUInt32BE(form.length, 4);
  return Buffer.concat([head, form]);
}

function chunk(id: string, data: Buffer): Buffer {
  const head = Buffer.from(`${id}....`);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
