// needs: 7zip libgsf-bin wixl clamav-testfiles

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { oleBytes, type OleEntry } from './kit/archives/ole-bytes.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { vbaStreams } from './kit/archives/vba-bytes.ts';

const TESTFILES = '/usr/share/clamav-testfiles';
const MACRO = `Attribute VB_Name = "Module1"\r\nSub AutoOpen()\r\n  Shell "cmd /c marker"\r\nEnd Sub\r\n`;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

function textOf({ members }: Unpacked, name: string): string | undefined {
  return members.find((member) => member.name === name)?.text;
}

function hashesOf(members: Unpacked['members']): Record<string, string> {
  return Object.fromEntries(members.map(({ name, sha256: hash }) => [name, hash]));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What 7-Zip finds in a compound file, by name. It writes control characters as [5]. */
function bySevenZip(folder: string, file: string): Record<string, string> {
  const listed = tool(folder, '7zz', ['l', '-slt', '-tCompound', file]).toString();
  const paths = [...listed.matchAll(/^Path = (.+)\nSize = \d/gm)].map((match) => match[1]!);
  return Object.fromEntries(
    paths.map((path) => [
      path.replace(/\[(\d)\]/, (_, digit: string) => String.fromCharCode(Number(digit))),
      sha256(tool(folder, '7zz', ['x', '-so', '-tCompound', file, path])),
    ]),
  );
}

const WXS = `<?xml version="1.0"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="*" UpgradeCode="12345678-1234-1234-1234-111111111111" Name="M" Version="1.0" Manufacturer="X" Language="1033">
    <Package InstallerVersion="200" Compressed="yes" Comments="c"/>
    <Media Id="1" Cabinet="product.cab" EmbedCab="yes"/>
    <Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="ProgramFilesFolder"><Directory Id="D" Name="M">
      <Component Id="A" Guid="12345678-1234-1234-1234-222222222222"><File Id="F" Source="marker.txt"/></Component>
    </Directory></Directory></Directory>
    <Feature Id="Default" Level="1"><ComponentRef Id="A"/></Feature>
  </Product>
</Wix>`;

function noise(size: number, seed: number): Buffer {
  const parts = Array.from({ length: Math.ceil(size / 64) }, (_, i) =>
    createHash('sha512').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(parts).subarray(0, size);
}

describe('compound files', () => {
  const ENTRIES: readonly OleEntry[] = [
    { path: '\x05SummaryInformation', content: noise(300, 1) },
    { path: 'WordDocument', content: noise(20_000, 2) },
    { path: 'empty', content: Buffer.alloc(0) },
    { path: 'ObjectPool/_1/\x01Ole', content: noise(20, 3) },
    { path: 'ObjectPool/_1/Contents', content: noise(4096, 4) },
    { path: 'ObjectPool/_2/Contents', content: noise(4095, 5) },
  ];

  test.each([512, 4096] as const)(
    'with sectors of %i bytes, every stream comes out whole',
    async (sector) => {
      const { bytes } = oleBytes(ENTRIES, sector);
      const { members, gaps, unsafe } = await unpack('ole', bytes, scratch);
      expect(gaps).toEqual([]);
      expect(unsafe).toEqual([]);
      const expected = ENTRIES.map(({ path, content }) => [path, sha256(content!)]);
      expect(hashesOf(members)).toEqual(Object.fromEntries(expected));
    },
  );

  test('7-Zip finds the same streams with the same bytes', async () => {
    const folder = join(scratch.path, 'seven');
    mkdirSync(folder);
    const files = ENTRIES.filter(({ content }) => content!.length > 0);
    writeFileSync(join(folder, 'a.ole'), oleBytes(files).bytes);
    const { members } = await unpack('ole', readFileSync(join(folder, 'a.ole')), scratch);
    const theirs = bySevenZip(folder, 'a.ole');
    expect(hashesOf(members)).toEqual(theirs);
    expect(Object.keys(theirs)).toHaveLength(files.length);
  });

  test('an installer that WiX made shows its tables by name and its cabinet, as 7-Zip does', async () => {
    const folder = join(scratch.path, 'msi');
    mkdirSync(folder);
    writeFileSync(join(folder, 'marker.txt'), noise(100_000, 12));
    writeFileSync(join(folder, 'a.wxs'), WXS);
    tool(folder, 'wixl', ['-o', 'a.msi', 'a.wxs']);
    const { members, gaps } = await unpack('ole', readFileSync(join(folder, 'a.msi')), scratch);
    expect(gaps).toEqual([]);
    expect(hashesOf(members)).toEqual(bySevenZip(folder, 'a.msi'));
    expect(members.find(({ name }) => name === 'product.cab')?.text).toMatch(/^MSCF/);
    expect(members.map(({ name }) => name)).toContain('!_StringData');
  });

  test('what libgsf writes comes out whole, also with more allocation table than the header lists', async () => {
    const folder = join(scratch.path, 'gsf');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    const large = noise(7_300_000, 6);
    writeFileSync(join(folder, 'large'), large);
    writeFileSync(join(folder, 'sub', 'small'), noise(100, 7));
    tool(folder, 'gsf', ['createole', 'a.ole', 'large', 'sub']);
    const { members, gaps } = await unpack('ole', readFileSync(join(folder, 'a.ole')), scratch);
    expect(gaps).toEqual([]);
    expect(hashesOf(members)).toEqual({ large: sha256(large), 'sub/small': sha256(noise(100, 7)) });
  });

  test('streams and storages that no entry leads to are examined', async () => {
    const { bytes } = oleBytes([
      { path: 'seen', content: Buffer.from('seen') },
      { path: 'hidden', content: Buffer.from('a hidden stream'), orphan: true },
      { path: 'folder', orphan: true },
      { path: 'folder/inner', content: Buffer.from('in a hidden storage') },
    ]);
    const { members, gaps } = await unpack('ole', bytes, scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name, text }) => [name, text])).toEqual([
      ['seen', 'seen'],
      ['(orphans)/folder/inner', 'in a hidden storage'],
      ['(orphans)/hidden', 'a hidden stream'],
    ]);
  });

  test('what stands in sectors and ends of sectors that no stream owns is examined', async () => {
    const file = oleBytes([{ path: 'stream', content: noise(5000, 8) }]);
    const bytes = Buffer.concat([file.bytes, Buffer.from('behind the last sector')]);
    bytes.write('in the slack', 512 + 5000 + 7);
    const { members, gaps } = await unpack('ole', bytes, scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ text }) => text.replaceAll('\0', ''))).toEqual([
      noise(5000, 8).toString('latin1').slice(0, 4096).replaceAll('\0', ''),
      'in the slack',
      'behind the last sector',
    ]);
  });

  test('names that Windows Installer packs are shown as it shows them, others stay data', async () => {
    const packed = '\u4840\u3b3f\u43f2\u4438\u45b1';
    const { bytes } = oleBytes([
      { path: packed, content: Buffer.from('a table') },
      { path: '\u4e2d\u6587', content: Buffer.from('a Chinese name') },
    ]);
    const { members } = await unpack('ole', bytes, scratch);
    expect(members.map(({ name }) => name)).toEqual(['\u4e2d\u6587', '!_Columns']);
  });
});

describe('VBA', () => {
  const STREAMS = vbaStreams('Macros/VBA', [
    { name: 'Module1', source: MACRO },
    { name: 'ThisDocument', source: `Attribute VB_Name = "ThisDocument"\r\n${"' x\r\n".repeat(3000)}` },
  ]);

  test('the source of each module is a member beside its stream', async () => {
    const found = await unpack('ole', oleBytes(STREAMS).bytes, scratch);
    expect(found.gaps).toEqual([]);
    expect(textOf(found, 'Macros/VBA/Module1/(VBA source)')).toBe(MACRO);
    const long = found.members.find(({ name }) => name === 'Macros/VBA/ThisDocument/(VBA source)');
    expect(long?.size).toBe(36 + 5 * 3000);
    expect(found.members.filter(({ name }) => name.includes('VBA source at'))).toEqual([]);
  });

  test('the source is found although the stream dir is damaged, or names another place', async () => {
    for (const change of [(dir: Buffer) => dir.fill(0xee), (dir: Buffer) => dir.subarray(0, 3).fill(0)]) {
      const streams = STREAMS.map(({ path, content }) => ({ path, content: Buffer.from(content) }));
      change(streams.find(({ path }) => path.endsWith('/dir'))!.content);
      const found = await unpack('ole', oleBytes(streams).bytes, scratch);
      expect(textOf(found, 'Macros/VBA/Module1/(VBA source at 32)')).toBe(MACRO);
    }
    const moved = vbaStreams('VBA', [{ name: 'Module1', source: MACRO }], 40);
    const wrong = [...STREAMS.slice(0, 2), moved[2]!].map(({ path, content }) => ({
      path: path.replace('Macros/', ''),
      content,
    }));
    const found = await unpack('ole', oleBytes(wrong).bytes, scratch);
    expect(textOf(found, 'VBA/Module1/(VBA source at 40)')).toBe(MACRO);
  });

  test('compiled code without source gives no source, and is examined as it is', async () => {
    const stomped = STREAMS.map(({ path, content }) =>
      path.endsWith('Module1') ? { path, content: noise(3000, 9) } : { path, content },
    );
    const found = await unpack('ole', oleBytes(stomped).bytes, scratch);
    expect(found.members.filter(({ name }) => name.startsWith('Macros/VBA/Module1'))).toHaveLength(1);
    expect(found.gaps).toEqual([]);
  });

  test('a presentation keeps its project compressed in its own stream', async () => {
    const project = oleBytes(vbaStreams('VBA', [{ name: 'Module1', source: MACRO }])).bytes;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(project.length);
    const packed = Buffer.concat([size, deflateSync(project)]);
    const atoms = [atom(0, 1000, Buffer.alloc(200)), atom(0x10, 0x1011, packed), atom(0, 0x1011, project)];
    const content = Buffer.concat([atom(0xf, 1000, Buffer.alloc(5)), ...atoms]);
    const { bytes } = oleBytes([{ path: 'PowerPoint Document', content }]);
    const found = await unpack('ole', bytes, scratch);
    expect(found.gaps).toEqual([]);
    const objects = found.members.slice(1);
    expect(objects.map(({ name }) => name)).toEqual([
      'PowerPoint Document/(object 1)',
      'PowerPoint Document/(object 2)',
    ]);
    expect(objects.map(({ sha256: hash }) => hash)).toEqual([sha256(project), sha256(project)]);
  });

  test('an object that another one is put around is found as well', async () => {
    const project = oleBytes(vbaStreams('VBA', [{ name: 'Module1', source: MACRO }])).bytes;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(project.length);
    const real = atom(0x10, 0x1011, Buffer.concat([size, deflateSync(project)]));
    const stored = atom(0x10, 0x1011, Buffer.concat([size, deflateSync(real, { level: 0 })]));
    const decoy = atom(0, 0x1011, Buffer.concat([project.subarray(0, 8), stored]));
    const { bytes } = oleBytes([{ path: 'PowerPoint Document', content: decoy }]);
    const { members } = await unpack('ole', bytes, scratch);
    expect(members.filter(({ name }) => name.includes('object'))).toHaveLength(3);
    expect(members.map(({ sha256: hash }) => hash)).toContain(sha256(project));
  });
});

function atom(version: number, type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(version);
  head.writeUInt16LE(type, 2);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

describe('messages of Outlook', () => {
  test('attachments have their own names, also in messages within messages, and the body is unpacked', async () => {
    // The example of [MS-OXRTFCP] 4.1.
    const body =
      '2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232' +
      '0af32068656c090020627705b06c647d0a800fa0';
    const rtf = Buffer.from(body, 'hex');
    const inner = '__attach_version1.0_#00000001/__substg1.0_3701000D';
    const { bytes } = oleBytes([
      { path: '__properties_version1.0', content: Buffer.alloc(40) },
      { path: '__substg1.0_10090102', content: rtf },
      { path: '__attach_version1.0_#00000000/__substg1.0_37010102', content: Buffer.from('MZ program') },
      { path: '__attach_version1.0_#00000000/__substg1.0_3704001F', content: wide('INVOIC~1.EXE') },
      { path: '__attach_version1.0_#00000000/__substg1.0_3707001F', content: wide('invoice.pdf.exe') },
      { path: `${inner}/__attach_version1.0_#00000000/__substg1.0_37010102`, content: Buffer.from('deep') },
      { path: `${inner}/__attach_version1.0_#00000000/__substg1.0_3707001E`, content: Buffer.from('a.bin') },
    ]);
    const found = await unpack('ole', bytes, scratch);
    expect(found.gaps).toEqual([]);
    expect(textOf(found, '__attach_version1.0_#00000000/invoice.pdf.exe')).toBe('MZ program');
    expect(textOf(found, `${inner}/__attach_version1.0_#00000000/a.bin`)).toBe('deep');
    expect(textOf(found, '__substg1.0_10090102/(RTF body)')).toBe(
      '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
    );
  });
});

describe("ClamAV's test files", () => {
  const EXE = sha256(readFileSync(join(TESTFILES, 'clam.exe')));

  test.each([
    ['clam.ole.doc', 'ole'],
    ['clam.exe.rtf', 'rtf'],
  ] as const)('the program in %s is reached', async (name, format) => {
    const { members, gaps } = await unpack(format, readFileSync(join(TESTFILES, name)), scratch);
    expect(members.map(({ sha256: hash }) => hash)).toContain(EXE);
    expect(gaps).toEqual([]);
  });

  test('the program in clam.ppt is reached through the object in its stream', async () => {
    const outer = await unpack('ole', readFileSync(join(TESTFILES, 'clam.ppt')), scratch);
    expect(outer.gaps).toEqual([]);
    const object = outer.members.find(({ name }) => name.endsWith('(object 1)'));
    const { members } = await unpack('ole', Buffer.from(object?.text ?? '', 'latin1'), scratch);
    expect(members.map(({ sha256: hash }) => hash)).toContain(EXE);
  });
});
