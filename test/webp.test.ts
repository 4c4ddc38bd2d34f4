// needs: webp
import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemorySource } from '../src/bytes/index.ts';
import { StructureCheck, type Shape } from '../src/analyze/entropy/structure/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'webp-'));
  writeFileSync(join(folder, 'picture.pam'), picture());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** 500 x 333 points with transparency: slopes, waves, and enough noise for some 100 KB. */
function picture(): Buffer {
  const [width, height] = [500, 333];
  const random = createCipheriv('aes-256-ctr', Buffer.alloc(32, 5), Buffer.alloc(16)).update(
    Buffer.alloc(width * height * 4),
  );
  const points = Buffer.alloc(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    points[4 * at] = (x / 2 + ((random[4 * at] ?? 0) & 31)) & 255;
    points[4 * at + 1] =
      (128 + 90 * Math.sin(x / 17) * Math.cos(y / 23) + ((random[4 * at + 1] ?? 0) & 15)) & 255;
    points[4 * at + 2] = (y + ((random[4 * at + 2] ?? 0) & 7)) & 255;
    points[4 * at + 3] = x < 250 ? 255 : (x + y) & 255;
  }
  const head = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  return Buffer.concat([Buffer.from(head), points]);
}

function made(...options: readonly string[]): Buffer {
  const path = join(folder, 'made.webp');
  execFileSync('cwebp', ['-quiet', ...options, join(folder, 'picture.pam'), '-o', path]);
  return readFileSync(path);
}

async function shape(bytes: Buffer): Promise<Shape | undefined> {
  return (await new StructureCheck('image/webp').close(new MemorySource(bytes), null))?.is;
}

function everyOther(bytes: Buffer, step: number): Buffer {
  const out = Buffer.from(bytes);
  const locked = createCipheriv('aes-256-ctr', Buffer.alloc(32, 9), Buffer.alloc(16)).update(bytes);
  for (let at = step; at < out.length; at += 2 * step) locked.copy(out, at, at, at + step);
  return out;
}

test.each([
  ['lossy', ['-q', '85']],
  ['lossy, in four segments, at its best', ['-q', '95', '-segments', '4', '-m', '6']],
  ['lossy, without transparency', ['-q', '75', '-noalpha']],
  ['lossy, transparency as it is', ['-q', '75', '-alpha_method', '0']],
  ['lossless', ['-lossless', '-z', '6']],
  ['lossless, few colours', ['-lossless', '-near_lossless', '20']],
  ['lossless, without transparency', ['-lossless', '-noalpha', '-z', '9']],
])(
  'a %s WebP picture decodes, and no more when every other 4 KiB of it are encrypted',
  async (_name, options) => {
    const bytes = made(...options);
    expect(bytes.length).toBeGreaterThan(20_000);
    expect(await shape(bytes)).toBe('holds');
    expect(await shape(everyOther(bytes, 4096))).toBe('broken');
    expect(await shape(bytes.subarray(0, bytes.length - 1000))).toBe('cut');
  },
);

test('any bytes behind the beginning of a WebP picture end in an answer', async () => {
  const bytes = made('-q', '30');
  for (let at = 12; at < 400; at += 7) {
    const broken = Buffer.from(bytes);
    broken[at] = (broken[at] ?? 0) ^ 0xff;
    expect(['holds', 'broken', 'cut', undefined]).toContain(await shape(broken));
  }
});
