/** What Firefox packs: one LZ4 block, here of literals; `repeated`: behind five times the first byte. */
export function mozlz4Bytes(content: Buffer, repeated = false): Buffer {
  const [first = 0] = content;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length + (repeated ? 5 : 0));
  // One literal and a match of four bytes at distance 1; then literals only, as the end has to be.
  const match = Buffer.from(repeated ? [0x10, first, 1, 0] : []);
  return Buffer.concat([Buffer.from('mozLz40\0'), size, match, lastLiterals(content)]);
}

/** LZ4 Block Format, "End of block restrictions": a token without a match. */
function lastLiterals(content: Buffer): Buffer {
  const lengths: number[] = [Math.min(15, content.length) << 4];
  for (let more = content.length - 15; more >= 0; more -= 255) lengths.push(Math.min(255, more));
  return Buffer.concat([Buffer.from(lengths), content]);
}
