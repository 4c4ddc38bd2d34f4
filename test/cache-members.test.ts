// needs: clamav-daemon zip genisoimage e2fsprogs
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { knownScan, type KnownScan, type KnownScanOptions } from './kit/cache/known-scan.ts';
import { countedLine, type CountedLine } from './kit/clamd/counted-line.ts';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { MARKER } from './kit/marker.ts';
import { tarOf } from './kit/trees.ts';
import { startProgram, type Program } from './kit/yara/program.ts';

// Each starts scan workers, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const MIB = 2 ** 20;
const VIRUS = 'a harmless text that our own signature names';
/** What the contents begin with whose streams are counted. */
const MARK = 'what is counted. ';

let engines: string;
let clamd: RealClamd;
let line: CountedLine;
let yara: Program;
beforeAll(async () => {
  engines = mkdtempSync(join(tmpdir(), 'cache-members-engines-'));
  mkdirSync(join(engines, 'rules'));
  const rule = `rule Marker { strings: $a = ${JSON.stringify(MARKER)} condition: $a }\n`;
  writeFileSync(join(engines, 'rules', 'rules.yar'), rule);
  clamd = await startClamd({
    signatures: [
      { name: 'Eicar-Test', text: eicarTestString().toString() },
      { name: 'Our.Virus', text: VIRUS },
    ],
    // By it is known that its files were loaded after their last change.
    settings: { PidFile: join(engines, 'clamd.pid') },
  });
  line = await countedLine(join(engines, 'line.sock'), clamd.unix.path, MARK);
  yara = await startProgram({ YARA_RULES_DIR: join(engines, 'rules'), TMPDIR: engines }, ['--engines=1']);
});
afterAll(async () => {
  await yara.stop();
  await line.close();
  await clamd.stop();
  rmSync(engines, { recursive: true });
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-members-'));
  mkdirSync(join(root, 'in'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (name: string): string => join(root, 'in', name);

async function scanned(options: Partial<KnownScanOptions> = {}): Promise<KnownScan> {
  const daemon = { address: line.address, conf: clamd.configFile };
  return knownScan({ root, clamd: daemon, yara: yara.url ?? '', ...options });
}

/** Text of so many bytes that ends with `end`. */
function text(bytes: number, end: string): Buffer {
  const content = Buffer.alloc(bytes, MARK);
  content.write(end, bytes - end.length);
  return content;
}

const found = ({ lines }: KnownScan, name: string): string =>
  lines.find((one) => one.includes(` ${name}:`)) ?? '';

/** Put into an archive by the command line's zip, of which each is compressed. */
function zip(name: string, members: Readonly<Record<string, Buffer>>): void {
  const folder = mkdtempSync(join(root, 'zip-'));
  for (const [member, content] of Object.entries(members)) writeFileSync(join(folder, member), content);
  execFileSync('zip', ['-q', '-1', '-r', at(name), '.'], { cwd: folder });
}

describe('members above 1 MiB', () => {
  test('that are known are not sent to an engine again, in whatever archive and under whatever name they come', async () => {
    const three = text(3 * MIB, VIRUS);
    const twenty = text(20 * MIB, MARKER);
    writeFileSync(at('first.tar.gz'), gzipSync(await tarOf({ 'a.txt': three, 'b.txt': twenty })));
    const before = { ...line.counts };
    const first = await scanned();
    expect(line.counts.bytes - before.bytes).toBe(23 * MIB);
    expect(first.cache.asked).toEqual({ clamav: 4, yara: 4 });

    writeFileSync(at('second.tar.gz'), gzipSync(await tarOf({ 'x/c.txt': twenty, 'y/d.txt': three })));
    zip('third.zip', { 'e.txt': three, 'f.txt': twenty });
    // As long as one that is known, and another: it is sent.
    const other = text(3 * MIB, 'something else');
    zip('fourth.zip', { 'g.txt': other });
    const now = { ...line.counts };
    const second = await scanned();
    // Besides the new one, engines were asked of the archives themselves: a gzip, the tar in it, two zips.
    expect(second.cache).toMatchObject({
      read: 3,
      asked: { clamav: 5, yara: 5 },
      known: { clamav: 4, yara: 4 },
    });
    expect(line.counts.begun - now.begun).toBe(1);
    expect(line.counts.bytes - now.bytes).toBe(3 * MIB);
    for (const [name, virus, marked] of [
      ['second.tar.gz', 'second.tar › y/d.txt', 'second.tar › x/c.txt'],
      ['third.zip', 'e.txt', 'f.txt'],
    ] as const) {
      expect(found(second, name)).toContain(`Our.Virus.UNOFFICIAL › ${virus}`);
      expect(found(second, name)).toContain(`Marker › ${marked}`);
    }
    expect(found(second, 'fourth.zip')).toMatch(/^auto_approve .*: nothing$/);
  });

  test('are not sent again out of images of disks either, nor in an archive within an archive', async () => {
    const three = text(3 * MIB, VIRUS);
    const folder = mkdtempSync(join(root, 'tree-'));
    writeFileSync(join(folder, 'plain.txt'), three);
    writeFileSync(at('first.tar'), await tarOf({ 'a.txt': three }));
    await scanned();
    const now = { ...line.counts };
    execFileSync('genisoimage', ['-quiet', '-J', '-o', at('second.iso'), folder], { stdio: 'ignore' });
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', folder, at('third.img'), '16M'], { stdio: 'ignore' });
    writeFileSync(at('fourth.tar'), await tarOf({ 'inner.tar': await tarOf({ 'x.txt': three }) }));
    const second = await scanned();
    expect(line.counts.bytes - now.bytes).toBe(0);
    for (const [name, member] of [
      ['second.iso', 'PLAIN.TXT'],
      ['third.img', 'plain.txt'],
      ['fourth.tar', 'inner.tar › x.txt'],
    ] as const)
      expect(found(second, name)).toContain(`Our.Virus.UNOFFICIAL › ${member}`);
  });

  test('are sent again where everything is to be examined again, or another clamd judges', async () => {
    const three = text(3 * MIB, VIRUS);
    writeFileSync(at('first.tar'), await tarOf({ 'a.txt': three }));
    await scanned();
    const now = { ...line.counts };
    const fresh = await scanned({ fresh: true });
    expect(line.counts.bytes - now.bytes).toBe(3 * MIB);
    const other = await countedLine(join(root, 'other.sock'), clamd.unix.path, MARK);
    try {
      const elsewhere = await scanned({ clamd: { address: other.address, conf: clamd.configFile } });
      expect(other.counts.bytes).toBe(3 * MIB);
      // YARA is the same, and is not asked.
      expect(elsewhere.cache).toMatchObject({ asked: { clamav: 2 }, known: { yara: 2 } });
      expect(elsewhere.lines).toEqual(fresh.lines);
    } finally {
      await other.close();
    }
  });
});
