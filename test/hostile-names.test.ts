// needs: squashfs-tools

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linksInCpio, linksInSquashfs, linksInTar, linksInZip } from './kit/hostile/links.ts';
import { namedCpio, namedSevenZip, namedTar, namedZip, nastyNames } from './kit/hostile/named.ts';
import { Sandbox } from './kit/hostile/sandbox.ts';

// Names and links are data: they appear in the report and in no path, and nothing is ever made of them.

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
});
afterAll(() => box.remove());

const NAMED = [
  { format: 'tar', make: namedTar, cleaned: false },
  { format: 'zip', make: namedZip, cleaned: false },
  { format: 'cpio', make: namedCpio, cleaned: true },
  { format: '7z', make: namedSevenZip, cleaned: true },
] as const;

/** 7-Zip gives two of them in another form. */
function asCleaned(name: string): string {
  return name === '..' ? '_' : name.replaceAll('//', '/');
}

describe.each(NAMED)('every name that hurts, in a $format', ({ format, make, cleaned }) => {
  test('stands in the trail of its own member, and is a path nowhere', async () => {
    const all = nastyNames(join(box.folder, 'landed'));
    const form = cleaned ? asCleaned : String;
    const told: string[] = [];
    const expected: string[] = [];
    let traversals = 0;
    // A report keeps a hundred of what is exactly the same.
    for (let from = 0; from < all.length; from += 60) {
      const { bytes, trails } = make(all.slice(from, from + 60));
      const { code, result, left, strays } = await box.scan(`names-${from}.${format}`, bytes);
      const members = result.findings.filter(
        ({ kind, trail }) => kind === 'yara_match' && trail.length === 2,
      );
      told.push(...members.map(({ trail }) => form(trail[1] ?? '')));
      expected.push(...trails.map(form));
      traversals += result.findings.filter(({ rule }) => rule === 'path-traversal').length;
      expect([code, left, strays]).toEqual([1, [], []]);
    }
    expect(told.toSorted()).toEqual(expected.toSorted());
    expect(traversals).toBeGreaterThanOrEqual(4);
  });

  test('reaches no terminal raw', async () => {
    const text = await box.text(`names.${format}`, make(nastyNames('/landed')).bytes);
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    expect(text).toContain('\\x1b');
  });
});

const LINKED = [
  { format: 'tar', make: linksInTar, facts: { links: 3, outward_links: 3, devices: 3 }, through: true },
  { format: 'zip', make: linksInZip, facts: { links: 3, outward_links: 2, devices: 4 }, through: true },
  { format: 'cpio', make: linksInCpio, facts: { links: 3, outward_links: 2 }, through: true },
  { format: 'squashfs', make: linksInSquashfs, facts: { links: 3, outward_links: 2 }, through: false },
] as const;

test.each(LINKED)(
  'links and devices in a $format are told and never made, and what is written through a link is a finding',
  async ({ format, make, facts, through }) => {
    const { result, left, strays } = await box.scan(
      `links.${format}`,
      make(join(box.folder, 'a/b'), box.workshop),
    );
    const rules = result.findings.map(({ rule, trail }) => `${rule} ${trail.slice(1).join()}`);
    const file = through ? 'out/evil.txt' : 'evil.txt';
    expect(rules).toContain(`BackupLens_Test_Marker ${file}`);
    expect(rules.includes('write-through-link out/evil.txt')).toBe(through);
    const measured = Object.fromEntries(result.measurements.map(({ name, value }) => [name, value]));
    expect(measured).toMatchObject(facts);
    expect([left, strays]).toEqual([[], []]);
  },
);
