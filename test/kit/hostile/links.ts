import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarBytes } from '../archives/tar-bytes.ts';
import { tool } from '../archives/tool.ts';
import { zipBytes } from '../archives/zip-bytes.ts';
import { MARKER } from '../marker.ts';
import { cpioBytes } from './cpio-bytes.ts';

// Links that lead out, a file written through one of them, devices and FIFOs. `outside` is a folder that is really there.

const FILE = 0o100644;
const LINK = 0o120777;

/** Names with their kind of file, for the formats that know the bits of Unix. */
function entries(outside: string): readonly { name: string; content: string; mode: number }[] {
  return [
    { name: 'out', content: outside, mode: LINK },
    { name: 'out/evil.txt', content: MARKER, mode: FILE },
    { name: 'climbing', content: '../../../etc/shadow', mode: LINK },
    { name: 'loop', content: 'loop', mode: LINK },
    { name: 'null', content: '', mode: 0o020666 },
    { name: 'disk', content: '', mode: 0o060660 },
    { name: 'pipe', content: '', mode: 0o010644 },
    { name: 'socket', content: '', mode: 0o140644 },
  ];
}

export function linksInTar(outside: string): Buffer {
  return tarBytes([
    { name: 'out', type: '2', target: outside },
    { name: 'out/evil.txt', content: MARKER },
    { name: 'climbing', type: '2', target: '../../../etc/shadow' },
    { name: 'hard', type: '1', target: '/etc/shadow' },
    { name: 'null', type: '3' },
    { name: 'disk', type: '4' },
    { name: 'pipe', type: '6' },
  ]);
}

export function linksInZip(outside: string): Buffer {
  return zipBytes(
    entries(outside).map(({ name, content, mode }) => ({ name, data: Buffer.from(content), mode })),
  );
}

export function linksInCpio(outside: string): Buffer {
  return cpioBytes(entries(outside));
}

/** A real file system cannot hold a file below a link: here the file stands beside it. */
export function linksInSquashfs(outside: string, folder: string): Buffer {
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'evil.txt'), MARKER);
  for (const [name, target] of [
    ['out', outside],
    ['climbing', '../../../etc/shadow'],
    ['loop', 'loop'],
  ] as const) {
    symlinkSync(target, join(root, name));
  }
  const pseudo = ['null c 666 0 0 1 3', 'disk b 660 0 0 8 0', 'pipe i 644 0 0 f'].flatMap((line) => [
    '-p',
    line,
  ]);
  tool(folder, 'mksquashfs', ['root', 'links.squash', '-quiet', '-no-progress', ...pseudo]);
  return tool(folder, 'cat', ['links.squash']);
}
