import { createCipheriv, createHash } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';

/**
 * Content of every usual kind that no rule about something bad has a reason to be found in, the same on every
 * machine: what `rules check` tries and times rules on.
 */
export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

const SAMPLE_BYTES = 48 * 1024;

const WORDS = (
  'the of and to in is that for it as with was on be by this are from or an at which not have were has but been all ' +
  'their one can more when will other about time first people some could them than only its new over also after two ' +
  'report invoice customer address order value total number date name file folder backup restore server service error'
).split(' ');

export function neutralCorpus(): readonly Sample[] {
  const random = numbers();
  const lines = (line: () => string): Buffer => {
    const parts: string[] = [];
    for (let size = 0; size < SAMPLE_BYTES; size += parts.at(-1)?.length ?? 1) parts.push(`${line()}\n`);
    return Buffer.from(parts.join('')).subarray(0, SAMPLE_BYTES);
  };
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? '';
  const words = (count: number): string => Array.from({ length: count }, word).join(' ');
  const figure = (below: number): number => Math.floor(random() * below);
  const noise = cipher('noise');
  const prose = lines(() => words(12));
  const program = lines(
    () => `  if (${word()}(${word()}, ${figure(100)}) != NULL) { return ${word()}_${word()}; }`,
  );
  const records = Buffer.from(noise.map((byte, at) => ((at & 7) > 2 ? byte & 0x0f : byte)));
  const samples: Readonly<Record<string, Buffer>> = {
    prose,
    'source code': program,
    'a script': lines(() => `${word()}=$(${word()} --${word()} "$${word()}" | sort -u) || exit ${figure(3)}`),
    HTML: lines(() => `<div class="${word()}"><a href="https://example.com/${word()}">${words(4)}</a></div>`),
    JSON: lines(
      () => `{"${word()}": ${figure(1e6)}, "${word()}": "${words(3)}", "${word()}": [true, null]},`,
    ),
    XML: lines(() => `<${word()} id="${figure(1e4)}"><value>${words(3)}</value></${word()}>`),
    CSV: lines(() => `${figure(1e5)},"${words(2)}",${word()}@example.com,${figure(1e4) / 100},2026-11-28`),
    'a log': lines(
      () => `2026-11-28T10:00:${figure(60)}Z ${word()}[${figure(1e4)}]: 192.0.2.${figure(256)} ${words(5)}`,
    ),
    SQL: lines(() => `INSERT INTO ${word()} VALUES (${figure(1e6)}, '${words(3)}', NULL, ${figure(100)});`),
    mail: lines(() => `> ${words(9)}\r\nSubject: ${words(4)}\r\nTo: <${word()}@example.com>\r`),
    base64: lines(() => Buffer.from(words(9)).toString('base64')),
    hexadecimal: lines(() => createHash('sha256').update(word()).digest('hex')),
    'text in UTF-16': Buffer.from(prose.toString('latin1').slice(0, SAMPLE_BYTES / 2), 'utf16le'),
    zeros: Buffer.alloc(SAMPLE_BYTES),
    noise,
    records,
    'a gzip file': gzipSync(lines(() => words(figure(30)))),
    'a zip file': zip(program),
    'a picture': Buffer.concat([PNG_HEAD, noise.subarray(PNG_HEAD.length)]),
    'a document': Buffer.concat([Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'), records]),
  };
  return Object.entries(samples).map(([name, bytes]) => ({ name, bytes }));
}

const PNG_HEAD = Buffer.from('89504e470d0a1a0a0000000d4948445200000100000001000806000000', 'hex');

/** A local header and deflated bytes (APPNOTE 4.3.7): nobody has to open it. */
function zip(content: Buffer): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(8, 8);
  head.writeUInt16LE(5, 26);
  return Buffer.concat([head, Buffer.from('a.txt'), deflateRawSync(content)]);
}

function cipher(key: string): Buffer {
  const bytes = createHash('sha256').update(key).digest();
  return createCipheriv('aes-256-ctr', bytes, Buffer.alloc(16)).update(Buffer.alloc(SAMPLE_BYTES));
}

/** From 0 up to 1, out of a cipher's stream: the same everywhere. */
function numbers(): () => number {
  const stream = cipher('numbers');
  let at = 0;
  return () => {
    const value = stream.readUInt32LE(at);
    at = (at + 4) % stream.length;
    return value / 2 ** 32;
  };
}
