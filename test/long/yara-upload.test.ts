import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { yaraScanReply } from '../../src/contracts/index.ts';
import { descendants, peakOf } from '../kit/process-cost.ts';
import { startProgram, type Program } from '../kit/yara/program.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from '../kit/yara/rule-folder.ts';

// Uploads of 5 GB through the yara-scanner: 5 GB of scratch, some minutes.
const MIB = 1024 * 1024;
/** 5 GB and a bit. */
const PIECES = 4769;

let rules: RuleFolder;
let home: string;
let service: Program;
beforeAll(async () => {
  rules = ruleFolder({ 'needle.yar': NEEDLE_RULE });
  home = mkdtempSync('/tmp/backuplens-upload-');
  service = await startProgram({ YARA_RULES_DIR: rules.path, TMPDIR: home }, ['--engines=1']);
});
afterAll(async () => {
  await service.stop();
  rules.remove();
  rmSync(home, { recursive: true });
});

/** So many MiB, the needle at their end. `head` and `tail` make a form of them. */
function* uploaded(pieces: number, head: string, tail: string): Generator<Buffer> {
  if (head !== '') yield Buffer.from(head);
  const piece = Buffer.alloc(MIB, 'x');
  for (let n = 1; n < pieces; n++) yield piece;
  const last = Buffer.alloc(MIB, 'x');
  last.write(NEEDLE, MIB - NEEDLE.length);
  yield last;
  if (tail !== '') yield Buffer.from(tail);
}

async function send(pieces: number, form: boolean): Promise<Response> {
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="large"\r\n\r\n';
  const body = form ? uploaded(pieces, head, '\r\n--b--\r\n') : uploaded(pieces, '', '');
  const type = form ? 'multipart/form-data; boundary=b' : 'application/octet-stream';
  return fetch(`${service.url}/scan`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: ReadableStream.from(body),
    duplex: 'half',
  });
}

const processes = (): number[] => [service.pid, ...descendants(service.pid)];

test.each([
  ['a form', true],
  ['bytes', false],
])('5 GB sent as %s are scanned to their end in the memory of 70 MiB', async (_name, form) => {
  expect((await send(70, form)).status).toBe(200);
  const before = peakOf(processes());
  const started = performance.now();
  const response = await send(PIECES, form);
  const { matches } = yaraScanReply.parse(await response.json());
  expect(matches[0]?.strings).toMatchObject([{ offset: PIECES * MIB - NEEDLE.length }]);
  const after = peakOf(processes());
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `5 GB as ${form ? 'a form' : 'bytes'}: ${seconds.toFixed(0)} s, peak ${before.toFixed(0)} MiB before, ${after.toFixed(0)} after\n`,
  );
  expect(after - before).toBeLessThan(64);
});
