/**
 * How often names and wording are found fault with on ordinary files: `node bench/claims.ts FOLDER…`. Counts files and
 * text files, and names every finding of type-mismatch and ransom-note. Docs/detection.md has the published run.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { ransomNoteAnalyzer } from '../src/analyze/ransom-note/index.ts';
import { typeMismatchAnalyzer } from '../src/analyze/type-mismatch/index.ts';
import { loadRansomwareNames } from '../src/config/index.ts';
import { HEAD_BYTES, Identifier, TAIL_BYTES } from '../src/identify/index.ts';
import { filesBelow } from './walk-files.ts';

const analyzers = [typeMismatchAnalyzer(), ransomNoteAnalyzer({ names: loadRansomwareNames() })];
const identifier = await Identifier.create();
const signal = new AbortController().signal;

let files = 0;
let texts = 0;
const found = new Map<string, string[]>();

for (const folder of process.argv.slice(2)) {
  for (const { path, size } of filesBelow(folder)) {
    const head = part(path, 0, Math.min(size, HEAD_BYTES));
    if (head === null) continue;
    const tail =
      size > HEAD_BYTES ? part(path, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES)) : null;
    const name = basename(path);
    const type = identifier.identify({ head, tail, size, name });
    files++;
    if (type.by === 'text') texts++;
    for (const analyzer of analyzers) {
      const artifact = { id: 0, parent: null, trail: [name] as const };
      const examination = analyzer.examine({
        artifact,
        type,
        head,
        size,
        source: null,
        isPiece: false,
        signal,
      });
      if (examination === null) continue;
      // What these analyzers do with the bytes is to count them.
      await examination.write(head);
      if (size > head.length) await examination.write(Buffer.alloc(1));
      for (const { kind, rule, detail } of (await examination.end()).claims) {
        const key = `${kind} ${rule.startsWith('claims-') ? 'contradiction' : rule}`;
        const list = found.get(key) ?? [];
        list.push(`${path}: ${detail}`);
        found.set(key, list);
      }
    }
  }
}
identifier.close();

console.log(`${files} files, ${texts} of them text`);
for (const [key, list] of found) {
  console.log(`\n${key}: ${list.length} (${((list.length / files) * 100).toFixed(4)} % of files)`);
  for (const line of list.slice(0, 200)) console.log(`  ${line}`);
}

function part(path: string, position: number, length: number): Buffer | null {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(descriptor, buffer, 0, length, position));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}
