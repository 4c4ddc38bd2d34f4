import { pack } from 'tar-stream';

/** A tar with these members. */
export async function tarOf(members: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) {
    archive.entry({ name, mtime: new Date(0) }, typeof content === 'string' ? Buffer.from(content) : content);
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.split('/').at(-1) ?? '';
}
