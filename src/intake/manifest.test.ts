import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Manifest } from './index.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const file = (text: string) => ({ type: 'file', size: text.length, sha256: sha(text) }) as const;
const ROOT = Buffer.from('/set');

function hashOf(entries: Readonly<Record<string, Parameters<Manifest['add']>[1]>>): string | null {
  const manifest = new Manifest(ROOT);
  for (const [name, entry] of Object.entries(entries)) manifest.add(Buffer.from(`/set/${name}`), entry);
  return manifest.close();
}

test('is the SHA-256 of what docs/store.md says, so that anybody can compute it', () => {
  const inner = sha(`f 1 ${sha('x')} 1:b\n`);
  const expected = sha(`f 3 ${sha('abc')} 5:a.txt\nd ${inner} 3:sub\nl ${sha('to')} 1:z\n`);
  const link = { type: 'link', target: Buffer.from('to') } as const;
  expect(hashOf({ 'a.txt': file('abc'), 'sub/b': file('x'), z: link })).toBe(expected);
  // The entries of one folder may come in any order.
  expect(hashOf({ z: link, 'sub/b': file('x'), 'a.txt': file('abc') })).toBe(expected);
});

test('is another one for every change: a name, a place, a content, a link, one more or one less', () => {
  const base = { a: file('1'), 'b/c': file('2') };
  const all = [
    base,
    { A: file('1'), 'b/c': file('2') },
    { a: file('1'), 'b/d': file('2') },
    { a: file('1'), bc: file('2') },
    { a: file('2'), 'b/c': file('1') },
    { a: file('1') },
    { ...base, d: file('') },
    { ...base, d: { type: 'link', target: Buffer.from('a') } as const },
    { ...base, d: { type: 'link', target: Buffer.from('b') } as const },
    { ...base, d: { type: 'other', kind: 'fifo' } as const },
  ].map(hashOf);
  expect(new Set(all).size).toBe(all.length);
});

test('there is none while of one file nobody knows the content', () => {
  expect(hashOf({ a: file('1'), b: { type: 'file', size: 1, sha256: null } })).toBeNull();
});
