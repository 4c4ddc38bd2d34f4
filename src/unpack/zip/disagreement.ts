import type { CentralHeader, LocalHeader, Reading } from './headers.ts';

/** What a local header says otherwise than the directory, in words; only what no honest program writes. */
export function disagreement(central: CentralHeader, local: LocalHeader): string | null {
  if (central.masked || local.masked) return null;
  const [listed, own] = [central.reading, local.reading];
  if (!sameName(central.name, local.name)) return 'another name';
  if (listed.method !== own.method) return 'another method';
  if (listed.encrypted !== own.encrypted) return 'encrypted in only one of them';
  if (local.descriptor || local.untold) return null;
  if (listed.packed !== own.packed || listed.size !== own.size) return 'another size';
  return listed.crc === own.crc ? null : 'another check sum';
}

/** What a program makes of the bytes that goes by the local header; null: the same as by the directory. */
export function otherReading({ reading: listed }: CentralHeader, local: LocalHeader): Reading | null {
  if (local.masked) return null;
  const own = local.reading;
  const told = !local.descriptor && !local.untold;
  const { packed, size, crc } = told ? own : listed;
  const same =
    own.encrypted === listed.encrypted &&
    own.method === listed.method &&
    own.aesKeyBytes === listed.aesKeyBytes &&
    packed === listed.packed;
  return same ? null : { ...own, packed, size, crc };
}

/** Some programs write `\` in one place and `/` in the other. */
function sameName(a: Buffer, b: Buffer): boolean {
  return a.equals(b) || slashes(a) === slashes(b);
}

function slashes(name: Buffer): string {
  return name.toString('latin1').replaceAll('\\', '/');
}
