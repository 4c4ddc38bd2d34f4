import { oggSum } from './ogg-sum.ts';
import type { Walk } from './walk.ts';

/** RIFF (Microsoft and IBM, Multimedia Programming Interface 1.0): chunks of four letters and a length; lists hold chunks. */
export function* riff(): Walk {
  for (let first = true; ; first = false) {
    const head = yield { take: 8 };
    if (head.ended) return head.bytes.length === 0 && !first ? 'holds' : 'broken';
    const name = head.bytes.toString('latin1', 0, 4);
    // What follows the last of them is an artifact of its own.
    if (!/^R(?:IFF|F64)$/.test(name)) return first ? 'broken' : 'holds';
    let left = head.bytes.readUInt32LE(4);
    if (left === 0xffffffff) return 'holds';
    yield { take: 4 };
    left += (left & 1) - 4;
    while (left >= 8) {
      const chunk = yield { take: 8 };
      if (chunk.ended) return 'broken';
      if (!/^[\x20-\x7e]{4}$/.test(chunk.bytes.toString('latin1', 0, 4))) return 'broken';
      left -= 8;
      if (chunk.bytes.toString('latin1', 0, 4) === 'LIST') {
        yield { take: 4 };
        left -= 4;
        continue;
      }
      const length = chunk.bytes.readUInt32LE(4);
      const padded = length + (length & 1);
      if (length > left) return 'broken';
      yield { pass: Math.min(padded, left) };
      left -= padded;
    }
  }
}

/** RFC 3533: pages that begin with `OggS`, each with a table of the lengths of its segments, and a check sum. */
export function* ogg(): Walk {
  for (let pages = 0; ; pages++) {
    const head = yield { take: 27 };
    if (head.ended) return head.bytes.length === 0 && pages > 0 ? 'holds' : 'broken';
    if (head.bytes.toString('latin1', 0, 4) !== 'OggS' || head.bytes[4] !== 0) return 'broken';
    const written = head.bytes.readUInt32LE(SUM_AT);
    const count = head.bytes[26] ?? 0;
    // Over the page as it is while the sum is not known yet.
    let start = oggSum(Buffer.from(head.bytes).fill(0, SUM_AT, SUM_AT + 4), 0);
    let length = 0;
    if (count > 0) {
      const table = yield { take: count };
      if (table.ended) return 'broken';
      length = table.bytes.reduce((sum, part) => sum + part, 0);
      start = oggSum(table.bytes, start);
    }
    const { sum, ended } = yield { pass: length, sum: { start, over: oggSum } };
    if (!ended && sum !== written) return 'broken';
  }
}

/** Where in a page's head its sum stands. */
const SUM_AT = 22;

/** Chunks in a form (The BEAM Book, 7): four letters, size, data to a multiple of four. What is compressed in them has sums of its own. */
export function* beam(): Walk {
  const form = yield { take: 12 };
  if (form.ended) return 'broken';
  for (let left = form.bytes.readUInt32BE(4) - 4; left > 0;) {
    const head = yield { take: 8 };
    if (head.ended || !/^[A-Z][A-Za-z0-9]{3}$/.test(head.bytes.toString('latin1', 0, 4))) return 'broken';
    const size = head.bytes.readUInt32BE(4);
    const padded = size + ((4 - (size % 4)) % 4);
    if ((yield { pass: padded }).ended) return 'broken';
    left -= 8 + padded;
  }
  return 'holds';
}
