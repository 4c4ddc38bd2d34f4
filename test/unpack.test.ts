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
/** These hold no length and no check sum of the whole: half of one is a whole one. */
const CANNOT_KNOW: Readonly<Record<string, string>> = {
  compress: 'the LZW stream has neither length nor check sum',
};

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

test.each(FORMATS)('the format $id is documented', ({ doc }) => {
  expect(doc.name).not.toBe('');
  expect(doc.description).toMatch(/\.$/);
  expect(doc.references.join()).toMatch(/https:\/\//);
});

for (const { id } of FORMATS) {
  const maker = MAKERS[id];
  if (maker === undefined) continue;
  if ('untested' in maker) {
    test.skip(`${id}: untested: ${maker.untested}`, () => {});
    continue;
  }
  const missing = maker.tools.filter((name) => !hasTool(name));
  if (missing.length > 0) {
    test.skip(`${id}: untested: no maker: ${missing.join(', ')} is not installed`, () => {});
    continue;
  }
  describe(id, () => {
    let bytes: Buffer;
    const then = maker.then ?? [];
    const name = `container.${id}`;
    beforeAll(() => {
      bytes = makeContainer(maker, join(scratch.path, `make-${id}`), CONTENT);
    });

    test('a marker inside is reached whole, without a gap', async () => {
      const { members, gaps, unsafe } = await unpack(id, bytes, scratch, { name, then });
      expect(gaps).toEqual([]);
      expect(unsafe).toEqual([]);
      expect(
        members.filter(({ text, size }) => text.startsWith('the marker') && size === CONTENT.length),
      ).toHaveLength(1);
    });

    test('the marker is reached through a tar.gz around it, as a stream', async () => {
      const nested = gzipSync(tarBytes([{ name, content: bytes }]));
      const { members, gaps } = await unpack('gzip', nested, scratch, {
        then: ['tar', id, ...then],
        streamed: true,
      });
      expect(gaps).toEqual([]);
      expect(members.some(({ text, size }) => text.startsWith('the marker') && size === CONTENT.length)).toBe(
        true,
      );
    });

    const silent = CANNOT_KNOW[id];
    test(`cut off half-way it is ${silent === undefined ? 'never silent' : `what it is: ${silent}`}`, async () => {
      const { gaps, members } = await unpack(id, bytes.subarray(0, bytes.length >> 1), scratch, {
        name,
        then,
      });
      const whole = members.some(({ size }) => size === CONTENT.length);
      expect(gaps.length > 0 || whole || silent !== undefined).toBe(true);
    });
  });
}
