import { Damaged } from '../trouble.ts';

/** No picture that is shown is wider; a row is kept in memory. */
const MAX_ROW_BYTES = 16 * 1024 * 1024;

export interface Rows {
  readonly colours: number;
  /** Of one colour. */
  readonly bits: number;
  readonly columns: number;
}

/** Undoes PNG's row filters (PNG specification, 9.2). */
export async function* pngRows(
  chunks: AsyncIterable<Buffer>,
  { colours, bits, columns }: Rows,
): AsyncGenerator<Buffer, void, undefined> {
  const rowBytes = Math.ceil((colours * bits * columns) / 8);
  if (!(rowBytes >= 1 && rowBytes <= MAX_ROW_BYTES)) throw new Damaged(`rows of ${rowBytes} bytes`);
  const step = Math.max(1, Math.ceil((colours * bits) / 8));
  let row = Buffer.alloc(rowBytes);
  let above = Buffer.alloc(rowBytes);
  let kind = -1;
  let filled = 0;
  for await (const chunk of chunks) {
    const parts: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      if (kind < 0) {
        kind = chunk[at++] ?? 0;
        continue;
      }
      const part = chunk.subarray(at, at + rowBytes - filled);
      part.copy(row, filled);
      filled += part.length;
      at += part.length;
      if (filled < rowBytes) continue;
      undo(kind, row, above, step);
      parts.push(Buffer.from(row));
      [row, above] = [above, row];
      kind = -1;
      filled = 0;
    }
    if (parts.length > 0) yield Buffer.concat(parts);
  }
  if (filled > 0) {
    undo(kind, row.subarray(0, filled), above, step);
    yield row.subarray(0, filled);
  }
}

function undo(kind: number, row: Buffer, above: Buffer, step: number): void {
  if (kind < 1 || kind > 4) return;
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : (row[i - step] ?? 0);
    const up = above[i] ?? 0;
    row[i] = (row[i] ?? 0) + predicted(kind, left, up, i < step ? 0 : (above[i - step] ?? 0));
  }
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  if (kind === 1) return left;
  if (kind === 2) return up;
  if (kind === 3) return (left + up) >> 1;
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
