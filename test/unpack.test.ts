import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers, FORMATS } from '../src/unpack/index.ts';
import { makeContainer, MAKERS } from './kit/archives/makers.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { hasTool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// The conformance table: every format of the registry, three promises each.

/** Long and varied enough that half of it, compressed, is not nothing. */
const CONTENT = Buffer.from(
  `the marker of the table\n${Array.from({ length: 20_000 }, (_, i) => String((i * 2654435761) % 2 ** 32)).join('\n')}`,
);
let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

test('every format of the registry has a row in the table, and every row a format', () => {
  expect(Object.keys(MAKERS).toSorted()).toEqual(FORMATS.map(({ id }) => id).toSorted());
});

test('every format has a file of its own, and every file is in the registry', () => {
  const files = readdirSync(join(import.meta.dirname, '../src/unpack/formats'));
  const names = files.filter((name) => !name.includes('.test.')).map((name) => name.replace('.ts', ''));
  expect(names.toSorted()).toEqual(FORMATS.map(({ id }) => id).toSorted());
});

test.each(FORMATS)('the format $id is documented', async ({ load }) => {
  const { doc } = (await load()).unpacker;
  expect(doc.recognised).not.toBe('');
  expect(doc.name).not.toBe('');
  expect(doc.description).toMatch(/\.$/);
  expect(doc.references.join()).toMatch(/https:\/\//);
});

/** Cells that nobody can make here; each says why. */
const UNTESTED = Object.entries(MAKERS).flatMap(([id, maker]) =>
  'untested' in maker ? [{ id, why: maker.untested }] : [],
);
const CELLS = Object.entries(MAKERS).flatMap(([id, maker]) => {
  if ('untested' in maker) return [];
  const missing = maker.tools.filter((name) => !hasTool(name));
  const note = missing.length === 0 ? '' : ` (untested: ${missing.join(', ')} is not installed)`;
  return [{ id, maker, missing, note }];
});

test.each(UNTESTED)('$id is untested: $why', ({ why }) => {
  expect(why).toMatch(/^no maker/);
});

describe.each(CELLS)('$id $note', ({ id, maker, missing }) => {
  const able = missing.length === 0;
  const inner = maker.inner ?? [];
  const name = `container.${id}`;
  let bytes: Buffer;
  beforeAll(() => {
    if (able) bytes = makeContainer(maker, join(scratch.path, `make-${id}`), CONTENT);
  });

  test.runIf(able)('a marker inside is reached whole, without a gap', async () => {
    const { members, gaps, unsafe } = await unpack(id, bytes, scratch, { name, inner });
    expect(gaps).toEqual([]);
    expect(unsafe).toEqual([]);
    expect(members.filter(isMarker)).toHaveLength(1);
  });

  test.runIf(able)('the marker is reached through a tar.gz around it, as a stream', async () => {
    const nested = gzipSync(tarBytes([{ name, content: bytes }]));
    const options = { inner: ['tar', id, ...inner], streamed: true };
    const { members, gaps } = await unpack('gzip', nested, scratch, options);
    expect(gaps).toEqual([]);
    expect(members.filter(isMarker)).toHaveLength(1);
  });

  test.runIf(able)('cut off half-way it is never silent', async () => {
    const { gaps, members } = await unpack(id, bytes.subarray(0, bytes.length >> 1), scratch, {
      name,
      inner,
    });
    // Half of what has neither length nor check sum is a whole one: all that can be said is what came out.
    const seen = maker.cut === undefined ? members.some(isMarker) : members.some(({ size }) => size > 0);
    expect(gaps.length > 0 || seen).toBe(true);
  });
});

/** Whole: what the format itself writes before it counts nothing. */
function isMarker({ text, size }: { readonly text: string; readonly size: number }): boolean {
  const at = text.indexOf('the marker');
  return at >= 0 && size === at + CONTENT.length;
}
