/**
 * Makes `samples/` by code, scans it with the program as a user would, and checks every decision: what `make scan`
 * without FILES does. Nothing in it is malware: the marker is our own (yara-rules/test-marker.yar).
 */
import { spawnSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { default as sevenZipModule } from '7z-wasm';
import type { Decision } from '../src/domain/index.ts';
import { MARKER } from '../test/kit/marker.ts';
import { NOTES } from '../test/kit/ransom-notes.ts';
import { tarOf } from '../test/kit/trees.ts';

const ROOT = join(import.meta.dirname, '..');
const SAMPLES = join(ROOT, 'samples');

/** Bytes that look like a cipher's output, the same on every machine. */
function noise(length: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

async function zip(members: Record<string, string | Buffer>, password?: string): Promise<Buffer> {
  const sevenZip = await sevenZipModule.default({ print: () => undefined });
  for (const [name, content] of Object.entries(members)) sevenZip.FS.writeFile(name, content);
  sevenZip.callMain([
    'a',
    '-tzip',
    ...(password === undefined ? [] : [`-p${password}`]),
    'out.zip',
    ...Object.keys(members),
  ]);
  return Buffer.from(sevenZip.FS.readFile('out.zip'));
}

/** A bomb in miniature: a directory that names the same compressed bytes again and again. */
async function overlapping(): Promise<Buffer> {
  const plain = await zip({ a: Buffer.alloc(100_000) });
  const end = plain.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const start = plain.readUInt32LE(end + 16);
  const entry = plain.subarray(start, end);
  const copies = Array.from({ length: 50 }, (_, at) => {
    const copy = Buffer.from(entry);
    copy[46] = 0x41 + at; // The name's only letter.
    return copy;
  });
  const tail = Buffer.from(plain.subarray(end));
  tail.writeUInt16LE(copies.length, 8);
  tail.writeUInt16LE(copies.length, 10);
  tail.writeUInt32LE(entry.length * copies.length, 12);
  return Buffer.concat([plain.subarray(0, start), ...copies, tail]);
}

interface Sample {
  readonly content: Buffer;
  readonly decision: Decision;
  /** A word that must stand among its findings or gaps; null: there must be no finding. */
  readonly because: string | null;
}

async function samples(): Promise<Record<string, Sample>> {
  const invoices = Array.from(
    { length: 400 },
    (_, at) => `${at};2026-01-${(at % 28) + 1};${at * 37}.00\n`,
  ).join('');
  const dump = `-- MySQL dump\nCREATE TABLE invoices (id INT, day DATE, total DECIMAL(10,2));\n`;
  const inner = await zip({ 'readme.txt': 'Quarterly figures.\n', 'cleanup.txt': `notes ${MARKER}\n` });
  const approve = { decision: 'auto_approve', because: null } as const;
  return {
    'clean/invoices.csv': { ...approve, content: Buffer.from(invoices) },
    'clean/dump.sql.gz': { ...approve, content: gzipSync(dump + invoices) },
    'clean/home.tar.gz': {
      ...approve,
      content: gzipSync(await tarOf({ 'home/a/notes.txt': 'Buy milk.\n', 'home/a/data.csv': invoices })),
    },
    'archives/nightly.tar.gz': {
      content: gzipSync(await tarOf({ 'etc/hosts': '127.0.0.1 localhost\n', 'var/upload/inner.zip': inner })),
      decision: 'quarantine',
      because: 'yara_match',
    },
    'archives/bomb.zip': { content: await overlapping(), decision: 'quarantine', because: 'unsafe_archive' },
    'archives/locked.zip': {
      content: await zip({ 'salaries.csv': invoices }, 'correct horse'),
      decision: 'manual_review',
      because: 'encrypted',
    },
    'documents/report.docx': {
      content: noise(60_000, 'docx'),
      decision: 'manual_review',
      because: 'encryption_suspected',
    },
    'documents/HOW_TO_DECRYPT_FILES.txt': {
      content: Buffer.from(NOTES[0]?.text ?? ''),
      decision: 'manual_review',
      because: 'ransom_note',
    },
    'documents/holiday.jpg': {
      content: await zip({ 'a.txt': 'This is a zip.\n' }),
      decision: 'auto_approve',
      because: 'mime_mismatch',
    },
  };
}

function make(all: Record<string, Sample>): void {
  rmSync(SAMPLES, { recursive: true, force: true });
  for (const [path, { content }] of Object.entries(all)) {
    mkdirSync(join(SAMPLES, dirname(path)), { recursive: true });
    writeFileSync(join(SAMPLES, path), content);
  }
}

interface Reported {
  results: { path: string; decision: string; findings: { kind: string }[]; gaps: { reason: string }[] }[];
}

/** Says what is not as expected; an empty list is success. */
function check(all: Record<string, Sample>, report: Reported): string[] {
  return Object.entries(all).flatMap(([path, { decision, because }]) => {
    const result = report.results.find((one) => one.path === `samples/${path}`);
    if (result === undefined) return [`${path}: not in the report`];
    const words = [...result.findings.map(({ kind }) => kind), ...result.gaps.map(({ reason }) => reason)];
    const wrong = because === null ? result.findings.length > 0 : !words.includes(because);
    const complaints: string[] = [];
    if (result.decision !== decision) complaints.push(`${path}: ${result.decision}, expected ${decision}`);
    if (wrong)
      complaints.push(`${path}: ${words.join(', ') || 'nothing'} found, expected ${because ?? 'no finding'}`);
    return complaints;
  });
}

function scan(args: readonly string[], output: 'inherit' | 'ignore'): number | null {
  const program = join(ROOT, 'bin/backuplens');
  return spawnSync(program, ['scan', ...args, 'samples'], { cwd: ROOT, stdio: ['ignore', output, 'inherit'] })
    .status;
}

const all = await samples();
make(all);
const folder = mkdtempSync(join(tmpdir(), 'samples-'));
try {
  const code = scan([], 'inherit');
  const file = join(folder, 'report.json');
  scan(['--format', 'json', '--output', file], 'ignore');
  const report: Reported = JSON.parse(readFileSync(file, 'utf8'));
  const complaints = check(all, report);
  if (code !== 1) complaints.push(`exit code ${code}, expected 1: there is something to quarantine`);
  for (const complaint of complaints) process.stdout.write(`not as expected: ${complaint}\n`);
  if (complaints.length === 0) {
    process.stdout.write(`\nAll ${Object.keys(all).length} samples were decided as expected.\n`);
  }
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
