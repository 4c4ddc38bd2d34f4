import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FORMATS } from '../../../src/unpack/index.ts';
import { makeContainer, makeLocked, MAKERS, type Maker } from '../archives/makers.ts';
import { tarBytes } from '../archives/tar-bytes.ts';
import { hasTool } from '../archives/tool.ts';
import { MARKER } from '../marker.ts';

/** On no list of passwords. */
const UNKNOWN_PASSWORD = 'correct horse battery';
/** On the default list. */
const KNOWN_PASSWORD = 'infected';

/** The member that nests a container: a folder in the tar, so that its name is not the container's own. */
const NESTED_IN = 'backup';

/**
 * About 200 kB that do not compress to nothing. The marker stands after 60 % of it: an early cut loses it, a late one
 * does not have to.
 */
export const CONTENT = contentWithMarker();

function contentWithMarker(): Buffer {
  const lines = Array.from({ length: 20_000 }, (_, i) => String((i * 2654435761) % 2 ** 32));
  lines.splice(12_000, 0, MARKER);
  return Buffer.from(lines.join('\n'));
}

/** One folder each below the matrix' own; the files in it are called `container.<format>`. */
const SHAPES = ['reachable', 'nested', 'locked', 'opened', 'half', 'tail'] as const;
type Shape = (typeof SHAPES)[number];

export interface Subject {
  readonly id: string;
  readonly maker: Maker;
}

/** Formats whose containers can be made here. */
export function subjects(): Subject[] {
  return FORMATS.flatMap(({ id }) => {
    const maker = MAKERS[id];
    return maker === undefined || 'untested' in maker || missingTools(id).length > 0 ? [] : [{ id, maker }];
  });
}

/** The programs that its maker lacks here. */
export function missingTools(id: string): string[] {
  const maker = MAKERS[id];
  if (maker === undefined || 'untested' in maker) return [];
  const locked = 'make' in maker.encrypted ? maker.encrypted.tools : [];
  return [...new Set([...maker.tools, ...locked])].filter((name) => !hasTool(name));
}

export function nameOf(id: string): string {
  const maker = MAKERS[id];
  const called = maker === undefined || 'untested' in maker ? undefined : maker.called;
  return called ?? `container.${id}`;
}

/** Writes every file that the matrix asks about; returns what failed to be made, and why, by format. */
export function writeSamples(folder: string): ReadonlyMap<string, string> {
  for (const shape of SHAPES) mkdirSync(join(folder, shape), { recursive: true });
  const failures = new Map<string, string>();
  for (const { id, maker } of subjects()) {
    try {
      writeShapes(folder, id, maker);
    } catch (error) {
      failures.set(id, String(error));
    }
  }
  return failures;
}

function writeShapes(folder: string, id: string, maker: Maker): void {
  const put = (shape: Shape, bytes: Buffer): void => writeFileSync(join(folder, shape, nameOf(id)), bytes);
  const workshop = join(folder, `make-${id}`);
  const bytes = makeContainer(maker, workshop, CONTENT);
  put('reachable', bytes);
  put('half', bytes.subarray(0, Math.floor(bytes.length / 2)));
  put('tail', bytes.subarray(0, Math.floor(bytes.length * 0.9)));
  put('nested', gzipSync(tarBytes([{ name: `${NESTED_IN}/${nameOf(id)}`, content: bytes }]), { level: 1 }));
  if (!('make' in maker.encrypted)) return;
  put('locked', makeLocked(maker.encrypted, workshop, CONTENT, UNKNOWN_PASSWORD));
  put('opened', makeLocked(maker.encrypted, workshop, CONTENT, KNOWN_PASSWORD));
}
