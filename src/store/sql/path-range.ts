/** What holds of all paths with this beginning and of no other, for an index over bytes. */
export function beginningWith(beginning: Uint8Array): (readonly ['>=' | '<', Uint8Array])[] {
  const end = afterAllThatBeginWith(beginning);
  return end === null
    ? [['>=', beginning]]
    : [
        ['>=', beginning],
        ['<', end],
      ];
}

/** The least bytes that come after everything with this beginning; null: nothing does. */
function afterAllThatBeginWith(beginning: Uint8Array): Buffer | null {
  const end = Buffer.from(beginning);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end.readUInt8(at);
    if (byte === 0xff) continue;
    end.writeUInt8(byte + 1, at);
    return end.subarray(0, at + 1);
  }
  return null;
}
