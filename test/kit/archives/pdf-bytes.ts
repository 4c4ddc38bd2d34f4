/** One object: its dictionary or value as text, and the bytes of its stream. */
export interface PdfPiece {
  /** `null`: the next free one. */
  readonly number?: number;
  readonly text: string;
  readonly stream?: Buffer;
}

/** A document of one empty page and these objects, numbered from 10; `/Length` is added to streams without one. */
export function pdfBytes(pieces: readonly PdfPiece[], trailer = ''): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  const offsets = new Map<number, number>();
  let size = parts[0]?.length ?? 0;
  const add = (number: number, body: Buffer): void => {
    offsets.set(number, size);
    const object = Buffer.concat([Buffer.from(`${number} 0 obj\n`), body, Buffer.from('\nendobj\n')]);
    parts.push(object);
    size += object.length;
  };
  add(1, Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'));
  add(2, Buffer.from('<< /Type /Pages /Kids [3 0 R] /Count 1 >>'));
  add(3, Buffer.from('<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>'));
  for (const [index, { number, text, stream }] of pieces.entries())
    add(number ?? 10 + index, stream === undefined ? Buffer.from(text, 'latin1') : streamBody(text, stream));
  const numbers = [...offsets.keys()].toSorted((a, b) => a - b);
  const table = numbers.map(
    (number) => `${number} 1\n${String(offsets.get(number)).padStart(10, '0')} 00000 n \n`,
  );
  const root = `trailer\n<< /Size ${(numbers.at(-1) ?? 0) + 1} /Root 1 0 R ${trailer} >>\n`;
  const end = `xref\n0 1\n0000000000 65535 f \n${table.join('')}${root}startxref\n${size}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(end, 'latin1')]);
}

function streamBody(text: string, stream: Buffer): Buffer {
  const dict = text.includes('/Length') ? text : text.replace(/>>$/, `/Length ${stream.length} >>`);
  return Buffer.concat([Buffer.from(`${dict}\nstream\n`, 'latin1'), stream, Buffer.from('\nendstream')]);
}
