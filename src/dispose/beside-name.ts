/** NAME_MAX of every file system in use. */
const MAX_NAME_BYTES = 255;

/** A name for what finds its own taken: `nightly.tar.20261128T…`. */
export function besideName(name: Uint8Array, ending: string): Buffer {
  const behind = Buffer.from(`.${ending}`);
  return Buffer.concat([name.subarray(0, MAX_NAME_BYTES - behind.length), behind]);
}
